import type { OperatorImport } from "../graph-import.js";
import { ACTIVATION_OPERATORS, clip, dropout } from "./activation.js";
import { add, divide, multiply, negate, subtract, sum } from "./arithmetic.js";
import { batchNormalization } from "./batch-normalization.js";
import { depthToSpace, spaceToDepth, tile } from "./blocks.js";
import { conv } from "./conv.js";
import { convTranspose } from "./conv-transpose.js";
import { einsum } from "./einsum.js";
import { expand } from "./expand.js";
import { extreme } from "./extreme.js";
import { gemm, matMul } from "./linear.js";
import { concat, gather, pad, slice, split, transpose } from "./movement.js";
import { absolute, hardSigmoid, prelu } from "./piecewise.js";
import { globalPool, maximumPool, meanPool } from "./pool.js";
import { reduce } from "./reduce.js";
import { resize, upsample } from "./resize.js";
import { cast, flatten, identity, reshape, squeeze, unsqueeze } from "./shape.js";
import { softmax } from "./softmax.js";

/** How an operator is imported, and how many inputs it may have at most. */
export interface Operator {
  readonly inputs: number;
  readonly import: OperatorImport;
}

const ANY = Number.POSITIVE_INFINITY;

/** Every operator that can be imported. Nodes whose inputs are all constants are computed and need no line here. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["Conv", { inputs: 3, import: conv }],
  ["ConvTranspose", { inputs: 3, import: convTranspose }],
  ["Gemm", { inputs: 3, import: gemm }],
  ["MatMul", { inputs: 2, import: matMul }],
  ["Einsum", { inputs: ANY, import: einsum }],
  ["Add", { inputs: 2, import: add }],
  ["Sub", { inputs: 2, import: subtract }],
  ["Mul", { inputs: 2, import: multiply }],
  ["Div", { inputs: 2, import: divide }],
  ["Neg", { inputs: 1, import: negate }],
  ["Sum", { inputs: ANY, import: sum }],
  ["Max", { inputs: ANY, import: extreme("maximum") }],
  ["Min", { inputs: ANY, import: extreme("minimum") }],
  ["PRelu", { inputs: 2, import: prelu }],
  ["HardSigmoid", { inputs: 1, import: hardSigmoid }],
  ["Abs", { inputs: 1, import: absolute }],
  ["BatchNormalization", { inputs: 5, import: batchNormalization }],
  ...ACTIVATION_OPERATORS,
  ["Clip", { inputs: 3, import: clip }],
  ["MaxPool", { inputs: 1, import: maximumPool }],
  ["AveragePool", { inputs: 1, import: meanPool }],
  ["GlobalAveragePool", { inputs: 1, import: globalPool("average") }],
  ["GlobalMaxPool", { inputs: 1, import: globalPool("maximum") }],
  ["ReduceMean", { inputs: 2, import: reduce("mean") }],
  ["ReduceSum", { inputs: 2, import: reduce("sum") }],
  ["ReduceMax", { inputs: 2, import: reduce("maximum") }],
  ["ReduceMin", { inputs: 2, import: reduce("minimum") }],
  ["Flatten", { inputs: 1, import: flatten }],
  ["Reshape", { inputs: 2, import: reshape }],
  ["Squeeze", { inputs: 2, import: squeeze }],
  ["Unsqueeze", { inputs: 2, import: unsqueeze }],
  ["Transpose", { inputs: 1, import: transpose }],
  ["Pad", { inputs: 4, import: pad }],
  ["Slice", { inputs: 5, import: slice }],
  ["Split", { inputs: 2, import: split }],
  ["Concat", { inputs: ANY, import: concat }],
  ["Gather", { inputs: 2, import: gather }],
  ["Expand", { inputs: 2, import: expand }],
  ["Tile", { inputs: 2, import: tile }],
  ["DepthToSpace", { inputs: 1, import: depthToSpace }],
  ["SpaceToDepth", { inputs: 1, import: spaceToDepth }],
  ["Upsample", { inputs: 2, import: upsample }],
  ["Resize", { inputs: 4, import: resize }],
  ["Dropout", { inputs: 3, import: dropout }],
  ["Identity", { inputs: 1, import: identity }],
  ["Cast", { inputs: 1, import: cast }],
  ["Softmax", { inputs: 1, import: softmax }],
  ["LogSoftmax", { inputs: 1, import: softmax }],
]);
