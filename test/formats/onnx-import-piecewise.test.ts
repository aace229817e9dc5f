import { describe, expect, it } from "vitest";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { fileOf, type GraphCase, graphOf, imports, stored } from "./onnx-import-oracle.js";
import { agrees, floats, ints, type NodeCase, reals } from "./onnx-oracle.js";
import { node } from "./onnx-writer.js";

const image = floats("image", 1, 3, 2, 4);

const ACTIVATIONS: readonly NodeCase[] = [
  { op: "Abs", opset: 13, inputs: [image] },
  { op: "PRelu", opset: 16, inputs: [image, reals([0.25])] },
  { op: "PRelu", opset: 16, inputs: [image, reals([-0.5])] },
  { op: "PRelu", opset: 16, inputs: [image, reals([2])] },
  { op: "PRelu", opset: 9, inputs: [image, reals([0, 1, -1.5], [3, 1, 1])] },
  { op: "PRelu", opset: 7, inputs: [image, floats("slopes", 3, 2, 4)] },
  { op: "HardSigmoid", opset: 7, inputs: [image] },
  {
    op: "HardSigmoid",
    opset: 13,
    inputs: [image],
    attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.25 } },
  },
  { op: "HardSigmoid", opset: 13, inputs: [image], attributes: { alpha: { float: -2 } } },
];

const REDUCTIONS: readonly NodeCase[] = ["ReduceMax", "ReduceMin"].flatMap((op) => [
  ...[[1], [2, 3], [-1], [1, 3], [0], [0, 1, 2, 3]].flatMap((axes) =>
    [0, 1].map((keepdims) => ({ op, opset: 13, inputs: [image], attributes: { axes, keepdims } })),
  ),
  { op, opset: 13, inputs: [image] },
  { op, opset: 18, inputs: [image, ints([2])] },
  { op, opset: 18, inputs: [image], attributes: { noop_with_empty_axes: 1 } },
]);

const PRODUCTS: readonly NodeCase[] = [
  ["bi,ij->bj", [1, 3], [3, 5]],
  ["bi,ji->bj", [1, 3], [5, 3]],
  ["bchw,dc->bdhw", [1, 3, 2, 4], [2, 3]],
  ["bchw,chw->b", [1, 3, 2, 4], [3, 2, 4]],
  ["bchw,hw->bcw", [1, 3, 2, 4], [2, 4]],
  ["bij,jk", [1, 2, 3], [3, 4]],
  ["bi,j->bij", [1, 3], [2]],
].map(([equation, x, w]) => ({
  op: "Einsum",
  opset: 12,
  inputs: [floats(`${equation}/x`, ...(x as number[])), floats(`${equation}/w`, ...(w as number[]))],
  attributes: { equation: equation as string },
}));

describe("the evaluator has them as onnxruntime does", () => {
  agrees([...ACTIVATIONS, ...REDUCTIONS, ...PRODUCTS]);
});

describe("piecewise linear operators", () => {
  imports([...ACTIVATIONS, ...REDUCTIONS].map((one) => graphOf(one)));
});

describe("sums of products with one constant", () => {
  imports(PRODUCTS.map((one) => graphOf(one)));
  imports([
    {
      name: "the constant first",
      input: [1, 3],
      nodes: [node("Einsum", ["w", "x"], "y", { equation: "ij, bj -> bi" })],
      weights: [stored("w", floats("w", 4, 3))],
    },
    {
      name: "of one operand",
      input: [1, 2, 3],
      nodes: [node("Einsum", ["x"], "y", { equation: "bij->bj" })],
    },
  ]);
});

const c = (...shape: number[]) => [stored("c", floats("c", ...shape))];
const EXTREMES: readonly GraphCase[] = ["Max", "Min"].flatMap((op): GraphCase[] => [
  {
    name: `${op} of two halves`,
    input: [1, 6],
    nodes: [node("Split", ["x"], "a", { axis: 1 }), node(op, ["a", "b"], "y")],
  },
  {
    name: `${op} of three and a constant`,
    input: [1, 2, 3],
    nodes: [node("Neg", ["x"], "n"), node("Abs", ["x"], "m"), node(op, ["n", "c", "x", "m"], "y")],
    weights: c(2, 1),
  },
  {
    name: `${op} that broadcasts`,
    input: [1, 2, 3],
    nodes: [node("ReduceMean", ["x"], "m", { axes: [2] }), node(op, ["m", "x"], "y")],
  },
  {
    name: `${op} of one and a constant that is larger`,
    input: [1, 1, 3],
    nodes: [node(op, ["x", "c"], "y")],
    weights: c(2, 3),
  },
]);
for (const { nodes } of EXTREMES) if (nodes[0].opType === "Split") nodes[0].output = ["a", "b"];

describe("the largest and the smallest", () => {
  imports(EXTREMES);
});

describe("constants among what is stacked", () => {
  imports([
    {
      name: "behind",
      input: [1, 3],
      nodes: [node("Concat", ["x", "c"], "y", { axis: 1 })],
      weights: c(1, 2),
    },
    {
      name: "in front, between channels",
      input: [1, 2, 2, 3],
      nodes: [node("Neg", ["x"], "n"), node("Concat", ["c", "x", "c", "n"], "y", { axis: 1 })],
      weights: c(1, 1, 2, 3),
    },
    {
      name: "along the last axis",
      input: [1, 2, 3],
      nodes: [node("Concat", ["x", "c"], "y", { axis: -1 })],
      weights: c(1, 2, 1),
    },
  ]);
});

it("one slope that is not negative is a leaky ReLU", () => {
  const kinds = (slope: number) =>
    importOnnx(fileOf(graphOf({ op: "PRelu", opset: 16, inputs: [image, reals([slope])] })), "m.onnx")
      .network.nodes.slice(1)
      .map(({ layer }) => layer!.kind);
  expect(kinds(0.25)).toEqual(["leaky-relu"]);
  expect(kinds(-0.25)).toContain("add");
});
