import { create, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { expectRecord, UsageError } from "../../../errors.js";
import { checkModel, checkWeights, type Model } from "../../../network/weights.js";
import { describeNetwork, NETWORK_KEY } from "../../network-description.js";
import { packageVersion } from "../../package-version.js";
import { exportGraph } from "./graph.js";
import { elementTypeOf } from "./precision.js";

/** The operator set and the version of the format that files are written in. */
export const EXPORT_OPSET = 17;
const IR_VERSION = 8n;

/** Options of `exportOnnx`. */
export interface ExportOptions {
  /** What else the file is to say about itself. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the graph; `autodual` if left out. */
  readonly name?: string;
}

/**
 * A model as an ONNX file: input `input` and output `output` with an open batch, one node per layer (two for a scale with a
 * shift), weights as initializers by their names. The same model and options give the same bytes.
 *
 * Weights are kept exactly: the graph is of single precision unless a weight needs double precision, in which case all of
 * it is double (onnxruntime then has no convolution: round the weights first if it is to run them). Other numbers are
 * written in the graph's precision, and attributes (slopes, ε of batch norms) always in single precision: there the
 * graph's function differs from the network's by rounding. The network's own description is in the metadata, so that
 * `importOnnx` gives back the same layers, names and weights. Pools that are padded by their kernel or more are what the
 * standard allows and onnxruntime refuses.
 *
 * Throws a `FormatError` if weights are missing, misshapen or not finite; an `UnsupportedOperatorError` for a slope or an
 * ε that single precision cannot hold; a `UsageError` for metadata under the network's own key.
 */
export function exportOnnx(model: Model, options: ExportOptions = {}): Uint8Array {
  checkModel("exportOnnx", model);
  expectRecord("exportOnnx: options", options);
  const { metadata = {}, name = "autodual" } = options;
  expectRecord("exportOnnx: metadata", metadata);
  const { network, weights } = model;
  if (Object.hasOwn(metadata, NETWORK_KEY)) {
    throw new UsageError(`metadata: "${NETWORK_KEY}" is the network's own entry; take another name`);
  }
  checkWeights(network, weights, "model");
  const entries = { ...metadata, [NETWORK_KEY]: JSON.stringify(describeNetwork(network)) };
  const file = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: "", version: BigInt(EXPORT_OPSET) }],
    producerName: "autodual",
    producerVersion: packageVersion(),
    graph: exportGraph(model, elementTypeOf(network, weights), name),
    metadataProps: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, file);
}
