import { describe } from "vitest";
import type { NdArray } from "../../src/formats/onnx/evaluate/index.js";
import { graphOf, imports, stored } from "./onnx-import-oracle.js";
import { floats, ints, type NodeCase, reals } from "./onnx-oracle.js";
import { node, tensor } from "./onnx-writer.js";

/** Away from 0, so that it can be divided by. */
const positive = (array: NdArray): NdArray => ({
  ...array,
  values: array.values.map((value) => Math.fround(Math.abs(value) + 0.5)),
});

describe("an activation and a constant", () => {
  const pairs: [readonly number[], readonly number[]][] = [
    ...[[], [1], [5], [4, 1], [3, 1, 1], [3, 4, 5], [1, 3, 1, 5], [1, 1, 4, 1], [1, 1, 1, 1]].map(
      (constant): [number[], number[]] => [[1, 3, 4, 5], constant],
    ),
    ...[[], [4], [1, 4], [1, 1]].map((constant): [number[], number[]] => [[1, 4], constant]),
    // The constant is the larger.
    [
      [1, 3, 1, 1],
      [4, 5],
    ],
    [
      [1, 3, 1, 1],
      [2, 3, 1, 1],
    ],
    [
      [1, 4],
      [3, 1],
    ],
    [
      [1, 4],
      [2, 1, 4],
    ],
    [[4], [3, 1]],
    [[1], [3]],
    [[1, 1], [4]],
    // No batch in front.
    [[5], [5]],
    [[5], [1]],
    [[4, 3], [3]],
    [
      [4, 3],
      [4, 1],
    ],
    [
      [4, 1],
      [4, 1],
    ],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [
      [2, 3, 4],
      [2, 1, 1],
    ],
    [[1, 1, 1, 5], [5]],
    [
      [1, 1, 1, 5],
      [1, 1, 1, 5],
    ],
  ];
  imports(
    ["Add", "Sub", "Mul", "Div"].flatMap((op) =>
      pairs.flatMap(([x, c], i) => {
        const opset = [7, 13, 14, 22][i % 4];
        const one = { op, opset, inputs: [floats("x", ...x), positive(floats(`${op}${i}`, ...c))] };
        const turned = { ...one, inputs: one.inputs.toReversed() };
        return op === "Div" ? [graphOf(one)] : [graphOf(one), graphOf(turned, 1)];
      }),
    ),
  );
  imports(
    ["Max", "Min", "Sum"].flatMap((op) =>
      pairs.flatMap(([x, c], i) => {
        const inputs = [floats("x", ...x), floats(`${op}${i}`, ...c)];
        const same = x.join() === c.join();
        const one = { op, opset: same ? 7 : [8, 12, 22][i % 3], inputs };
        return [graphOf(one), graphOf({ ...one, inputs: inputs.toReversed() }, 1)];
      }),
    ),
  );
});

describe("activations of unlike shapes", () => {
  const pairs: [readonly number[], readonly number[]][] = [
    [
      [1, 3, 4, 5],
      [1, 3, 4, 5],
    ],
    [
      [1, 3, 4, 5],
      [1, 3, 1, 1],
    ],
    [
      [1, 3, 4, 5],
      [1, 1, 4, 5],
    ],
    [[1, 3, 4, 5], [5]],
    [
      [1, 3, 4, 1],
      [1, 1, 1, 5],
    ],
    [
      [1, 6],
      [6, 1],
    ],
    [
      [1, 6],
      [1, 1, 6],
    ],
    [[4], [1]],
  ];
  const total = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  imports(
    ["Add", "Sub", "Sum"].flatMap((op) =>
      pairs.flatMap(([p, q]) =>
        [false, true].map((turned) => {
          const inputs = turned ? ["b", "a"] : ["a", "b"];
          const [n, m] = [total(p), total(q)];
          return {
            name: `${op} of [${p}] and [${q}]${turned ? ", turned" : ""}`,
            input: [1, n],
            nodes: [
              node("Reshape", ["x", "p"], "a"),
              node("Slice", ["x", "from", "to", "axis"], "part"),
              node("Reshape", ["part", "q"], "b0"),
              node("Relu", ["b0"], "b"),
              node(op, op === "Sum" ? [...inputs, "a"] : inputs, "y"),
            ],
            weights: [
              stored("p", ints(p)),
              stored("q", ints(q)),
              stored("from", ints([n - m])),
              stored("to", ints([n])),
              stored("axis", ints([1])),
            ],
            opset: 13,
          };
        }),
      ),
    ),
  );
  imports([
    { name: "x + x", input: [1, 3], nodes: [node("Add", ["x", "x"], "y")] },
    { name: "x − x", input: [1, 3], nodes: [node("Sub", ["x", "x"], "y")] },
    { name: "x + x + x", input: [1, 3, 2], nodes: [node("Sum", ["x", "x", "x"], "y")] },
    {
      name: "x + c + x + d, constants in their places",
      input: [1, 3, 2],
      nodes: [node("Sum", ["x", "c", "x", "d"], "y")],
      weights: [tensor("c", [3, 1], [1, -2, 3]), tensor("d", [], [0.5])],
    },
    {
      name: "c + d + x, the constants in front",
      input: [1, 2],
      nodes: [node("Sum", ["c", "d", "x"], "y")],
      weights: [tensor("c", [1, 2], [1, -2]), tensor("d", [2, 2], [0.5, 4, 8, 16])],
    },
    { name: "the sum of one", input: [1, 3], nodes: [node("Sum", ["x"], "y")] },
    { name: "the maximum of one", input: [1, 3], nodes: [node("Max", ["x"], "y")] },
    { name: "the minimum of one", input: [3], nodes: [node("Min", ["x"], "y")] },
  ]);
});

describe("constants that are added next", () => {
  const shapes = [[], [1], [4], [1, 4], [1, 1, 4], [2, 4], [3, 1]];
  imports(
    shapes.flatMap((shape) =>
      [
        [node("MatMul", ["x", "w"], "h")],
        [node("Gemm", ["x", "w"], "h")],
        [node("Mul", ["x", "s"], "h")],
      ].flatMap((first) =>
        [
          ["h", "c"],
          ["c", "h"],
        ].map((inputs) => ({
          name: `${first[0].opType} and Add of ${inputs} with [${shape}]`,
          input: [1, 4],
          nodes: [...first, node("Add", inputs, "y")],
          weights: [
            stored("w", floats("w", 4, 4)),
            stored("s", floats("s", 4)),
            stored("c", floats("c", ...shape)),
          ],
        })),
      ),
    ),
  );
  imports([
    {
      name: "read by another as well",
      input: [1, 4],
      nodes: [node("MatMul", ["x", "w"], "h"), node("Add", ["h", "c"], "s"), node("Sub", ["s", "h"], "y")],
      weights: [stored("w", floats("w", 4, 4)), stored("c", floats("c", 4))],
    },
    {
      name: "to images",
      input: [1, 2, 3, 3],
      nodes: [node("Mul", ["x", "s"], "h"), node("Add", ["h", "c"], "y")],
      weights: [stored("s", floats("s", 2, 1, 1)), stored("c", floats("c", 2, 3, 1))],
    },
  ]);
});

const wide = reals([-90, -3, -1.5, -0.5, 0, 0.25, 1, 2.5, 6.5, 80], [1, 10]);
const bound = (value: number) => reals([value], []);

describe("elementwise activations", () => {
  imports(
    [
      ...["Relu", "Sigmoid", "Tanh", "Neg"].flatMap((op) =>
        [7, 13, 22].map((opset) => ({ op, opset, inputs: [wide] })),
      ),
      { op: "LeakyRelu", opset: 7, inputs: [wide] },
      ...[0, 0.3, 1, 2].map((alpha) => ({
        op: "LeakyRelu",
        opset: 16,
        inputs: [wide],
        attributes: { alpha: { float: alpha } },
      })),
      { op: "Clip", opset: 7, inputs: [wide] },
      { op: "Clip", opset: 10, inputs: [wide], attributes: { min: { float: 0 } } },
      { op: "Clip", opset: 10, inputs: [wide], attributes: { min: { float: -1.5 } } },
      { op: "Clip", opset: 9, inputs: [wide], attributes: { max: { float: 2 } } },
      { op: "Clip", opset: 10, inputs: [wide], attributes: { min: { float: 0 }, max: { float: 6 } } },
      {
        op: "Clip",
        opset: 8,
        inputs: [wide],
        attributes: { min: { float: 0 }, max: { float: 3.4028234663852886e38 } },
      },
      {
        op: "Clip",
        opset: 7,
        inputs: [wide],
        attributes: { min: { float: -3.4028234663852886e38 }, max: { float: 1 } },
      },
      { op: "Clip", opset: 11, inputs: [wide, bound(-1), bound(1)] },
      { op: "Clip", opset: 12, inputs: [wide, undefined, bound(1)] },
      { op: "Clip", opset: 13, inputs: [wide, bound(0.5)] },
      { op: "Clip", opset: 13, inputs: [wide] },
      { op: "Clip", opset: 13, inputs: [wide, bound(2), bound(2)] },
      { op: "Clip", opset: 13, inputs: [wide, reals([0], [1]), bound(2)].slice(0, 1) },
    ].map((one) => graphOf(one as NodeCase)),
  );
});

describe("BatchNormalization", () => {
  const shapes = [
    [1, 3],
    [1, 3, 5],
    [1, 3, 4, 5],
  ];
  imports(
    shapes.flatMap((shape) =>
      [7, 9, 14, 15, 22].flatMap((opset) => {
        const statistics = ["scale", "bias", "mean"].map((name) => floats(name, 3));
        const inputs = [floats("x", ...shape), ...statistics, positive(floats("variance", 3))];
        const plain = { op: "BatchNormalization", opset, inputs };
        const attributes = { epsilon: { float: 0.25 }, momentum: { float: 0.5 } };
        return [graphOf(plain), graphOf({ ...plain, attributes })];
      }),
    ),
  );
});

describe("reductions", () => {
  const [image, line] = [floats("image", 1, 3, 4, 5), floats("line", 2, 6)];
  const both = [
    ["ReduceMean", 18],
    ["ReduceSum", 13],
  ] as const;
  imports(
    both.flatMap(([op, since]) =>
      [
        ...[
          [1],
          [2],
          [3],
          [-1],
          [2, 3],
          [3, 2],
          [-2, -1],
          [1, 3],
          [1, 2, 3],
          [0],
          [0, 1],
          [0, 2],
          [0, 1, 2, 3],
        ].flatMap((axes) =>
          [0, 1].flatMap((keepdims): NodeCase[] => [
            { op, opset: 11, inputs: [image], attributes: { axes, keepdims } },
            { op, opset: since, inputs: [image, ints(axes)], attributes: { keepdims } },
          ]),
        ),
        ...[[0], [1], [0, 1]].map((axes) => ({ op, opset: 22, inputs: [line, ints(axes)] })),
        { op, opset: 12, inputs: [image] },
        { op, opset: 18, inputs: [image], attributes: { keepdims: 0 } },
        { op, opset: 18, inputs: [image, ints([])] },
        { op, opset: 18, inputs: [image, ints([])], attributes: { noop_with_empty_axes: 1 } },
        { op, opset: since, inputs: [image], attributes: { noop_with_empty_axes: 1 } },
      ].map((one) => graphOf(one as NodeCase)),
    ),
  );
});
