import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, it } from "vitest";
import { isSameData } from "../../src/formats/same-data.js";

it.each([
  [{ a: 1, b: [2, "x"] }, { b: [2, "x"], a: 1 }, true],
  [[1, 2], [2, 1], false],
  [{ a: undefined }, {}, false],
  [{ a: undefined }, { b: undefined }, false],
  [[], {}, false],
  [null, {}, false],
  [0, -0, false],
  [Number.NaN, Number.NaN, true],
])("%j and %j", (a, b, same) => {
  expect(isSameData(a, b)).toBe(same);
});

it("tells what Node tells of JSON data", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (a, b) => {
      expect(isSameData(a, b)).toBe(isDeepStrictEqual(a, b));
      expect(isSameData(a, structuredClone(a))).toBe(true);
    }),
  );
});
