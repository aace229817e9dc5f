import { kindOf, UsageError } from "../errors.js";
import { type DescribedModel, decodeModel } from "../formats/model-bytes.js";
import { importCheckedOnnx } from "../formats/onnx/import-checked.js";
import { onPortable } from "./portable.js";

/** How `readModel` names the file in what it says of it. */
export interface ReadModelOptions {
  /** Default `model`. */
  readonly name?: string;
}

/**
 * A model of the bytes of a file: a safetensors file that autodual wrote, or an ONNX file, which is compared with the graph that it
 * holds. Which of the two it is its first bytes say. Throws a `UsageError` for what are no bytes, and a `FormatError`, a `ShapeError`
 * or an `UnsupportedOperatorError` for a file that cannot be taken.
 */
export async function readModel(
  bytes: Uint8Array | ArrayBuffer,
  { name = "model" }: ReadModelOptions = {},
): Promise<DescribedModel> {
  const own = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (!(own instanceof Uint8Array)) {
    throw new UsageError(
      `readModel: bytes: expected a Uint8Array or an ArrayBuffer of a model file, found ${kindOf(bytes)}`,
    );
  }
  if (isSafetensors(own)) return decodeModel(own, name);
  return onPortable((backend) => importCheckedOnnx(backend, own, name));
}

/**
 * A safetensors file begins with the length of its header, of eight bytes and less than 4 GB; the first eight of an ONNX file are full of
 * other things.
 */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && bytes.subarray(4, 8).every((byte) => byte === 0);
}
