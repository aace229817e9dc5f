import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import {
  base64Of,
  bytesOf,
  encodeListed,
  encodeNumbers,
  listedIn,
  numbersOf,
} from "../../src/formats/certificate/numbers.js";
import type { CertificateNumbers } from "../../src/formats/certificate/schema.js";

const base64 = (...bytes: number[]) => base64Of(Uint8Array.from(bytes));
const THIRD = 1 / 3;

describe("bytes of a certificate", () => {
  it("are as many as they are to be, no more and no fewer", () => {
    expect([...bytesOf("AQL/", 3, "x")]).toEqual([1, 2, 255]);
    expect(bytesOf("", 0, "x")).toHaveLength(0);
    for (const count of [2, 4, 0]) {
      expect(() => bytesOf("AQL/", count, "the list")).toThrow(
        new FormatError(`the list: expected ${count} bytes, found 3`),
      );
    }
  });

  it("are those that an array shows, not those beside them", () => {
    expect(base64Of(Uint8Array.of(9, 1, 2, 255, 9).subarray(1, 4))).toBe("AQL/");
    expect(base64Of(Float32Array.of(0, 1).subarray(1))).toBe("AACAPw==");
  });
});

describe("numbers of a certificate", () => {
  it("are bytes by 255, or little-endian floating point", () => {
    expect([...numbersOf({ byte: base64(0, 51, 255) }, 3, "x")]).toEqual([0, 0.2, 1]);
    expect([...numbersOf({ float32: base64(0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0) }, 2, "x")]).toEqual([
      1, -2.5,
    ]);
    expect([...numbersOf({ float64: base64(0, 0, 0, 0, 0, 0, 0xf0, 0x3f) }, 1, "x")]).toEqual([1]);
    expect(numbersOf({ byte: "AA==" }, 1, "x")).toBeInstanceOf(Float64Array);
    expect(numbersOf({ float32: "AACAPw==" }, 1, "x")).toBeInstanceOf(Float64Array);
  });

  it("are as many as they are to be, each of its own size", () => {
    for (const [numbers, expected] of [
      [{ byte: base64(1, 2) }, 3],
      [{ float32: base64(1, 2) }, 12],
      [{ float64: base64(1, 2) }, 24],
    ] as const) {
      expect(() => numbersOf(numbers, 3, "box")).toThrow(`box: expected ${expected} bytes, found 2`);
    }
  });

  it("are finite: no comparison with anything else proves something", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 1]) {
        const values = Float64Array.of(7, 7);
        values[at] = bad;
        const fault = `input: expected finite numbers, found ${bad}`;
        expect(() => numbersOf({ float64: base64Of(values) }, 2, "input")).toThrow(fault);
        const single = Float32Array.from(values);
        expect(() => numbersOf({ float32: base64Of(single) }, 2, "input")).toThrow(fault);
      }
    }
  });

  it.each([
    ["byte", [0, 1 / 255, 254 / 255, 1]],
    ["byte", []],
    ["float32", [0.5, -2, 2 ** -140]],
    ["float32", [2, 0]],
    // Of a negative zero a byte would lose the sign.
    ["float32", [-0, 1]],
    ["float32", [-1 / 256]],
    ["float64", [0.5, THIRD]],
    ["float64", [THIRD, 0.5]],
    // Past what single precision holds, and past a byte that wraps around.
    ["float64", [1e300]],
    ["float64", [1 + 1 / 255]],
    ["float64", [-254 / 255]],
  ])("are written as %s where that loses nothing, and no shorter form does: %j", (form, list) => {
    const values = Float64Array.from(list);
    const encoded: CertificateNumbers = encodeNumbers(values);
    expect(Object.keys(encoded)).toEqual([form]);
    const read = numbersOf(encoded, values.length, "x");
    expect([...read].map((value, i) => Object.is(value, values[i]))).toEqual(list.map(() => true));
  });
});

describe("a list by bits", () => {
  it("has the lowest bit of a byte first", () => {
    expect([...listedIn(base64(0b1000_0001, 0b10), 10, "x")]).toEqual([0, 7, 9]);
    expect([...listedIn(base64(0xff), 8, "x")]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...listedIn("", 0, "x")]).toEqual([]);
    expect(encodeListed([0, 7, 9], 10)).toBe(base64(0b1000_0001, 0b10));
    expect(encodeListed([], 9)).toBe(base64(0, 0));
    expect(encodeListed([3], 8)).toBe(base64(8));
  });

  it("has no entries beyond its size, whatever the last byte says", () => {
    expect([...listedIn(base64(0xff, 0xff), 10, "x")]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("has a byte for eight entries, the last perhaps for fewer", () => {
    for (const [size, count] of [
      [8, 1],
      [9, 2],
      [16, 2],
      [17, 3],
    ]) {
      expect(listedIn(base64(...new Array(count).fill(1)), size, "x").length).toBe(count);
      const short = base64(...new Array(count - 1).fill(1));
      expect(() => listedIn(short, size, "neurons of relu1")).toThrow(
        `neurons of relu1: expected ${count} bytes, found ${count - 1}`,
      );
    }
  });

  it("is read as it was written", () => {
    for (let size = 1; size < 20; size++) {
      const listed = Array.from({ length: size }, (_, i) => i).filter((i) => (i * i + size) % 3 === 0);
      expect([...listedIn(encodeListed(listed, size), size, "x")]).toEqual(listed);
    }
  });
});
