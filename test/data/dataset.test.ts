import { expect, test } from "vitest";
import { type Dataset, examples, subset, take } from "../../src/data/dataset.js";
import { UsageError } from "../../src/errors.js";
import { expectError } from "./fixtures.js";

const dataset: Dataset = {
  name: "tiny",
  split: "train",
  shape: [1, 1, 2],
  classes: 3,
  count: 3,
  pixels: Uint8Array.of(0, 51, 102, 153, 204, 255),
  labels: Int32Array.of(2, 0, 1),
  source: "memory",
};

test("examples are feature-major and in [0, 1]", () => {
  const { x, labels } = examples(dataset, [2, 0]);
  expect([...x]).toEqual([204 / 255, 0, 1, 51 / 255]);
  expect([...labels]).toEqual([1, 2]);
});

test("float pixels are taken as they are", () => {
  const pixels = Float32Array.of(0, 0.25, 0.5, 0.75, 1, 0.125);
  expect([...examples({ ...dataset, pixels }, [1]).x]).toEqual([0.5, 0.75]);
});

test("take gives the first examples, or all", () => {
  const two = take(dataset, 2);
  expect(two.count).toBe(2);
  expect([...two.pixels]).toEqual([0, 51, 102, 153]);
  expect([...two.labels]).toEqual([2, 0]);
  expect(take(dataset, 100)).toBe(dataset);
});

test("subset copies the examples in the order asked for", () => {
  const chosen = subset(dataset, [1, 1, 0]);
  expect([...chosen.pixels]).toEqual([102, 153, 102, 153, 0, 51]);
  expect([...chosen.labels]).toEqual([0, 0, 2]);
  expect(chosen.count).toBe(3);
});

test("bad limits and indices are told in one line", async () => {
  for (const limit of [0, -3, 1.5]) await expectError(() => take(dataset, limit), [`${limit}`], UsageError);
  for (const index of [3, -1, 0.5]) {
    await expectError(() => examples(dataset, [index]), ["tiny", "0 to 2", `${index}`], UsageError);
    await expectError(() => subset(dataset, [index]), [`${index}`], UsageError);
  }
});
