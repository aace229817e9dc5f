import { expect, test } from "vitest";
import { batchSource } from "../../src/runs/training/batch-source.js";

// Batches of a run: which images an epoch sees.

const COUNT = 20;
const DATA = {
  name: "random",
  shape: [1, 4, 4],
  classes: 2,
  count: COUNT,
  split: "train" as const,
  source: "",
  pixels: Float64Array.from({ length: COUNT * 16 }, (_, i) => 1 + i),
  labels: Int32Array.from({ length: COUNT }, (_, i) => i % 2),
};

const sizes = { epochs: 5, batchSize: 6, seed: 1 };

function epochOf(augmentation: { flip: boolean; crop: number; plainEpochs?: number } | null, epoch: number) {
  const source = batchSource(DATA, { ...sizes, augmentation });
  return Array.from({ length: source.batchesPerEpoch }, (_, i) => source.batch(epoch, i));
}

test("the last epochs see images as they are, in the same order", () => {
  for (let epoch = 0; epoch < 5; epoch++) {
    const plain = epochOf(null, epoch);
    const always = epochOf({ flip: true, crop: 1 }, epoch);
    const until = epochOf({ flip: true, crop: 1, plainEpochs: 2 }, epoch);
    expect(always).not.toEqual(plain);
    expect(until).toEqual(epoch < 3 ? always : plain);
    expect(until.map(({ places }) => places)).toEqual(plain.map(({ places }) => places));
  }
});

test("all epochs may", () => {
  expect(epochOf({ flip: true, crop: 1, plainEpochs: 5 }, 0)).toEqual(epochOf(null, 0));
});
