import { describe, expect, it } from "vitest";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { evaluateNode, type NdArray } from "../../src/formats/onnx/evaluate/index.js";
import { agrees, bools, floats, ints, type NodeCase, nodeOf, reals, refuses } from "./onnx-oracle.js";

const positive = (array: NdArray): NdArray => ({
  ...array,
  values: array.values.map((v) => Math.abs(v) + 0.5),
});
const [a, row, column] = [floats("a", 2, 3, 4), floats("row", 4), floats("column", 3, 1)];

describe("two inputs that broadcast", () => {
  agrees(
    ["Add", "Sub", "Mul", "Div", "Pow"].flatMap((op) =>
      [7, 13, 14, 22].flatMap((opset): NodeCase[] => [
        { op, opset, inputs: [positive(a), positive(row)] },
        { op, opset, inputs: [positive(column), positive(a)] },
        { op, opset, inputs: [positive(column), positive(row)] },
        { op, opset, inputs: [positive(a), reals([2], [])] },
      ]),
    ),
  );
  agrees([
    ...["Add", "Sub", "Mul", "Div"].map((op) => ({
      op,
      opset: 14,
      inputs: [ints([7, -7, 7, -7, 1, 0]), ints([2, 2, -2, -2, 3, 5])],
    })),
    { op: "Pow", opset: 13, inputs: [ints([2, -3, 5]), ints([3, 3, 0])] },
    { op: "Pow", opset: 13, inputs: [reals([2, -3, 5]), ints([3, 3, -1])] },
    { op: "Add", opset: 14, inputs: [floats("e", 0, 3), floats("f", 1, 3)] },
  ]);
});

describe("any number of inputs", () => {
  agrees(
    ["Min", "Max", "Sum"].flatMap((op): NodeCase[] => [
      { op, opset: 7, inputs: [a, floats("b", 2, 3, 4)] },
      { op, opset: 8, inputs: [a, row, column] },
      { op, opset: 13, inputs: [a] },
      { op, opset: 22, inputs: [column, row] },
    ]),
  );
  agrees([{ op: "Max", opset: 12, inputs: [ints([1, -5, 3]), ints([2])] }]);
});

describe("one input", () => {
  const wide = reals([-1000, -90, -1.5, -0.5, 0, 0.5, 1, 2.5, 90, 1000]);
  agrees(
    ["Neg", "Abs", "Relu", "Sigmoid", "Tanh", "Sign", "Floor", "Ceil", "Softplus"].flatMap((op) =>
      [9, 13, 22].map((opset) => ({ op, opset, inputs: [wide] })),
    ),
  );
  agrees(["Sqrt", "Exp", "Reciprocal"].map((op) => ({ op, opset: 13, inputs: [reals([0.25, 1, 2, 3.5])] })));
  agrees(
    ["LeakyRelu", "Elu"].flatMap((op): NodeCase[] => [
      { op, opset: 7, inputs: [wide] },
      { op, opset: 16, inputs: [wide], attributes: { alpha: { float: 0.3 } } },
      { op, opset: 22, inputs: [wide], attributes: { alpha: { float: -0.5 } } },
    ]),
  );
  agrees([
    { op: "Neg", opset: 13, inputs: [ints([-2, 0, 3])] },
    { op: "Abs", opset: 13, inputs: [ints([-2, 0, 3])] },
    { op: "Sign", opset: 13, inputs: [ints([-2, 0, 3])] },
    { op: "PRelu", opset: 7, inputs: [floats("p", 2, 3, 4), reals([0.1, 0.2, -0.3], [3, 1])] },
    { op: "PRelu", opset: 9, inputs: [floats("p", 2, 3, 4), reals([0.25])] },
    { op: "PRelu", opset: 16, inputs: [floats("p", 2, 3, 4), floats("s", 2, 3, 4)] },
  ]);
});

describe("Clip", () => {
  const x = reals([-9, -1, 0, 0.5, 3, 12]);
  const bound = (value: number) => reals([value], []);
  agrees([
    { op: "Clip", opset: 7, inputs: [x] },
    { op: "Clip", opset: 6 + 4, inputs: [x], attributes: { min: { float: -1.5 } } },
    { op: "Clip", opset: 10, inputs: [x], attributes: { min: { float: 0 }, max: { float: 6 } } },
    { op: "Clip", opset: 11, inputs: [x, bound(0), bound(6)] },
    { op: "Clip", opset: 12, inputs: [x, undefined, bound(1)] },
    { op: "Clip", opset: 13, inputs: [x, bound(-1)] },
    { op: "Clip", opset: 13, inputs: [x] },
    { op: "Clip", opset: 13, inputs: [x, bound(2), bound(-2)] },
    { op: "Clip", opset: 12, inputs: [ints([-5, 0, 5]), ints([-1], []), ints([1], [])] },
  ]);
});

describe("comparison and logic", () => {
  const [x, y] = [reals([1, 2, 3, 4], [2, 2]), reals([1, 3], [2])];
  agrees([
    ...["Greater", "Less"].flatMap((op) => [9, 13].map((opset) => ({ op, opset, inputs: [x, y] }))),
    ...["GreaterOrEqual", "LessOrEqual"].flatMap((op) =>
      [12, 16].map((opset) => ({ op, opset, inputs: [x, y] })),
    ),
    { op: "Equal", opset: 7, inputs: [ints([1, 2]), ints([1, 3])] },
    { op: "Equal", opset: 11, inputs: [x, y] },
    { op: "Equal", opset: 13, inputs: [bools([1, 0]), bools([1, 1])] },
    { op: "And", opset: 7, inputs: [bools([0, 0, 1, 1], [2, 2]), bools([0, 1])] },
    { op: "Or", opset: 7, inputs: [bools([0, 0, 1, 1], [2, 2]), bools([0, 1])] },
    { op: "Not", opset: 7, inputs: [bools([0, 1])] },
    { op: "Where", opset: 9, inputs: [bools([1, 0]), x, y] },
    { op: "Where", opset: 16, inputs: [bools([1, 0], [2, 1]), ints([5], []), ints([7, 8, 9])] },
  ]);
});

describe("Gemm and MatMul", () => {
  const [left, right] = [floats("l", 3, 4), floats("r", 4, 2)];
  agrees([
    { op: "Gemm", opset: 7, inputs: [left, right, floats("c", 2)] },
    { op: "Gemm", opset: 9, inputs: [left, right, floats("c", 3, 1)], attributes: { beta: { float: -2 } } },
    { op: "Gemm", opset: 11, inputs: [left, right], attributes: { alpha: { float: 0.5 } } },
    { op: "Gemm", opset: 13, inputs: [floats("l", 4, 3), right, reals([2], [])], attributes: { transA: 1 } },
    {
      op: "Gemm",
      opset: 13,
      inputs: [left, floats("r", 2, 4), floats("c", 3, 2)],
      attributes: { transB: 1 },
    },
    ...(
      [
        [[4], [4]],
        [[4], [4, 2]],
        [[3, 4], [4]],
        [
          [3, 4],
          [4, 2],
        ],
        [
          [2, 3, 4],
          [4, 2],
        ],
        [
          [3, 4],
          [5, 4, 2],
        ],
        [
          [2, 1, 3, 4],
          [5, 4, 2],
        ],
        [[2, 3, 4], [4]],
        [[4], [2, 4, 3]],
        [
          [3, 0],
          [0, 2],
        ],
      ] as const
    ).map(([p, q]) => ({ op: "MatMul", opset: 13, inputs: [floats("p", ...p), floats("q", ...q)] })),
    { op: "MatMul", opset: 9, inputs: [ints([1, 2, 3, 4], [2, 2]), ints([5, 6])] },
  ]);
});

describe("reductions", () => {
  const x = floats("x", 2, 3, 4);
  const ops = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd"];
  agrees(
    ops.flatMap((op): NodeCase[] => [
      { op, opset: 7, inputs: [x] },
      { op, opset: 7, inputs: [x], attributes: { axes: [1] } },
      { op, opset: 11, inputs: [x], attributes: { axes: [-1, 0], keepdims: 0 } },
      { op, opset: 12, inputs: [x], attributes: { keepdims: 0 } },
      { op, opset: 18, inputs: [x] },
      { op, opset: 18, inputs: [x, ints([2, -2])], attributes: { keepdims: 0 } },
      { op, opset: 18, inputs: [x, ints([])] },
      { op, opset: 18, inputs: [x, ints([])], attributes: { noop_with_empty_axes: 1 } },
      { op, opset: 18, inputs: [x], attributes: { noop_with_empty_axes: 1 } },
      { op, opset: 22, inputs: [x, ints([0])] },
      { op, opset: 18, inputs: [reals([3], [])] },
      { op, opset: 18, inputs: [ints([5, -7, 9, 4], [2, 2]), ints([0])] },
    ]),
  );
  agrees([
    { op: "ReduceSum", opset: 13, inputs: [x, ints([1])] },
    { op: "ReduceMean", opset: 13, inputs: [x], attributes: { axes: [1, 2] } },
    { op: "ReduceSum", opset: 18, inputs: [floats("none", 2, 0), ints([1])] },
  ]);
});

describe("Softmax and LogSoftmax", () => {
  const x = floats("x", 2, 3, 4);
  agrees(
    ["Softmax", "LogSoftmax"].flatMap((op): NodeCase[] => [
      { op, opset: 7, inputs: [x] },
      { op, opset: 12, inputs: [x], attributes: { axis: 0 } },
      { op, opset: 11, inputs: [x], attributes: { axis: -1 } },
      { op, opset: 13, inputs: [x] },
      { op, opset: 13, inputs: [x], attributes: { axis: 1 } },
      { op, opset: 22, inputs: [x], attributes: { axis: -3 } },
      { op, opset: 13, inputs: [reals([1000, 999, -1000])] },
    ]),
  );
});

describe("BatchNormalization and Dropout", () => {
  const x = floats("x", 2, 3, 4, 2);
  const [scale, bias, mean] = ["s", "b", "m"].map((seed) => floats(seed, 3));
  const variance = positive(floats("v", 3));
  const inputs = [x, scale, bias, mean, variance];
  agrees([
    ...[7, 9, 14, 15].map((opset) => ({ op: "BatchNormalization", opset, inputs })),
    {
      op: "BatchNormalization",
      opset: 9,
      inputs,
      attributes: { epsilon: { float: 0.25 }, momentum: { float: 0.5 } },
    },
    { op: "BatchNormalization", opset: 15, inputs, attributes: { training_mode: 0 } },
    { op: "BatchNormalization", opset: 15, inputs: [floats("flat", 5, 3), scale, bias, mean, variance] },
    ...[7, 10].map((opset) => ({ op: "Dropout", opset, inputs: [x], attributes: { ratio: { float: 0.7 } } })),
    { op: "Dropout", opset: 12, inputs: [x, reals([0.7], [])], attributes: { seed: 3 } },
    { op: "Dropout", opset: 13, inputs: [x, undefined, bools([0], [])], outputs: 2 },
    { op: "Dropout", opset: 22, inputs: [x] },
  ]);
});

const x = floats("x", 2, 3);

refuses([
  [{ op: "Add", opset: 7, inputs: [x, floats("y", 2)] }, ShapeError, /shapes \[2, 3\] and \[2\] do not fit/],
  [{ op: "Add", opset: 7, inputs: [x] }, FormatError, /input 1 is missing/],
  [{ op: "Add", opset: 7, inputs: [x, x, x] }, FormatError, /at most 2 inputs, found 3/],
  [{ op: "Add", opset: 7, inputs: [x, ints([1])] }, FormatError, /of one type, found float and int/],
  [{ op: "Add", opset: 7, inputs: [bools([1]), bools([1])] }, FormatError, /must be numbers/],
  [
    { op: "Add", opset: 7, inputs: [x, x], attributes: { broadcast: 1 } },
    UnsupportedOperatorError,
    /"broadcast"/,
  ],
  [{ op: "Mul", opset: 7, inputs: [ints([2 ** 40]), ints([2 ** 40])] }, FormatError, /too large/],
  [{ op: "Div", opset: 7, inputs: [ints([1]), ints([0])] }, FormatError, /not defined/],
  [
    { op: "Add", opset: 7, inputs: [floats("t", 2 ** 15, 1), floats("u", 1, 2 ** 15)] },
    ShapeError,
    /too large/,
  ],
  [{ op: "Sum", opset: 7, inputs: [x, reals([1])] }, ShapeError, /before operator set 8/],
  [{ op: "Max", opset: 8, inputs: [] }, FormatError, /input 0 is missing/],
  [{ op: "Pow", opset: 7, inputs: [x, ints([2])] }, FormatError, /of one type/],
  [{ op: "PRelu", opset: 9, inputs: [reals([1]), x] }, ShapeError, /\[2, 3\] does not broadcast to \[1\]/],
  [{ op: "Sigmoid", opset: 9, inputs: [ints([1])] }, FormatError, /input 0 must be float, found int/],
  [{ op: "Relu", opset: 14, inputs: [bools([1])] }, FormatError, /must hold numbers/],
  [{ op: "Clip", opset: 10, inputs: [x, reals([0], [])] }, FormatError, /at most 1 inputs/],
  [
    { op: "Clip", opset: 11, inputs: [x], attributes: { max: { float: 6 } } },
    UnsupportedOperatorError,
    /"max"/,
  ],
  [{ op: "Clip", opset: 11, inputs: [x, reals([0, 1])] }, ShapeError, /input 1 must be one number/],
  [{ op: "Greater", opset: 9, inputs: [bools([1]), bools([0])] }, FormatError, /must be numbers/],
  [{ op: "And", opset: 9, inputs: [x, x] }, FormatError, /must be bool/],
  [{ op: "Where", opset: 9, inputs: [x, x, x] }, FormatError, /input 0 must be bool/],
  [{ op: "MatMul", opset: 9, inputs: [x, x] }, ShapeError, /cannot multiply shapes \[2, 3\] and \[2, 3\]/],
  [{ op: "MatMul", opset: 9, inputs: [x, reals([1], [])] }, ShapeError, /cannot multiply/],
  [{ op: "Gemm", opset: 9, inputs: [x, floats("y", 3, 2)] }, FormatError, /input 2 is missing/],
  [
    { op: "Gemm", opset: 11, inputs: [x, floats("y", 3, 2), floats("c", 3)] },
    ShapeError,
    /does not broadcast/,
  ],
  [{ op: "Gemm", opset: 11, inputs: [floats("v", 3), x] }, ShapeError, /must be a matrix/],
  [
    { op: "ReduceSum", opset: 13, inputs: [x], attributes: { axes: [1] } },
    UnsupportedOperatorError,
    /"axes"/,
  ],
  [{ op: "ReduceMean", opset: 13, inputs: [x, ints([1])] }, FormatError, /at most 1 inputs/],
  [
    { op: "ReduceMax", opset: 18, inputs: [x, ints([2])] },
    ShapeError,
    /axis 2 is out of range for 2 dimensions/,
  ],
  [{ op: "ReduceMax", opset: 18, inputs: [x, ints([1, -1])] }, ShapeError, /an axis stands twice/],
  [{ op: "ReduceMax", opset: 18, inputs: [floats("n", 2, 0), ints([1])] }, ShapeError, /nothing to reduce/],
  [{ op: "Softmax", opset: 13, inputs: [x], attributes: { axis: 2 } }, ShapeError, /axis 2 is out of range/],
  [
    { op: "BatchNormalization", opset: 9, inputs: [x, ...Array(4).fill(floats("c", 2))] },
    ShapeError,
    /input 1 must have shape \[3\], found \[2\]/,
  ],
  [
    {
      op: "BatchNormalization",
      opset: 14,
      inputs: [x, ...Array(4).fill(floats("c", 3))],
      attributes: { training_mode: 1 },
    },
    UnsupportedOperatorError,
    /"training_mode" = 1 is not supported/,
  ],
  [
    {
      op: "BatchNormalization",
      opset: 7,
      inputs: [x, ...Array(4).fill(floats("c", 3))],
      attributes: { spatial: 0 },
    },
    UnsupportedOperatorError,
    /"spatial" = 0 is not supported/,
  ],
  [
    { op: "BatchNormalization", opset: 9, inputs: [x, ...Array(4).fill(floats("c", 3))], outputs: 5 },
    UnsupportedOperatorError,
    /output 1 is not supported/,
  ],
  [
    { op: "Dropout", opset: 13, inputs: [x, reals([0.5], []), bools([1], [])] },
    UnsupportedOperatorError,
    /training mode is not supported/,
  ],
  [
    { op: "Sin", opset: 13, inputs: [x] },
    UnsupportedOperatorError,
    /operator "Sin" cannot be evaluated; known: Conv/,
  ],
]);

it("knows that other domains' operators are other operators", () => {
  const proto = nodeOf({ op: "Relu", opset: 13, inputs: [x] });
  proto.domain = "com.example";
  expect(() => evaluateNode(proto, [x], 13, "n")).toThrow(/"com\.example\.Relu" cannot be evaluated/);
  proto.domain = "ai.onnx";
  expect(evaluateNode(proto, [x], 13, "n")).toHaveLength(1);
});
