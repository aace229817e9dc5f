import { TensorProto_DataType as DataType } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { float16 } from "../../src/formats/little-endian.js";
import { holderOf, holdsAll, isReal, roundedTo } from "../../src/formats/onnx/number-types.js";

const { BFLOAT16, FLOAT16, FLOAT, DOUBLE, INT64 } = DataType;

/** All numbers of a type that are not negative, in order. */
const HALVES = Array.from({ length: 0x7c00 }, (_, bits) => float16(bits));
const BRAINS = [...new Float32Array(Uint32Array.from({ length: 0x7f80 }, (_, bits) => bits << 16).buffer)];

describe("rounding to a type of real numbers", () => {
  it.each([
    ["FLOAT16", FLOAT16, HALVES],
    ["BFLOAT16", BFLOAT16, BRAINS],
  ] as const)("%s: to the nearest, of two to the even one", (_, type, numbers) => {
    for (const [i, number] of numbers.entries()) {
      expect(roundedTo(type, number)).toBe(number);
      expect(roundedTo(type, -number)).toBe(-number);
      const next = numbers[i + 1];
      if (next === undefined) continue;
      const middle = (number + next) / 2;
      const [below, above] = [middle - (next - number) / 1024, middle + (next - number) / 1024];
      expect(roundedTo(type, below)).toBe(number);
      expect(roundedTo(type, above)).toBe(next);
      // Numbers lie by their bits, and the even one ends in 0.
      expect(roundedTo(type, middle)).toBe(i % 2 === 0 ? number : next);
    }
    const [before, largest] = numbers.slice(-2);
    expect(roundedTo(type, largest + (largest - before) / 2)).toBe(Number.POSITIVE_INFINITY);
    expect(roundedTo(type, -largest - (largest - before) / 4)).toBe(-largest);
    expect(roundedTo(type, 5e-324)).toBe(0);
    expect(roundedTo(type, Number.NaN)).toBeNaN();
  });

  it("FLOAT as Math.fround has it, and DOUBLE not at all", () => {
    const source = random(3, "numbers");
    for (let i = 0; i < 100; i++) {
      const value = source.normal() * 10 ** (20 * source.normal());
      expect(roundedTo(FLOAT, value)).toBe(Math.fround(value));
      expect(roundedTo(DOUBLE, value)).toBe(value);
    }
  });
});

describe("types of real numbers", () => {
  it("hold each other's numbers or do not", () => {
    expect(holdsAll(FLOAT, FLOAT16) && holdsAll(FLOAT, BFLOAT16) && holdsAll(DOUBLE, FLOAT)).toBe(true);
    expect(holdsAll(FLOAT16, BFLOAT16) || holdsAll(BFLOAT16, FLOAT16) || holdsAll(FLOAT, DOUBLE)).toBe(false);
    expect(holdsAll(DOUBLE, INT64)).toBe(false);
    expect(isReal(INT64)).toBe(false);
  });

  it("have a narrowest one that holds them", () => {
    expect(holderOf([FLOAT16])).toBe(FLOAT16);
    expect(holderOf([FLOAT16, BFLOAT16])).toBe(FLOAT);
    expect(holderOf([FLOAT16, DOUBLE])).toBe(DOUBLE);
  });
});
