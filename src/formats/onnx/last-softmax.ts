import type { NodeProto } from "onnx-buf";
import { isStandardDomain, type OnnxFile } from "./model-proto.js";

/** Operators that keep the order of a line of numbers. */
const SOFTMAX: readonly string[] = ["Softmax", "LogSoftmax"];

/** What hands on the values of its first input, whatever shape they get. */
const PASSING: readonly string[] = [
  ...["Identity", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Dropout", "Cast"],
];

/** The Softmax or LogSoftmax that a graph ends with, nothing but a change of shape behind it. */
export function lastSoftmax({ graph, output }: Pick<OnnxFile, "graph" | "output">): NodeProto | undefined {
  let value = output;
  for (let steps = 0; steps < graph.node.length; steps++) {
    const node = graph.node.find((one) => one.output[0] === value);
    if (!node || !isStandardDomain(node.domain)) return undefined;
    if (SOFTMAX.includes(node.opType)) return node;
    if (!PASSING.includes(node.opType)) return undefined;
    value = node.input[0] ?? "";
  }
  return undefined;
}
