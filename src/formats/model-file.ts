import { createHash } from "node:crypto";
import { extname } from "node:path";
import type { Backend } from "../compute/backend.js";
import type { Stop } from "../compute/deadline.js";
import { expectText, FormatError, ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { formatShape, sameShape } from "../network/shape.js";
import { checkModel, checkWeights, type Model, type Weights } from "../network/weights.js";
import { unpackGzip } from "./gzip.js";
import { describeNetwork, NETWORK_KEY, networkDifference, networkFromJson } from "./network-description.js";
import { graphFunction } from "./onnx/check-import.js";
import type { GraphEvaluator } from "./onnx/evaluate/index.js";
import { importWithGraph } from "./onnx/import.js";
import type { LeftOut } from "./onnx/last-softmax.js";
import { readOnnxFile } from "./onnx/model-proto.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.js";
import { readFileOrExplain } from "./write-file.js";

export { NETWORK_KEY };

/** A model together with what its file says about itself. */
export interface DescribedModel extends Model {
  /** Its entries of text, but for the network's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What its file ends with and the network does without: outputs are those in front of it. */
  readonly leftOut?: LeftOut;
  /** A sentence each for what the network has otherwise than its file, which whoever uses it should know. */
  readonly notes?: readonly string[];
}

/** A model read from disk. */
export interface LoadedModel extends DescribedModel {
  /** Its file. */
  readonly path: string;
  /** Of the whole file, hexadecimal: what a certificate names its model by. */
  readonly sha256: string;
}

/**
 * A model as one safetensors file: a tensor for each parameter, by its name and in its shape, and the network's
 * structure as JSON in the metadata. Throws a `FormatError` if weights are missing, misshapen or not finite, a `UsageError`
 * for metadata under the network's own key.
 */
export function encodeModel(model: Model, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  checkModel("encodeModel", model);
  const { network, weights } = model;
  if (Object.hasOwn(metadata, NETWORK_KEY)) {
    throw new UsageError(`metadata: "${NETWORK_KEY}" is the network's own entry; take another name`);
  }
  checkWeights(network, weights, "model");
  const tensors = new Map<string, NamedTensor>();
  for (const { name, shape } of network.parameters) {
    tensors.set(name, { shape, values: weights.get(name) as Float32Array | Float64Array });
  }
  return encodeSafetensors(tensors, { ...metadata, [NETWORK_KEY]: JSON.stringify(describeNetwork(network)) });
}

/** A network that is described beside its weights' file. */
export interface ConfiguredNetwork {
  readonly network: Network;
  /** The file that describes it. */
  readonly path: string;
}

/**
 * Reads what `encodeModel` wrote: structure, shapes and weights are all checked again. Without a description of its own,
 * as when Python wrote the file again, its tensors are those of the `configured` network; with one, both must agree.
 * Throws a `FormatError` or a `ShapeError` that names `where`.
 */
export function decodeModel(
  bytes: Uint8Array,
  where: string,
  configured?: ConfiguredNetwork,
): DescribedModel {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const { [NETWORK_KEY]: description, ...rest } = metadata;
  const network = agreedNetwork(description, where, configured);
  const weights = new Map<string, Float32Array | Float64Array>();
  for (const { name, shape } of network.parameters) {
    const tensor = tensors.get(name);
    if (!tensor) continue; // checkWeights tells which one is missing
    if (!sameShape(tensor.shape, shape)) {
      throw new ShapeError(
        `${where}: weight "${name}" has shape ${formatShape(tensor.shape)}, expected ${formatShape(shape)}`,
      );
    }
    weights.set(name, tensor.values);
  }
  checkWeights(network, weights, where);
  for (const name of tensors.keys()) {
    if (!weights.has(name))
      throw new FormatError(`${where}: tensor ${JSON.stringify(name)} belongs to no layer`);
  }
  return { network, weights, metadata: rest };
}

function agreedNetwork(
  description: string | undefined,
  where: string,
  configured: ConfiguredNetwork | undefined,
): Network {
  if (description === undefined) {
    if (configured) return configured.network;
    throw new FormatError(
      `${where}: no model: the metadata has no "${NETWORK_KEY}"; expected a file that autodual wrote, or one in a folder ` +
        `with config.json, which is then opened by the folder's name; export PyTorch weights by ${TORCH_EXPORT}`,
    );
  }
  const own = networkFromJson(description, where, `the metadata entry "${NETWORK_KEY}"`);
  const difference = configured && networkDifference(configured.network, own);
  if (difference) {
    throw new FormatError(
      `${configured.path}: expected the network that the metadata of ${where} describes, found another: ${difference} ` +
        "differs; remove the one that is wrong",
    );
  }
  return own;
}

type Decoder = (
  bytes: Uint8Array,
  where: string,
  backend: Backend | undefined,
  stop: Stop | undefined,
  output: string | undefined,
) => Promise<DescribedModel>;

/** The graphs of files by what was made of them: read once more, a file would take as much time and memory again. */
const graphs = new WeakMap<Weights, GraphEvaluator>();

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
      `${path}: expected a model file, ${[...DECODERS.keys()].join(" or ")}${mend ? `, found ${mend}` : ""}`,
    );
  }
  const bytes = await readFileOrExplain(path);
  const sha256 = sha256Of(bytes);
  const unpacked = await unpackGzip(bytes, path, LARGEST_MODEL);
  return { ...(await decode(unpacked, path, backend, stop, output)), path, sha256 };
}

const TORCH_EXPORT = 'torch.onnx.export(model.eval(), torch.zeros(1, ...shape), "model.onnx")';
const PYTORCH = `weights of PyTorch, without the network; in Python: ${TORCH_EXPORT}`;
const KERAS = "a model of Keras; in Python: tf2onnx.convert.from_keras(model, output_path='model.onnx')";

/** What other programs keep models in, and how they come from there. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ...[".pt", ".pth", ".ckpt", ".bin"].map((ending) => [ending, PYTORCH] as const),
  ...[".h5", ".keras"].map((ending) => [ending, KERAS] as const),
]);

/** `.onnx` or `.safetensors`, also of a file that gzip packed; else whatever ending there is. */
export function modelEnding(path: string): string {
  return extname(path.replace(/\.gz$/i, "")).toLowerCase();
}

/** Whether models are kept in files of that ending, here or elsewhere. */
export function isModelEnding(ending: string): boolean {
  return DECODERS.has(ending) || FOREIGN.has(ending);
}

/** Unpacked; what a typed array still holds. */
const LARGEST_MODEL = 2 ** 31;

/**
 * The graph of an ONNX file as a function in double precision, whatever network was made of it; null for other files. Of a
 * model that was read from the file, it is what the model was compared with.
 */
export async function graphOfFile(
  { path, weights }: LoadedModel,
  stop?: Stop,
): Promise<GraphEvaluator | null> {
  const known = graphs.get(weights);
  if (known) return known;
  if (modelEnding(path) !== ".onnx") return null;
  const bytes = await unpackGzip(await readFileOrExplain(path), path, LARGEST_MODEL);
  return graphFunction(readOnnxFile(bytes, path), path, stop);
}

/** Hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
