import type { Backend } from "../../compute/backend.js";
import type { Stop } from "../../compute/deadline.js";
import { importWithGraph } from "./import.js";
import type { ImportedModel } from "./imported-model.js";

/**
 * Makes a network of an ONNX file in inference mode, the batch left out, and compares it on random inputs with the file's
 * graph; the network runs on the backend. Layers take the nodes' names; weights keep the file's precision. A file that
 * autodual wrote gives back the very network that it was written of. A fixed batch of examples is read as a batch of 1 where the
 * graph takes them one by one.
 *
 * Throws, with one line that names `where` and the node: an `UnsupportedOperatorError` for operators, attributes or
 * graphs that cannot be imported; a `ShapeError` for shapes that do not fit; a `FormatError` for a file that is no ONNX
 * model, is damaged, holds weights that are not finite, or whose graph gives other outputs than the network; the reason of
 * `stop`.
 */
export async function importCheckedOnnx(
  backend: Backend,
  bytes: Uint8Array,
  where: string,
  stop?: Stop,
  output?: string,
): Promise<ImportedModel> {
  return (await importWithGraph(backend, bytes, where, stop, output)).model;
}
