import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { examples } from "../../src/data/dataset.js";
import { generateGlyphs } from "../../src/data/glyphs/glyphs.js";
import { UsageError } from "../../src/errors.js";
import { expectError } from "./fixtures.js";
import { linearAccuracy } from "./linear-classifier.js";

describe("glyphs", () => {
  test("the first 100 images and labels are frozen", () => {
    const { pixels, labels, shape, classes, count } = generateGlyphs({ split: "train", count: 100 });
    expect({ shape, classes, count }).toEqual({ shape: [1, 28, 28], classes: 10, count: 100 });
    expect(createHash("sha256").update(pixels).digest("hex")).toBe(
      "6fed1818b1a2047d1982c30e5dd8e7864e77ee7b4860e385fdeeb98d095cc2ce",
    );
    expect(createHash("sha256").update(labels.join()).digest("hex")).toBe(
      "5cfdbece720fc44078e456aec7fb2a5670361dda99a28c84ad5cebbd9873076b",
    );
  });

  test("an image does not depend on the count, but on seed and split", () => {
    const few = generateGlyphs({ split: "train", count: 20, seed: 3 });
    const more = generateGlyphs({ split: "train", count: 45, seed: 3 });
    expect(more.pixels.subarray(0, few.pixels.length)).toEqual(few.pixels);
    expect(more.labels.subarray(0, 20)).toEqual(few.labels);
    expect(generateGlyphs({ split: "test", count: 20, seed: 3 }).pixels).not.toEqual(few.pixels);
    expect(generateGlyphs({ split: "train", count: 20, seed: 4 }).pixels).not.toEqual(few.pixels);
  });

  test("every ten images in a row hold each digit once", () => {
    const { labels } = generateGlyphs({ split: "test", count: 200 });
    for (let i = 0; i < 200; i += 10) {
      expect([...labels.subarray(i, i + 10)].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  test("ink is dark, paper is clean, digits are large and lie inside the image", () => {
    const { pixels, count } = generateGlyphs({ split: "train", count: 300 });
    for (let i = 0; i < count; i++) {
      const image = pixels.subarray(i * 784, (i + 1) * 784);
      expect(Math.max(...image)).toBeGreaterThan(0.91 * 255);
      const inked = [...image.keys()].filter((p) => image[p]! > 0.5 * 255);
      const rows = inked.map((p) => Math.floor(p / 28));
      const height = Math.max(...rows) - Math.min(...rows) + 1;
      expect(height).toBeGreaterThanOrEqual(14);
      // Paper: at least half of the image, and there nothing above the noise's amplitude of 0.04.
      expect([...image].filter((value) => value <= 0.04 * 255 + 1).length).toBeGreaterThan(392);
    }
  });

  test("all images are distinct", () => {
    const { pixels, count } = generateGlyphs({ split: "test", count: 1000 });
    const seen = new Set<string>();
    for (let i = 0; i < count; i++) {
      seen.add(
        createHash("sha256")
          .update(pixels.subarray(i * 784, (i + 1) * 784))
          .digest("hex"),
      );
    }
    expect(seen.size).toBe(count);
  });

  test("a linear classifier stays under 90 %, yet learns most of it", () => {
    const train = generateGlyphs({ split: "train", count: 4000 });
    const held = generateGlyphs({ split: "test" });
    const all = (count: number) => Array.from({ length: count }, (_, i) => i);
    const best = linearAccuracy(examples(train, all(4000)), examples(held, all(1000)), {
      classes: 10,
      epochs: 25,
    });
    expect(best).toBeLessThan(0.9);
    expect(best).toBeGreaterThan(0.6);
  });

  test("a count that is not a positive integer is refused", async () => {
    for (const count of [0, -1, 2.5, Number.NaN]) {
      await expectError(
        () => generateGlyphs({ split: "train", count }),
        ["limit", String(count)],
        UsageError,
      );
    }
  });
});
