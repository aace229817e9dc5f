import { describe, expect, test } from "vitest";
import { random } from "../../src/compute/random.js";
import { augment } from "../../src/data/augment.js";
import { batches, batchIndices } from "../../src/data/batches.js";
import { examples } from "../../src/data/dataset.js";
import { generateGlyphs } from "../../src/data/glyphs/glyphs.js";
import { ShapeError, UsageError } from "../../src/errors.js";
import { expectError } from "./fixtures.js";

const order = (seed: number, epoch: number, batch = 7) =>
  [...batchIndices(45, { batch, seed, epoch })].flatMap((indices) => [...indices]);

describe("batches", () => {
  test("each epoch is a permutation, the last batch holds what is left", () => {
    const sizes = [...batchIndices(45, { batch: 7, seed: 0, epoch: 0 })].map(({ length }) => length);
    expect(sizes).toEqual([7, 7, 7, 7, 7, 7, 3]);
    for (let epoch = 0; epoch < 5; epoch++) {
      expect(order(1, epoch).sort((a, b) => a - b)).toEqual(Array.from({ length: 45 }, (_, i) => i));
    }
  });

  test("the order depends on seed and epoch alone", () => {
    expect(order(1, 2)).toEqual(order(1, 2, 10));
    expect(order(1, 2)).not.toEqual(order(1, 3));
    expect(order(1, 2)).not.toEqual(order(2, 2));
  });

  test("a batch holds the examples at its indices", () => {
    const dataset = generateGlyphs({ split: "train", count: 25 });
    for (const { x, labels, indices } of batches(dataset, { batch: 10, seed: 0, epoch: 0 })) {
      expect({ x, labels }).toEqual(examples(dataset, indices));
    }
  });

  test("augmentation is the same for the same seed and epoch, another in the next", () => {
    const dataset = generateGlyphs({ split: "train", count: 25 });
    const run = (seed: number, epoch: number) =>
      [...batches(dataset, { batch: 25, seed, epoch, augmentation: { flip: true, crop: 4 } })][0]!;
    expect(run(0, 1)).toEqual(run(0, 1));
    expect(run(0, 1).x).not.toEqual(examples(dataset, run(0, 1).indices).x);
  });

  test("a batch size that is not a positive integer is refused", async () => {
    for (const batch of [0, -1, 1.5]) await expectError(() => order(0, 0, batch), [`${batch}`], UsageError);
  });
});

describe("augment", () => {
  // Two channels, 2 × 3, batch of 40 equal images.
  const shape = [2, 2, 3];
  const image = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
  const x = Float64Array.from({ length: 12 * 40 }, (_, i) => image[Math.floor(i / 40)]!);
  const column = (values: Float64Array, b: number) => image.map((_, f) => values[f * 40 + b]!);

  test("flips about half of the images, all channels alike", () => {
    const flipped = augment(x, shape, { flip: true }, random(0));
    const mirror = [3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14];
    let mirrored = 0;
    for (let b = 0; b < 40; b++) {
      const found = column(flipped, b);
      if (found[0] === 3) mirrored += 1;
      expect(found).toEqual(found[0] === 3 ? mirror : image);
    }
    expect(mirrored).toBeGreaterThan(8);
    expect(mirrored).toBeLessThan(32);
  });

  test("crops are shifts with zeros coming in", () => {
    const shifts: string[] = [];
    for (const down of [-1, 0, 1]) {
      for (const right of [-1, 0, 1]) {
        const pixel = (c: number, r: number, k: number) =>
          r < 0 || r > 1 || k < 0 || k > 2 ? 0 : image[c * 6 + r * 3 + k]!;
        shifts.push(
          [0, 1]
            .flatMap((c) => [0, 1].flatMap((r) => [0, 1, 2].map((k) => pixel(c, r + down, k + right))))
            .join(),
        );
      }
    }
    const cropped = augment(x, shape, { crop: 1 }, random(5));
    const seen = new Set(Array.from({ length: 40 }, (_, b) => column(cropped, b).join()));
    for (const found of seen) expect(shifts).toContain(found);
    expect(seen.size).toBeGreaterThan(5);
  });

  test("leaves its input alone, and nothing switched on changes nothing", () => {
    const before = x.slice();
    expect(augment(x, shape, {}, random(0))).toEqual(before);
    augment(x, shape, { flip: true, crop: 2 }, random(0));
    expect(x).toEqual(before);
  });

  test("other shapes are refused", async () => {
    await expectError(() => augment(x, [480], { flip: true }, random(0)), ["[480]"], ShapeError);
    await expectError(() => augment(x, [7, 7, 7], {}, random(0)), ["[7,7,7]"], ShapeError);
  });
});
