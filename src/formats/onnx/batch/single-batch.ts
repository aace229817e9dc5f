import { clone, create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  GraphProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { decodeTensor } from "../constant.js";
import { isStandardDomain, type OnnxFile } from "../model-proto.js";

/** The number of examples that a graph's input takes, where that is fixed and not 1; else undefined. */
export function fixedBatch({ input: { shape } }: OnnxFile): number | undefined {
  return shape.length > 1 && shape[0] > 1 ? shape[0] : undefined;
}

/**
 * The graph of a fixed batch as one of a batch of 1: so has its input, and so have the constant shapes that begin with the batch.
 * Whether it is the same function of each example is not said, see `firstMeeting`.
 */
export function withSingleBatch(file: OnnxFile, where: string): OnnxFile {
  const [batch, ...rest] = file.input.shape;
  const graph = clone(GraphProtoSchema, file.graph);
  for (const node of graph.node) {
    if (!isStandardDomain(node.domain) || (node.opType !== "Reshape" && node.opType !== "Expand")) continue;
    const values = constantShape(graph, node.input[1], where);
    if (values?.[0] !== batch) continue;
    let name = `${node.input[1]}/single`;
    while (graph.initializer.some((tensor) => tensor.name === name)) name += "'";
    graph.initializer.push(
      create(TensorProtoSchema, {
        name,
        dims: [BigInt(values.length)],
        dataType: DataType.INT64,
        int64Data: [1n, ...values.slice(1).map(BigInt)],
      }),
    );
    node.input[1] = name;
  }
  return {
    ...file,
    graph,
    input: { ...file.input, shape: [1, ...rest] },
  };
}

/** The integers of a value that the file stores, as an initializer or a Constant. */
function constantShape(graph: GraphProto, value: string, where: string): readonly number[] | undefined {
  const node = graph.node.find(({ opType, output }) => opType === "Constant" && output[0] === value);
  const tensor =
    graph.initializer.find(({ name }) => name === value) ??
    node?.attribute.find(({ type }) => type === AttributeType.TENSOR)?.t;
  if (!tensor || tensor.dataType !== DataType.INT64 || tensor.dims.length !== 1) return undefined;
  return Array.from(decodeTensor(tensor, value, where).values);
}
