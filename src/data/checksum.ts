import { createHash } from "node:crypto";
import type { Dataset } from "./dataset.js";

/** SHA-256 of the pixels and labels, hexadecimal: whether two data sets are the same. */
export function checksum({ pixels, labels }: Dataset): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of [pixels, labels]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}
