import { TensorProto_DataType as DataType, type GraphProto } from "onnx-buf";
import type { Dtype } from "../../compute/backend.js";
import type { Stop } from "../../compute/deadline.js";
import { AutodualError, FormatError } from "../../errors.js";
import { sameShape } from "../../network/shape.js";
import { checkWeights, type Model } from "../../network/weights.js";
import { NETWORK_KEY, networkFromJson } from "../network-description.js";
import { decodeTensor } from "./constant.js";
import { EXPORT_OPSET } from "./export/export.js";
import { exportGraph } from "./export/graph.js";
import type { ElementType } from "./export/precision.js";
import { graphDifference } from "./graph-difference.js";
import type { ImportedModel } from "./imported-model.js";
import type { OnnxFile } from "./model-proto.js";
import { formatExtents } from "./values.js";

/**
 * The model that a file of autodual's own was written of: the network by the description in the metadata, the weights by
 * the graph's initializers. Nothing for a file without a description.
 *
 * A description is taken only if the file's graph is, node by node and number by number, what `exportOnnx` makes of it:
 * a graph that was changed later, or a description of something else, is a `FormatError` that tells the first difference. Throws the reason of `stop`.
 */
export function describedModel(file: OnnxFile, where: string, stop?: Stop): ImportedModel | undefined {
  const { [NETWORK_KEY]: text, ...metadata } = file.metadata;
  if (text === undefined) return undefined;
  const entry = `the metadata entry "${NETWORK_KEY}"`;
  const mismatch = (difference: string): FormatError =>
    new FormatError(
      `${where}: ${entry} does not describe this graph: ${difference}; was the graph changed? Without the entry it is ` +
        "read as it stands",
    );
  const network = networkFromJson(text, where, entry);
  const elementType = elementTypeOf(file);
  if (elementType === undefined) throw mismatch("its input is neither FLOAT nor DOUBLE");
  if (file.opset !== EXPORT_OPSET) {
    throw mismatch(`expected operator set ${EXPORT_OPSET}, found ${file.opset}`);
  }

  const initializers = new Map(file.graph.initializer.map((tensor) => [tensor.name, tensor]));
  const weights = new Map<string, Float32Array | Float64Array>();
  for (const { name, shape } of network.parameters) {
    stop?.throwIfAborted();
    const tensor = initializers.get(name);
    if (!tensor) throw mismatch(`expected an initializer ${JSON.stringify(name)}, found none`);
    const constant = decodeTensor(tensor, name, where);
    if (!sameShape(constant.shape, shape)) {
      throw mismatch(
        `${JSON.stringify(name)}: expected shape ${formatExtents(shape)}, found ${formatExtents(constant.shape)}`,
      );
    }
    weights.set(name, constant.values);
  }
  checkWeights(network, weights, where);
  const model = { network, weights };
  stop?.throwIfAborted();
  const difference = graphDifference(expectedGraph(model, elementType, where), file, where);
  if (difference) throw mismatch(difference);
  return { ...model, metadata, arithmetic: arithmeticOf(file) };
}

/** Single precision, unless the graph's input is double: nothing that is imported goes back from there. */
export function arithmeticOf(file: OnnxFile): Dtype {
  return elementTypeOf(file) === DataType.DOUBLE ? "float64" : "float32";
}

/** Of the graph's input, whose precision all real numbers of an exported graph have. */
function elementTypeOf({ graph, input }: OnnxFile): ElementType | undefined {
  const type = graph.input.find(({ name }) => name === input.name)?.type?.value;
  const found = type?.case === "tensorType" ? type.value.elemType : undefined;
  return found === DataType.FLOAT || found === DataType.DOUBLE ? found : undefined;
}

function expectedGraph(model: Model, elementType: ElementType, where: string): GraphProto {
  try {
    return exportGraph(model, elementType, "");
  } catch (error) {
    if (error instanceof AutodualError) throw new FormatError(`${where}: ${error.message}`);
    throw error;
  }
}
