import { describe, expect, test } from "vitest";
import { describeDataset } from "../../src/data/describe.js";
import { findKnown, loadDataset } from "../../src/data/load.js";
import { locate } from "../../src/data/locate.js";

/** Declares a test of real files, skipped with a printed reason where they are absent. */
function realTest(
  name: "mnist" | "cifar10" | "fashion-mnist",
  split: "train" | "test",
  run: () => Promise<void>,
) {
  const title = `${name} (${split})`;
  if (locate(findKnown(name)!, split)) test(title, run);
  else {
    console.log(`skipped: ${title}: its files are in none of the places where data is looked for`);
    test.skip(`${title}: files absent`, run);
  }
}

describe("published data sets", () => {
  realTest("mnist", "test", async () => {
    const { count, labels, published } = await loadDataset("mnist", { split: "test" });
    expect([...labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    if (published === undefined) expect(count).toBe(10_000);
  });

  realTest("mnist", "train", async () => {
    const { labels, shape } = await loadDataset("mnist", { split: "train", limit: 10 });
    expect([...labels]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(shape).toEqual([1, 28, 28]);
  });

  realTest("cifar10", "test", async () => {
    const dataset = await loadDataset("cifar10", { split: "test" });
    expect([...dataset.labels.subarray(0, 5)]).toEqual([3, 8, 8, 0, 6]);
    const { splits } = await describeDataset("cifar10");
    expect(splits.test.count).toBe(dataset.count);
    expect(splits.test.state).toBe(dataset.published === undefined ? "complete" : "partial");
  });

  realTest("cifar10", "train", async () => {
    const { count, shape, classNames } = await loadDataset("cifar10", { split: "train" });
    expect({ count, shape }).toEqual({ count: 50_000, shape: [3, 32, 32] });
    expect(classNames![6]).toBe("frog");
  });

  realTest("fashion-mnist", "test", async () => {
    expect((await loadDataset("fashion-mnist", { split: "test", limit: 3 })).count).toBe(3);
  });
});
