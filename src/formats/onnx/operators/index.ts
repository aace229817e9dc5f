import type { OperatorImport } from "../graph-import.js";
import { activation } from "./activation.js";
import { add, divide, multiply, subtract } from "./arithmetic.js";
import { batchNormalization } from "./batch-normalization.js";
import { conv } from "./conv.js";
import { gemm, matMul } from "./linear.js";
import { constant, flatten, identity, reshape } from "./shape.js";

/** How an operator is imported, and how many inputs it may have at most. */
export interface Operator {
  readonly inputs: number;
  readonly import: OperatorImport;
}

/** Every operator that can be imported. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["Conv", { inputs: 3, import: conv }],
  ["Gemm", { inputs: 3, import: gemm }],
  ["MatMul", { inputs: 2, import: matMul }],
  ["Add", { inputs: 2, import: add }],
  ["Sub", { inputs: 2, import: subtract }],
  ["Mul", { inputs: 2, import: multiply }],
  ["Div", { inputs: 2, import: divide }],
  ["Relu", { inputs: 1, import: activation({ kind: "relu" }) }],
  ["Flatten", { inputs: 1, import: flatten }],
  ["Reshape", { inputs: 2, import: reshape }],
  ["BatchNormalization", { inputs: 5, import: batchNormalization }],
  ["Constant", { inputs: 0, import: constant }],
  ["Identity", { inputs: 1, import: identity }],
]);
