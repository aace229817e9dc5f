import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { spreadOverFeatures } from "../../src/data/by-feature.js";
import { loadDataset } from "../../src/data/load.js";
import { readNumbers } from "../../src/data/numbers-file.js";
import { FormatError } from "../../src/errors.js";
import { encodeNpz, type NpyNumbers, writeNpz } from "../../src/formats/npz.js";
import { temporaryFolder } from "./fixtures.js";

const folder = temporaryFolder();
let written = 0;

async function refuses(run: Promise<unknown>, message: RegExp): Promise<void> {
  await expect(run).rejects.toThrow(FormatError);
  await expect(run).rejects.toThrow(message);
}

const doubles = (shape: readonly number[], ...values: number[]): NpyNumbers => ({
  shape,
  values: Float64Array.from(values),
});

/** Two examples of the shape [2, 1, 3] with these bounds. */
async function boxed(bounds: Readonly<Record<string, NpyNumbers>>, x?: NpyNumbers): Promise<string> {
  const path = join(folder, `boxed-${written++}.npz`);
  const y = { shape: [2], values: Int32Array.of(0, 1) };
  const values = Float64Array.from({ length: 12 }, (_, i) => i / 10);
  await writeNpz(path, { x: x ?? { shape: [2, 2, 1, 3], values }, y, ...bounds });
  return path;
}

const boxOf = async (path: string, layout?: "nhwc") =>
  (await loadDataset(path, { split: "test", ...(layout && { layout }) })).box;

describe("bounds in an .npz file", () => {
  it("are one for all, one a channel, or one a feature", async () => {
    const path = await boxed({ lower: doubles([], -1), upper: doubles([2], 2, 4) });
    expect(await boxOf(path)).toEqual({
      lower: new Float64Array(6).fill(-1),
      upper: Float64Array.of(2, 2, 2, 4, 4, 4),
    });
    const each = await boxed({
      lower: doubles([2, 1, 3], 0, 1, 2, 3, 4, 5),
      upper: doubles([6], 6, 6, 6, 6, 6, 7),
    });
    expect((await boxOf(each))?.lower).toEqual(Float64Array.of(0, 1, 2, 3, 4, 5));
  });

  it("stand as the examples do, with channels last where these do", async () => {
    const last = doubles([1, 3, 2], 0, 1, 2, 3, 4, 5);
    const x = { shape: [2, 1, 3, 2], values: new Float32Array(12) };
    const path = await boxed({ lower: last, upper: doubles([2], 9, 8) }, x);
    expect(await boxOf(path, "nhwc")).toEqual({
      lower: Float64Array.of(0, 2, 4, 1, 3, 5),
      upper: Float64Array.of(9, 9, 9, 8, 8, 8),
    });
  });

  it("are widened to single precision, so that examples which are rounded to it stay within", async () => {
    const path = await boxed({ lower: doubles([], 0.1), upper: doubles([], 1.1) });
    const { box, pixels } = await loadDataset(path, { split: "test" });
    const [low, high] = [box!.lower[0]!, box!.upper[0]!];
    expect(low).toBeLessThanOrEqual(0.1);
    expect(high).toBeGreaterThanOrEqual(1.1);
    expect([Math.fround(low), Math.fround(high)]).toEqual([low, high]);
    expect(high - 1.1).toBeLessThan(2e-7);
    expect(pixels[11]).toBeLessThanOrEqual(high);
    expect(pixels[1]).toBeGreaterThanOrEqual(low);
  });

  it("are absent where the file has none", async () => {
    expect(await boxOf(await boxed({}))).toBeUndefined();
  });

  it.each([
    [
      "one without the other",
      { lower: doubles([], 0) },
      "lower and upper, or neither, found lower without upper",
    ],
    [
      "the other way round",
      { lower: doubles([], 1), upper: doubles([2], 2, 0) },
      "feature 3: .*at most upper, found 1 and 0",
    ],
    ["NaN", { lower: doubles([], Number.NaN), upper: doubles([], 1) }, "feature 0: expected finite"],
    ["infinity", { lower: doubles([], 0), upper: doubles([], Infinity) }, "found 0 and Infinity"],
    ["what single precision has not", { lower: doubles([], 0), upper: doubles([], 1e39) }, "expected finite"],
    [
      "another length",
      { lower: doubles([3], 0, 0, 0), upper: doubles([], 1) },
      "lower: expected one number, 2 \\(one a channel\\) or 6 in the shape of an example \\[2, 1, 3\\], found 3 of shape \\[3\\]",
    ],
    [
      "another shape",
      { lower: doubles([], 0), upper: doubles([3, 1, 2], 1, 1, 1, 1, 1, 1) },
      "upper: .*found 6 of shape \\[3, 1, 2\\]",
    ],
  ])("throws for %s", async (_, bounds, message) => {
    await refuses(loadDataset(await boxed(bounds), { split: "test" }), new RegExp(message));
  });

  it("throws for whole numbers beside bytes, whose unit is not theirs", async () => {
    const bytes = { shape: [2, 2, 1, 3], values: new Uint8Array(12) };
    const whole = { shape: [], values: Uint8Array.of(255) };
    await refuses(
      loadDataset(await boxed({ lower: whole, upper: whole }, bytes), { split: "test" }),
      /lower: expected floats, as x of bytes is divided by 255, found u1/,
    );
    const undivided = { lower: doubles([], 0), upper: doubles([2], 1, 255) };
    await refuses(
      loadDataset(await boxed(undivided, bytes), { split: "test" }),
      /lower and upper: expected at most 1 .* found 255/,
    );
  });
});

describe("numbers of a file", () => {
  const put = (name: string, bytes: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const archive = encodeNpz({ epsilon: doubles([2, 2], 1, 2, 3, 4) });
  const several = encodeNpz({ epsilon: doubles([2], 1, 2), other: doubles([1], 9) });
  const files: Readonly<
    Record<string, readonly [string | Uint8Array, readonly number[], readonly number[]]>
  > = {
    "one.npz": [archive, [2, 2], [1, 2, 3, 4]],
    "named.npz": [several, [2], [1, 2]],
    "plain.npy": [unzipSync(archive)["epsilon.npy"]!, [2, 2], [1, 2, 3, 4]],
    "flat.json": ["[0.5, 1]", [2], [0.5, 1]],
    "deep.json": ["[[1, 2], [3, 4], [5, 6]]", [3, 2], [1, 2, 3, 4, 5, 6]],
    "row.csv": ["0.5,1,1e-3\n", [3], [0.5, 1, 1e-3]],
    "column.csv": ["0.5\r\n1\r\n", [2], [0.5, 1]],
  };

  it.each(Object.entries(files))("are read from %s", async (name, [bytes, shape, values]) => {
    const found = await readNumbers(put(name, bytes), "epsilon", name);
    expect(found).toEqual({ shape, values: Float64Array.from(values) });
  });

  it.each([
    ["no.npy", null, "no.npy: no such file"],
    ["bad.npy", "text", "expected a NumPy array"],
    [
      "bad.npz",
      encodeNpz({ a: doubles([1], 1), b: doubles([1], 1) }),
      "expected an array epsilon, found a, b",
    ],
    ["bad.json", "{", "found what is no JSON"],
    ["object.json", '{"epsilon": 1}', "expected a JSON list of numbers, found an object"],
    ["text.json", '["a"]', "found a string"],
    ["ragged.json", "[[1], [1, 2]]", "expected lists of equal lengths"],
    ["empty.json", "[]", "expected numbers, found none"],
    ["bad.csv", "0.1,high", 'found "high" as number 1'],
    ["empty.csv", "\n", "found none"],
    ["decimal-commas.csv", "0,1;0,2\n", "found semicolons as well"],
  ])("%s throws", async (name, bytes, message) => {
    const path = bytes === null ? join(folder, name) : put(name, bytes);
    await refuses(readNumbers(path, "epsilon", name), new RegExp(message));
  });
});

it("a number for each feature needs no shape, and is not taken for another's", () => {
  const list = { shape: [4], values: Float64Array.of(1, 2, 3, 4) };
  expect(spreadOverFeatures(list, [4], "e")).toEqual(list.values);
  expect(spreadOverFeatures(list, [4, 1, 2], "e")).toEqual(Float64Array.of(1, 1, 2, 2, 3, 3, 4, 4));
  const ofImages = { shape: [12], values: Float64Array.from({ length: 12 }, (_, i) => i) };
  const arranged = spreadOverFeatures({ ...ofImages, shape: [2, 2, 3] }, [3, 2, 2], "e", { layout: "nhwc" });
  expect([...arranged]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
  // A list has the order of the file that it is for, as the same numbers in their shape have.
  expect(spreadOverFeatures(ofImages, [3, 2, 2], "e", { layout: "nhwc" })).toEqual(arranged);
  expect(spreadOverFeatures(ofImages, [3, 2, 2], "e")).toEqual(ofImages.values);
  expect(() => spreadOverFeatures(list, [5], "e")).toThrow(/e: expected one number, 5 in the shape/);
});
