import { readFileSync } from "node:fs";
import * as z from "zod";

const packageSchema = z.object({ version: z.string() });

/** The version of this package, from its package.json: what files name their maker by. */
export function packageVersion(): string {
  // Both src/formats and dist/formats stand two folders below it.
  const path = new URL("../../package.json", import.meta.url);
  return packageSchema.parse(JSON.parse(readFileSync(path, "utf8"))).version;
}
