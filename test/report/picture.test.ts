import { unzlibSync } from "fflate";
import { describe, expect, it } from "vitest";
import { binsOf } from "../../src/report/page/bins.js";
import { imageShape, pictureOf } from "../../src/report/page/picture.js";

function bytesOf(uri: string): Buffer {
  return Buffer.from(uri.replace("data:image/png;base64,", ""), "base64");
}

/** The rows of a PNG that `pictureOf` wrote, without their filter bytes. */
function rowsOf(uri: string, width: number, channels: number): number[][] {
  const png = bytesOf(uri);
  const length = png.readUInt32BE(33);
  const rows = unzlibSync(png.subarray(41, 41 + length));
  const size = 1 + width * channels;
  return Array.from({ length: rows.length / size }, (_, y) => [
    ...rows.subarray(y * size + 1, (y + 1) * size),
  ]);
}

describe("pictureOf", () => {
  it("writes grey pixels as they are", () => {
    const picture = pictureOf([0, 1, 0.5, 2, -1, 0.25], [1, 2, 3])!;
    expect(bytesOf(picture.uri).subarray(0, 4)).toEqual(Buffer.from([137, 80, 78, 71]));
    expect(rowsOf(picture.uri, 3, 1)).toEqual([
      [0, 255, 128],
      [255, 0, 64],
    ]);
  });

  it("takes channel by channel, writes pixel by pixel", () => {
    const picture = pictureOf([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0], [3, 2, 2])!;
    expect(rowsOf(picture.uri, 2, 3)[0]).toEqual([255, 0, 0, 0, 255, 0]);
  });

  it("makes large images smaller by means", () => {
    const picture = pictureOf(
      Float64Array.from({ length: 112 * 112 }, (_, i) => (i % 112) % 2),
      [1, 112, 112],
    )!;
    expect([picture.width, picture.height]).toEqual([56, 56]);
    expect(rowsOf(picture.uri, 56, 1)[0][0]).toBe(128);
  });

  it.each([[[4]], [[2, 28, 28]], [[1, 1, 784]], [[1, 1, 28, 28]]])("has none of shape %j", (shape) => {
    expect(imageShape(shape)).toBeNull();
    expect(pictureOf(new Float64Array(784), shape)).toBeNull();
  });
});

describe("binsOf", () => {
  it("counts every value once, with 0 as an edge", () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i - 300) / 100);
    const bins = binsOf(values);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
    expect(bins.some(({ low }) => low === 0)).toBe(true);
    const below = bins.filter(({ high }) => high <= 0).reduce((sum, { count }) => sum + count, 0);
    expect(below).toBe(300);
  });

  it("keeps a value just below 0 below it", () => {
    const bins = binsOf([-1e-13, -1, 1]);
    expect(bins.filter(({ high }) => high <= 0).reduce((sum, { count }) => sum + count, 0)).toBe(2);
  });

  it("counts the few values below 0 in a bar below 0, and the few above in one above", () => {
    const many = Array.from({ length: 1000 }, (_, i) => 1 + i / 100);
    const below = binsOf([...many, -0.2, -3]).filter(({ high }) => high <= 0);
    expect(below.reduce((sum, { count }) => sum + count, 0)).toBe(2);
    const above = binsOf([...many.map((value) => -value), 0.2]).filter(({ low }) => low >= 0);
    expect(above.reduce((sum, { count }) => sum + count, 0)).toBe(1);
    const far = binsOf([...many.map((value) => 1000 + value), -0.2]);
    expect(far.length).toBeLessThanOrEqual(40);
    expect(far.at(-1)?.high).toBeGreaterThan(1005);
  });

  it("says where outermost bars count what lies beyond", () => {
    const bins = binsOf([...Array.from({ length: 500 }, (_, i) => i / 500), 1e6]);
    expect(bins.at(-1)).toMatchObject({ beyond: true });
    expect(bins[0].beyond).toBe(false);
  });

  it.each([[[0]], [[0.1, 0.1]], [[-3]], [[1e-9, 2e-9]]])("takes %j", (values) => {
    const bins = binsOf(values);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
    expect(bins.every(({ low, high }) => low < high)).toBe(true);
  });
});
