import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { extname } from "node:path";
import type { Backend } from "../compute/backend.js";
import type { Stop } from "../compute/deadline.js";
import { expectText, UsageError } from "../errors.js";
import type { Weights } from "../network/weights.js";
import { unpackGzip } from "./gzip.js";
import { type DescribedModel, decodeModel, TORCH_EXPORT } from "./model-bytes.js";
import { graphFunction } from "./onnx/check-import.js";
import { importWithGraph } from "./onnx/import.js";
import { readOnnxFile } from "./onnx/model-proto.js";
import { LARGEST_FILE, readFileOrExplain } from "./read-file.js";

export { type ConfiguredNetwork, type DescribedModel, decodeModel, encodeModel } from "./model-bytes.js";
export { NETWORK_KEY } from "./network-description.js";

/** A model read from disk. */
export interface LoadedModel extends DescribedModel {
  /** Its file. */
  readonly path: string;
  /** Of the whole file, hexadecimal: what a certificate names its model by. */
  readonly sha256: string;
}

/** A file's graph as a function of one example, in double precision. */
export interface FileGraph {
  run(input: ArrayLike<number>, stop?: Stop): Float64Array;
}

type Decoder = (
  bytes: Uint8Array,
  where: string,
  backend: Backend | undefined,
  stop: Stop | undefined,
  output: string | undefined,
) => Promise<DescribedModel>;

/** The graphs of files by what was made of them: read once more, a file would take as much time and memory again. */
const graphs = new WeakMap<Weights, FileGraph>();

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  [
    ".safetensors",
    async (bytes, where, _backend, _stop, output) => {
      if (output !== undefined) throw new UsageError(`--output: expected with an ONNX file, found ${where}`);
      return decodeModel(bytes, where);
    },
  ],
  [
    ".onnx",
    async (bytes, where, backend, stop, output) => {
      if (!backend)
        throw new UsageError(`${where}: an ONNX file needs a backend, on which its import is checked`);
      const { model, graph } = await importWithGraph(backend, bytes, where, stop, output);
      graphs.set(model.weights, graph);
      return model;
    },
  ],
]);

/**
 * Reads a model from a `.safetensors` or an `.onnx` file, perhaps packed by gzip; a `UsageError` for any other name. What is
 * made of an ONNX file is compared with the file's graph on the backend, without which it is a `UsageError`. Throws a
 * `FormatError`, a `ShapeError` or an `UnsupportedOperatorError` for a file that cannot be taken, as `decodeModel` and
 * `importOnnx` do, and the reason of `stop`, which ends the folding of an ONNX file's constants and the comparison. `output`
 * names one of several outputs of an ONNX file.
 */
export async function loadModelFile(
  path: string,
  backend?: Backend,
  stop?: Stop,
  output?: string,
): Promise<LoadedModel> {
  expectText("loadModelFile: path", path);
  const ending = modelEnding(path);
  const decode = DECODERS.get(ending);
  if (!decode) {
    const mend = FOREIGN.get(ending);
    throw new UsageError(
      `${path}: expected a model file, ${[...DECODERS.keys()].join(" or ")}, found ${mend ?? (existsSync(path) ? "a file of another kind" : "no such file")}`,
    );
  }
  const bytes = await readFileOrExplain(path);
  const sha256 = sha256Of(bytes);
  const unpacked = await unpackGzip(bytes, path, LARGEST_FILE);
  return { ...(await decode(unpacked, path, backend, stop, output)), path, sha256 };
}

const PYTORCH = `weights of PyTorch, without the network; in Python: ${TORCH_EXPORT}`;
const KERAS = "a model of Keras; in Python: tf2onnx.convert.from_keras(model, output_path='model.onnx')";

const SKLEARN =
  "a Python object; of scikit-learn, in Python: skl2onnx.to_onnx(model, X[:1].astype(numpy.float32), options={'zipmap': False})";

/** What other programs keep models in, and how they come from there. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ...[".pt", ".pth", ".ckpt", ".bin"].map((ending) => [ending, PYTORCH] as const),
  ...[".h5", ".keras"].map((ending) => [ending, KERAS] as const),
  [
    ".tflite",
    "a model of TensorFlow Lite; in Python: python -m tf2onnx.convert --tflite model.tflite --output model.onnx",
  ],
  [
    ".pb",
    "a graph of TensorFlow; in Python: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx",
  ],
  ...[".pkl", ".pickle", ".joblib"].map((ending) => [ending, SKLEARN] as const),
]);

/** `.onnx` or `.safetensors`, also of a file that gzip packed; else whatever ending there is. */
export function modelEnding(path: string): string {
  return extname(path.replace(/\.gz$/i, "")).toLowerCase();
}

/** Whether models are kept in files of that ending, here or elsewhere. */
export function isModelEnding(ending: string): boolean {
  return DECODERS.has(ending) || FOREIGN.has(ending);
}

/**
 * The graph of an ONNX file as a function in double precision, whatever network was made of it; null for other files. Of a
 * model that was read from the file, it is what the model was compared with.
 */
export async function graphOfFile({ path, weights }: LoadedModel, stop?: Stop): Promise<FileGraph | null> {
  const known = graphs.get(weights);
  if (known) return known;
  if (modelEnding(path) !== ".onnx") return null;
  const bytes = await unpackGzip(await readFileOrExplain(path), path, LARGEST_FILE);
  return graphFunction(readOnnxFile(bytes, path), path, stop);
}

/** Hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
