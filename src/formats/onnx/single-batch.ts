import { clone, create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  GraphProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import type { Stop } from "../../compute/deadline.js";
import { AutodualError } from "../../errors.js";
import { sizeOf } from "../../network/shape.js";
import { sampleInputs } from "../sample-outputs.js";
import { decodeTensor } from "./constant.js";
import type { GraphEvaluator } from "./evaluate/index.js";
import { isStandardDomain, type OnnxFile } from "./model-proto.js";

/** Two evaluations of one example in double precision may differ by this share of its largest output. */
const SAME = 1e-9;

/** The number of examples that a graph's input takes, where that is fixed and not 1; else undefined. */
export function fixedBatch({ input: { shape } }: OnnxFile): number | undefined {
  return shape.length > 1 && shape[0] > 1 ? shape[0] : undefined;
}

/**
 * The graph of a fixed batch as one of a batch of 1: so has its input, and so have the constant shapes that begin with the batch.
 * Whether it is the same function of each example is not said, see `isExampleByExample`.
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

/** Whether a graph gives of a whole batch what another gives of each of its examples, at random inputs. */
export function isExampleByExample(
  whole: GraphEvaluator,
  single: GraphEvaluator,
  shape: readonly number[],
  stop?: Stop,
): boolean {
  const [batch] = shape;
  const size = sizeOf(shape) / batch;
  return sampleInputs(shape).every((input) => {
    const together = whole.run(input, stop);
    const outputs = together.length / batch;
    for (let example = 0; example < batch; example++) {
      const alone = outputsAlone(single, input.slice(example * size, (example + 1) * size), stop);
      if (alone?.length !== outputs) return false;
      const largest = alone.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const same = alone.every(
        (value, i) => Math.abs(value - together[example * outputs + i]) <= SAME * largest,
      );
      if (!same) return false;
    }
    return true;
  });
}

/** Null where the graph does not take an example by itself: constants may be meant for the whole batch. */
function outputsAlone(single: GraphEvaluator, input: Float64Array, stop?: Stop) {
  try {
    return single.run(input, stop);
  } catch (error) {
    stop?.throwIfAborted();
    if (error instanceof AutodualError) return null;
    throw error;
  }
}
