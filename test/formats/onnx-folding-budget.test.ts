import { expect, it } from "vitest";
import { FoldingBudget, type NdArray } from "../../src/formats/onnx/evaluate/index.js";

const array = (values: Float64Array): NdArray => ({ type: "float", shape: [values.length], values });
const of = (size: number): NdArray => array(new Float64Array(size));
const MOST = 2 ** 22;

it("what all nodes make together is counted", () => {
  const budget = new FoldingBudget(0);
  budget.charge([of(MOST / 2), of(MOST / 2)], [], "n");
  expect(() => budget.charge([of(1)], [], "n")).toThrow(
    `n: the constants that this file's nodes compute are too large, expected at most ${MOST} numbers together, found ${MOST + 1}`,
  );
});

it("stored numbers may be made anew, and their other shapes are free", () => {
  const stored = of(1000);
  const budget = new FoldingBudget(1000);
  for (let i = 0; i < 100; i++) budget.charge([{ ...stored, shape: [10, 100] }], [stored], "n");
  budget.charge([of(MOST)], [], "n");
  for (let i = 0; i < 8; i++) budget.charge([of(1000)], [stored], "n");
  expect(() => budget.charge([of(1000)], [stored], "n")).toThrow(/too large/);
});
