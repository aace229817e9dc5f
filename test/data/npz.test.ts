import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { readNpzDataset } from "../../src/data/npz-dataset.js";
import { encodeNpz, parseNpy, parseNpz, readNpz, writeNpz } from "../../src/formats/npz.js";
import { expectError, temporaryFolder } from "./fixtures.js";

const folder = temporaryFolder();

/** An .npy file as NumPy would write it. */
function npy(descriptor: string, shape: string, body: Uint8Array, fortran = "False"): Uint8Array {
  const text = `{'descr': '${descriptor}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`.padEnd(117);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"), Buffer.from(`${text}\n`), body]);
}

const bytesOf = (values: ArrayBufferView) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

let written = 0;
function put(bytes: Uint8Array): string {
  const path = join(folder, `set-${written++}.npz`);
  writeFileSync(path, bytes);
  return path;
}

describe("npz archives", () => {
  test("what is written is read back", async () => {
    const path = join(folder, "round.npz");
    const arrays = {
      a: { shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6.5) },
      b: { shape: [2], values: BigInt64Array.of(-1n, 2n ** 40n) },
      c: { shape: [], values: Float64Array.of(0.1) },
      d: { shape: [3], values: Uint8Array.of(1, 2, 255) },
    };
    await writeNpz(path, arrays);
    const found = await readNpz(path);
    for (const [name, { shape, values }] of Object.entries(arrays)) {
      expect(found.get(name)!.shape).toEqual(shape);
      expect(found.get(name)!.values).toEqual(values);
    }
    expect([...(await readNpz(path, ["d"])).keys()]).toEqual(["d"]);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("fortran order and big-endian bytes are undone", () => {
    // The array [[1, 2, 3], [4, 5, 6]] column by column.
    const columns = bytesOf(Float32Array.of(1, 4, 2, 5, 3, 6));
    const fortran = parseNpy(npy("<f4", "(2, 3)", columns, "True"), "f");
    expect([...(fortran.values as Float32Array)]).toEqual([1, 2, 3, 4, 5, 6]);
    const big = parseNpy(npy(">i2", "(2,)", Uint8Array.of(1, 2, 0xff, 0xfe)), "b");
    expect([...(big.values as Int16Array)]).toEqual([258, -2]);
    // Three dimensions: element (i, j, k) is 100 i + 10 j + k.
    const cube: number[] = [];
    for (let k = 0; k < 4; k++)
      for (let j = 0; j < 3; j++) for (let i = 0; i < 2; i++) cube.push(100 * i + 10 * j + k);
    const ordered = parseNpy(npy("|u1", "(2, 3, 4)", Uint8Array.from(cube), "True"), "c")
      .values as Uint8Array;
    expect([...ordered.subarray(0, 5)]).toEqual([0, 1, 2, 3, 10]);
    expect(ordered[23]).toBe(123);
  });

  test.each<[string, Uint8Array, string[]]>([
    ["other bytes", Buffer.from("hello, this is no array"), ["NumPy array", "23"]],
    ["a truncated array", npy("<f4", "(3,)", new Uint8Array(8)), ["expected 12 bytes", "[3]", "found 8"]],
    ["a longer array", npy("<f4", "(1,)", new Uint8Array(8)), ["expected 4 bytes", "found 8"]],
    ["an unknown element type", npy("<c8", "(1,)", new Uint8Array(8)), ["element type", "found <c8"]],
    ["an array of objects", npy("|O", "(1,)", new Uint8Array(8)), ["found |O", "astype(str)"]],
    ["a record array", npy("", "(1,)", new Uint8Array(8)), ["element type"]],
  ])("%s is refused", async (_, bytes, parts) => {
    await expectError(
      () => parseNpz(zipSync({ "x.npy": bytes }), "f.npz"),
      ["f.npz: x.npy", "expected", ...parts],
    );
  });

  test("a truncated, foreign or corrupt archive is refused", async () => {
    const whole = encodeNpz({ x: { shape: [1000], values: new Float32Array(1000).map((_, i) => i) } });
    for (const length of [0, 10, 1000, whole.length - 5]) {
      await expectError(
        () => parseNpz(whole.subarray(0, length), "f.npz"),
        ["f.npz", `found ${length} bytes`],
      );
    }
    await expectError(() => parseNpz(new Uint8Array(500).fill(65), "f.npz"), ["f.npz", "zip"]);
    const stored = zipSync({ "x.npy": npy("<f4", "(2,)", new Uint8Array(8)) }, { level: 0 });
    stored[stored.indexOf(0x93) + 130]! ^= 1;
    await expectError(() => parseNpz(stored, "f.npz"), ["f.npz: x.npy", "checksum", "corrupt"]);
  });

  test("a shape that does not fit the values cannot be written", async () => {
    const wrong = { x: { shape: [3], values: new Float32Array(2) } };
    await expectError(() => encodeNpz(wrong), ["array x", "expected 3", "found 2"]);
  });
});

describe("npz data sets", () => {
  const x = { shape: [2, 1, 1, 2], values: Float32Array.of(0, 0.25, 0.5, 1) };
  const y = { shape: [2], values: BigInt64Array.of(3n, 0n) };

  test("reads float32, float64 and uint8 pixels and any integers", async () => {
    const dataset = await readNpzDataset(put(encodeNpz({ x, y })), "test");
    expect(dataset).toMatchObject({ split: "test", shape: [1, 1, 2], classes: 4, count: 2 });
    expect([...dataset.pixels]).toEqual([0, 0.25, 0.5, 1]);
    expect([...dataset.labels]).toEqual([3, 0]);
    const double = { shape: [2, 2], values: Float64Array.from(x.values) };
    expect((await readNpzDataset(put(encodeNpz({ x: double, y })), "test")).pixels).toEqual(x.values);
    const bytes = { shape: [2, 2], values: Uint8Array.of(0, 1, 128, 255) };
    const labels = { shape: [2], values: Uint8Array.of(1, 0) };
    const second = await readNpzDataset(put(encodeNpz({ x: bytes, y: labels })), "train");
    expect(second).toMatchObject({ shape: [2], classes: 2, pixels: bytes.values });
  });

  test("values of any range are read as they are", async () => {
    const values = Float32Array.of(-2.5, 0, 255, 1e30);
    const dataset = await readNpzDataset(put(encodeNpz({ x: { ...x, values }, y })), "test");
    expect(dataset.pixels).toEqual(values);
  });

  test("images with channels last are turned, those without channels get one", async () => {
    // Pixel (row, column) of channel c of example n is 100 n + 10 (2 row + column) + c.
    const last = Array.from({ length: 2 * 6 * 3 }, (_, i) => {
      const [n, at, c] = [Math.floor(i / 18), Math.floor(i / 3) % 6, i % 3];
      return 100 * n + 10 * at + c;
    });
    const path = put(encodeNpz({ x: { shape: [2, 3, 2, 3], values: Float32Array.from(last) }, y }));
    expect((await readNpzDataset(path, "test")).shape).toEqual([3, 2, 3]);
    const { shape, pixels } = await readNpzDataset(path, "test", { layout: "nhwc" });
    expect(shape).toEqual([3, 3, 2]);
    for (const n of [0, 1]) {
      for (let c = 0; c < 3; c++) {
        for (let at = 0; at < 6; at++) expect(pixels[n * 18 + c * 6 + at]).toBe(100 * n + 10 * at + c);
      }
    }
    const grey = put(encodeNpz({ x: { shape: [2, 1, 2], values: x.values }, y }));
    for (const layout of ["nchw", "nhwc"] as const) {
      expect(await readNpzDataset(grey, "test", { layout })).toMatchObject({
        shape: [1, 1, 2],
        pixels: x.values,
      });
    }
    const flat = put(encodeNpz({ x: { shape: [2, 2], values: x.values }, y }));
    expect((await readNpzDataset(flat, "test")).shape).toEqual([2]);
    await expectError(
      () => readNpzDataset(flat, "test", { layout: "nhwc" }),
      [flat, "--layout nhwc", "[N, 2]"],
    );
  });

  const names = ["ship", "über", "cat", "ship"];
  const four = { shape: [4, 1], values: Float32Array.of(1, 2, 3, 4) };
  const withTexts = (
    arrays: Parameters<typeof encodeNpz>[0],
    texts: Readonly<Record<string, Uint8Array>>,
  ) => {
    const files = Object.entries(texts).map(([name, bytes]) => [`${name}.npy`, bytes] as const);
    return put(zipSync({ ...unzipSync(encodeNpz(arrays)), ...Object.fromEntries(files) }));
  };
  const unicode = (texts: readonly string[], order: "<" | ">" = "<") => {
    const bytes = new Uint8Array(texts.length * 4 * 4);
    const view = new DataView(bytes.buffer);
    for (const [i, text] of texts.entries()) {
      for (const [p, letter] of [...text].entries()) {
        view.setUint32(16 * i + 4 * p, letter.codePointAt(0)!, order === "<");
      }
    }
    return npy(`${order}U4`, `(${texts.length},)`, bytes);
  };

  test.each([
    ["<U", unicode(names)],
    [">U", unicode(names, ">")],
    ["S", npy("|S5", "(4,)", Buffer.from("ship\0übercat\0\0ship\0"))],
  ])("labels that are texts (%s) are classes in sorted order", async (_, y) => {
    const dataset = await readNpzDataset(withTexts({ x: four }, { y }), "test");
    expect(dataset).toMatchObject({ classes: 3, classNames: ["cat", "ship", "über"] });
    expect([...dataset.labels]).toEqual([1, 2, 0, 1]);
  });

  test("names in the array classes say the order, for texts and for numbers", async () => {
    const classes = unicode(["über", "dog", "ship", "cat"]);
    const named = await readNpzDataset(withTexts({ x: four }, { y: unicode(names), classes }), "test");
    expect(named).toMatchObject({ classes: 4, classNames: ["über", "dog", "ship", "cat"] });
    expect([...named.labels]).toEqual([2, 0, 3, 2]);
    const numbers = { shape: [4], values: Int32Array.of(0, 1, 2, 1) };
    const numbered = await readNpzDataset(withTexts({ x: four, y: numbers }, { classes }), "test");
    expect(numbered).toMatchObject({ classes: 4, classNames: named.classNames });
    for (const [bad, parts] of [
      [unicode(["cat", "ship"]), ["example 1", "one of cat, ship", "über"]],
      [unicode(["cat", "ship", "über", "cat"]), ["classes", "cat", "twice"]],
      [unicode(["cat", "ship", "über", ""]), ["classes", "empty"]],
    ] as const) {
      const path = withTexts({ x: four }, { y: unicode(names), classes: bad });
      await expectError(() => readNpzDataset(path, "test"), [path, ...parts]);
    }
    const few = withTexts({ x: four, y: numbers }, { classes: unicode(["a", "b"]) });
    await expectError(() => readNpzDataset(few, "test"), [few, "at least 3", "2 names"]);
  });

  test("texts that are none, and texts for x, are refused", async () => {
    const beyond = npy("<U1", "(1,)", Uint8Array.of(255, 255, 255, 255));
    await expectError(() => parseNpy(beyond, "b"), ["b: text 0", "4294967295"]);
    const empty = withTexts({ x: four }, { y: unicode(["a", "", "b", "c"]) });
    await expectError(() => readNpzDataset(empty, "test"), [empty, "example 1", "found nothing"]);
    const bytes = npy("|S1", "(4, 1)", Uint8Array.of(1, 2, 3, 4));
    const asPixels = withTexts({ y: { shape: [4], values: Int32Array.of(0, 0, 1, 1) } }, { x: bytes });
    await expectError(() => readNpzDataset(asPixels, "test"), ["x: expected uint8", "found text"]);
  });

  test("the array classes may raise the number of classes", async () => {
    const classes = { shape: [], values: Int32Array.of(10) };
    expect((await readNpzDataset(put(encodeNpz({ x, y, classes })), "test")).classes).toBe(10);
    const few = put(encodeNpz({ x, y, classes: { shape: [], values: Int32Array.of(3) } }));
    await expectError(() => readNpzDataset(few, "test"), [few, "at least 4", "found 3"]);
  });

  test.each<[string, Parameters<typeof encodeNpz>[0], string[]]>([
    ["no y", { x }, ["x and y", "found x"]],
    ["no arrays of that name", { images: x, t: y }, ["x and y", "found neither", "images, t", "np.savez"]],
    ["no x", { y, features: x }, ["x and y", "found y", "features"]],
    ["NaN", { x: { ...x, values: Float32Array.of(0, 0, Number.NaN, 0) }, y }, ["example 1", "found NaN"]],
    ["infinite", { x: { ...x, values: Float32Array.of(0, -Infinity, 0, 0) }, y }, ["example 0", "-Infinity"]],
    ["beyond singles", { x: { ...x, values: Float64Array.of(0, 0, 0, 1e39) }, y }, ["example 1", "1e+39"]],
    [
      "integer pixels",
      { x: { ...x, values: Int32Array.of(0, 0, 0, 0) }, y },
      ["x: expected uint8", "found i4"],
    ],
    ["one dimension", { x: { shape: [4], values: x.values }, y }, ["[N, ...shape]", "found [4]"]],
    ["no examples", { x: { shape: [0, 4], values: new Float32Array(0) }, y }, ["found [0,4]"]],
    [
      "too few labels",
      { x, y: { shape: [1], values: Int32Array.of(0) } },
      ["expected shape [2]", "found [1]"],
    ],
    ["one-hot labels", { x, y: { shape: [2, 1], values: Int32Array.of(0, 1) } }, ["found [2,1]"]],
    ["float labels", { x, y: { shape: [2], values: Float32Array.of(0, 1) } }, ["integers", "found f4"]],
    ["negative labels", { x, y: { shape: [2], values: Int32Array.of(0, -1) } }, ["example 1", "found -1"]],
    ["huge labels", { x, y: { shape: [2], values: BigInt64Array.of(2n ** 40n, 0n) } }, ["1099511627776"]],
  ])("%s: refused in one line that names the file", async (_, arrays, parts) => {
    const path = put(encodeNpz(arrays));
    await expectError(() => readNpzDataset(path, "test"), [path, "expected", "found", ...parts]);
  });

  test("a missing file is refused", async () => {
    const path = join(folder, "absent.npz");
    await expectError(() => readNpzDataset(path, "test"), [path, "no such file"]);
  });
});
