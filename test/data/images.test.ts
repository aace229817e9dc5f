import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { encode as encodePng, type ImageData } from "fast-png";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { describeDataset } from "../../src/data/describe.js";
import { loadDataset } from "../../src/data/load.js";
import { FormatError, UsageError } from "../../src/errors.js";
import { expectError, temporaryFolder } from "./fixtures.js";

const root = temporaryFolder();
let made = 0;

/** A new folder with these files. */
function folderOf(files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = join(root, `set-${made++}`);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

const SIDE = 4;

function png(values: number[], channels: number, more: Partial<ImageData> = {}): Uint8Array {
  return encodePng({
    width: SIDE,
    height: values.length / channels / SIDE,
    channels,
    data: Uint8Array.from(values),
    ...more,
  });
}

const grey = (value: number): Uint8Array => png(Array(SIDE * SIDE).fill(value), 1);
const ramp = Array.from({ length: SIDE * SIDE * 3 }, (_, i) => 5 * i);

/** A PNG with the part that says how many frames it has. */
function animated(bytes: Uint8Array, frames = 2): Uint8Array {
  const part = Buffer.alloc(20);
  part.writeUInt32BE(8, 0);
  part.write("acTL", 4, "latin1");
  part.writeUInt32BE(frames, 8);
  part.writeUInt32BE(crc32(part.subarray(4, 16)), 16);
  const header = 33;
  return Buffer.concat([bytes.subarray(0, header), part, bytes.subarray(header)]);
}

/** A JPEG of one colour. */
function oneColour(rgb: readonly number[], width = 8): Uint8Array {
  const data = Buffer.from(Array.from({ length: width * 8 }, () => [...rgb, 255]).flat());
  return jpeg.encode({ width, height: 8, data }, 100).data;
}

describe("folders of images by class", () => {
  test("the splits' folders: classes in sorted order, of both splits, in turn", async () => {
    const folder = folderOf({
      "train/cat/2.png": grey(2),
      "train/cat/1.png": grey(1),
      "train/dog/a.PNG": grey(3),
      "train/dog/.hidden": "not seen",
      "train/dog/notes.txt": "no image",
      "test/ant/x.png": grey(9),
      "test/dog/y.png": grey(8),
    });
    const train = await loadDataset(folder, { split: "train" });
    expect(train).toMatchObject({
      shape: [1, SIDE, SIDE],
      count: 3,
      classes: 3,
      classNames: ["ant", "cat", "dog"],
      source: join(folder, "train"),
    });
    expect([...train.labels]).toEqual([1, 2, 1]);
    expect([0, 1, 2].map((i) => train.pixels[i * SIDE * SIDE])).toEqual([1, 3, 2]);
    const test = await loadDataset(folder, { split: "test" });
    expect([...test.labels]).toEqual([0, 2]);
    expect(await describeDataset(folder)).toMatchObject({
      kind: "folder",
      classNames: ["ant", "cat", "dog"],
      splits: { train: { state: "complete", count: 3 }, test: { count: 2 } },
    });
  });

  test("one folder for both splits, colours channel by channel, classes.txt for the order", async () => {
    const folder = folderOf({
      "cat/1.png": png(ramp, 3),
      "ant/1.png": png(ramp, 3),
      "classes.txt": "dog\r\ncat\n\nant\n",
    });
    for (const split of ["train", "test"] as const) {
      const { shape, pixels, labels, classNames } = await loadDataset(folder, { split });
      expect({ shape, classNames }).toEqual({ shape: [3, SIDE, SIDE], classNames: ["dog", "cat", "ant"] });
      expect([...labels]).toEqual([1, 2]);
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < SIDE * SIDE; i++) expect(pixels[c * SIDE * SIDE + i]).toBe(ramp[3 * i + c]);
      }
    }
  });

  test("palettes, grey of one bit, and opaque alpha are what they show", async () => {
    const indices = [0, 1, 2, 1];
    const palette = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    const first = folderOf({ "a/1.png": png(indices, 1, { palette, depth: 8 }) });
    expect([...(await loadDataset(first, { split: "test" })).pixels]).toEqual([
      1, 4, 7, 4, 2, 5, 8, 5, 3, 6, 9, 6,
    ]);
    const withAlpha = indices.flatMap((value) => [value, 10, 20, 255]);
    const second = folderOf({ "a/1.png": png(withAlpha, 4) });
    expect([...(await loadDataset(second, { split: "test" })).pixels.slice(0, 5)]).toEqual([0, 1, 2, 1, 10]);
    // Rows of four bits, the highest first.
    const bits = encodePng({
      width: 4,
      height: 2,
      channels: 1,
      depth: 1,
      data: Uint8Array.of(0b10100000, 0b00010000),
    });
    const third = folderOf({ "a/1.png": bits });
    const { pixels, shape } = await loadDataset(third, { split: "test" });
    expect(shape).toEqual([1, 2, 4]);
    expect([...pixels]).toEqual([255, 0, 255, 0, 0, 0, 0, 255]);
  });

  test("a folder of one class, and an animation of one frame", async () => {
    const folder = folderOf({ "only/1.png": grey(1), "only/2.png": animated(grey(2), 1) });
    const { classes, count, classNames } = await loadDataset(folder, { split: "test" });
    expect({ classes, count, classNames }).toEqual({ classes: 1, count: 2, classNames: ["only"] });
  });

  test("JPEGs, by what they are and not by their names", async () => {
    const folder = folderOf({ "red/1.jpg": oneColour([200, 20, 10]), "red/2.png": oneColour([10, 200, 20]) });
    const { shape, pixels } = await loadDataset(folder, { split: "test" });
    expect(shape).toEqual([3, 8, 8]);
    for (const [at, value] of [200, 20, 10, 10, 200, 20].entries()) {
      expect(Math.abs(pixels[at * 64 + 27]! - value)).toBeLessThanOrEqual(3);
    }
  });

  const animal = (bytes: Uint8Array | string, name = "2.png") => ({
    "cat/1.png": grey(1),
    [`cat/${name}`]: bytes,
  });
  const whole = png(ramp, 3);
  test.each<[string, Readonly<Record<string, Uint8Array | string>>, readonly string[]]>([
    ["another size", animal(png(Array(8).fill(1), 1)), ["2.png", "4 × 4", "1.png", "4 × 2"]],
    ["colours among grey", animal(whole), ["2.png", "in grey", "1.png", "in colours"]],
    ["no image", animal("hello"), ["2.png", "PNG or JPEG", "5 other bytes"]],
    ["an empty file", animal(""), ["2.png", "0 other bytes"]],
    ["a truncated PNG", { "a/1.png": whole.subarray(0, whole.length - 20) }, ["1.png", "damaged"]],
    [
      "a changed PNG",
      { "a/1.png": whole.map((byte, i) => (i === whole.length - 20 ? byte ^ 1 : byte)) },
      ["1.png", "damaged"],
    ],
    ["a truncated JPEG", { "a/1.jpg": oneColour([1, 2, 3], 64).subarray(0, -2) }, ["1.jpg", "damaged"]],
    [
      "16 bits",
      { "a/1.png": encodePng({ width: 1, height: 1, channels: 1, depth: 16, data: Uint16Array.of(7) }) },
      ["8 bits", "16"],
    ],
    [
      "transparent pixels",
      { "a/1.png": png([1, 2, 3, 255, 1, 2, 3, 254, 0, 0, 0, 255, 0, 0, 0, 255], 4) },
      ["opaque"],
    ],
    ["another kind of image", animal("GIF89a", "2.gif"), ["2.gif", "another kind"]],
    ["a JPEG by another name", animal(oneColour([1, 2, 3]), "2.JFIF"), ["2.JFIF", "another kind"]],
    ["frames of an animation", animal(animated(grey(2))), ["2.png", "one picture", "animated"]],
    [
      "a folder without images among those of classes",
      { ...animal(grey(2)), "annotations/1.xml": "<x/>" },
      ["none in annotations", "classes.txt"],
    ],
    ["folders in a class", { ...animal(grey(2)), "cat/more/3.png": grey(3) }, ["cat/more", "a folder"]],
    ["no split", { "train/a/1.png": grey(1), "val/a/1.png": grey(1) }, ["folder test", "train, val"]],
    ["no images of the split", { "train/a/1.png": grey(1), "test/a/readme.txt": "" }, ["test", "found none"]],
    ["images without classes", { "1.png": grey(1) }, ["images by class", "none of them"]],
    [
      "a class that classes.txt lacks",
      { ...animal(grey(2)), "classes.txt": "dog\n" },
      ["classes.txt", "no cat"],
    ],
    [
      "a class twice in classes.txt",
      { ...animal(grey(2)), "classes.txt": "cat\ncat" },
      ["classes.txt", '"cat" twice'],
    ],
  ])("%s: one line that names the file", async (_, files, parts) => {
    const folder = folderOf(files);
    await expectError(
      () => loadDataset(folder, { split: "test" }),
      [folder, "expected", "found", ...parts],
      FormatError,
    );
  });

  test("a file that is not there, and a folder of nothing, are told in one line", async () => {
    const folder = folderOf(animal(grey(2)));
    symlinkSync(join(folder, "nowhere"), join(folder, "cat/3.png"));
    await expectError(() => loadDataset(folder, { split: "test" }), ["3.png", "no such file"]);
    const { splits } = await describeDataset(folderOf({ "readme.txt": "" }));
    for (const split of [splits.train, splits.test]) {
      expect(split).toMatchObject({ state: "missing", count: 0, source: null });
      expect(split.fault).toContain("folders of PNG or JPEG images by class");
    }
  });

  test("an absurd size is refused before it is decoded", async () => {
    const bytes = grey(1).slice();
    new DataView(bytes.buffer).setUint32(16, 2 ** 30);
    await expectError(
      () => loadDataset(folderOf({ "a/1.png": bytes }), { split: "test" }),
      ["1.png", "1073741824 × 4"],
    );
  });

  test("flags that say nothing about images are refused", async () => {
    const folder = folderOf(animal(grey(2)));
    await expectError(() => loadDataset(folder, { split: "test", layout: "nhwc" }), ["--layout"], UsageError);
    await expectError(() => loadDataset(folder, { split: "test", label: "y" }), ["--label"], UsageError);
  });
});
