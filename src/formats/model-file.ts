import { createHash } from "node:crypto";
import { extname } from "node:path";
import { FormatError, ShapeError, UsageError } from "../errors.js";
import { formatShape, sameShape } from "../network/shape.js";
import { checkWeights, type Model } from "../network/weights.js";
import { describeNetwork, networkFromDescription } from "./network-description.js";
import { importOnnx } from "./onnx/import.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.js";
import { readFileOrExplain } from "./write-file.js";

/** The metadata entry that holds the network's structure. */
export const NETWORK_KEY = "autodual.network";

/** A model together with what its file says about itself. */
export interface DescribedModel extends Model {
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model read from disk. */
export interface LoadedModel extends DescribedModel {
  readonly path: string;
  /** Of the whole file, hexadecimal: what a certificate names its model by. */
  readonly sha256: string;
}

/**
 * A model as one safetensors file: a tensor for each parameter, by its name and in its shape, and the network's
 * structure as JSON in the metadata. Throws a `FormatError` if weights are missing, misshapen or not finite.
 */
export function encodeModel(
  { network, weights }: Model,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
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

/**
 * Reads what `encodeModel` wrote: structure, shapes and weights are all checked again. Throws a `FormatError` or a
 * `ShapeError` that names `where`.
 */
export function decodeModel(bytes: Uint8Array, where: string): DescribedModel {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const { [NETWORK_KEY]: description, ...rest } = metadata;
  if (description === undefined) {
    throw new FormatError(
      `${where}: no model: the metadata has no "${NETWORK_KEY}"; a model file is one that autodual wrote`,
    );
  }
  const network = networkFromDescription(parseJson(description, where), where);
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

const DECODERS: ReadonlyMap<string, (bytes: Uint8Array, where: string) => DescribedModel> = new Map([
  [".safetensors", decodeModel],
  [".onnx", importOnnx],
]);

/** Reads a model from a `.safetensors` or an `.onnx` file; a `UsageError` for any other name. */
export async function loadModelFile(path: string): Promise<LoadedModel> {
  const decode = DECODERS.get(extname(path).toLowerCase());
  if (!decode) throw new UsageError(`${path}: expected a model file, ${[...DECODERS.keys()].join(" or ")}`);
  const bytes = await readFileOrExplain(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { ...decode(bytes, path), path, sha256 };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${where}: the metadata entry "${NETWORK_KEY}" is not JSON`);
  }
}
