import { expectRecord, FormatError, ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { formatShape, sameShape } from "../network/shape.js";
import { checkModel, checkWeights, type Model } from "../network/weights.js";
import { describeNetwork, NETWORK_KEY, networkDifference, networkFromJson } from "./network-description.js";
import type { LeftOut } from "./onnx/imported-model.js";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "./safetensors.js";

/** A model together with what its file says about itself. */
export interface DescribedModel extends Model {
  /** Its entries of text, but for the network's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What its file ends with and the network does without: outputs are those in front of it. */
  readonly leftOut?: LeftOut;
  /** A sentence each for what the network has otherwise than its file, which whoever uses it should know. */
  readonly notes?: readonly string[];
}

/** How weights leave PyTorch together with their network. */
export const TORCH_EXPORT = 'torch.onnx.export(model.eval(), torch.zeros(1, ...shape), "model.onnx")';

/**
 * A model as one safetensors file: a tensor for each parameter, by its name and in its shape, and the network's
 * structure as JSON in the metadata. Throws a `FormatError` if weights are missing, misshapen or not finite, a `UsageError`
 * for metadata under the network's own key.
 */
export function encodeModel(model: Model, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  checkModel("encodeModel", model);
  expectRecord("encodeModel: metadata", metadata);
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
