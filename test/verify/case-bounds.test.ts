import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { isProof } from "../../src/threat/proof.js";
import { caseBounds } from "../../src/verify/case-bounds.js";
import { caseOf, region, rowByRow, subject, twoLayers } from "./by-hand.js";

/** y = (x₀ + 2 x₁ + ½, x₁ − x₀): between −½ and 5½, and between −1 and 3, where x₀ is in [−1, 1] and x₁ in [0, 2]. */
const network = sequential([2], [linear(2)]);
const affine = subject({
  network,
  weights: new Map(
    network.parameters.map(({ name }, i) => [
      name,
      [Float64Array.of(1, 2, -1, 1), Float64Array.of(0.5, 0)][i],
    ]),
  ),
});
const box = region([-1, 0], [1, 2]);
const cases = [
  caseOf(
    [
      [1, 0],
      [0, 1],
    ],
    [0, -2],
  ),
  caseOf([], []),
  caseOf(
    [
      [-1, 0],
      [0, -1],
      [1, 0],
    ],
    [0, -3.25, -0.25],
  ),
  caseOf([[2, 1]], [0.5]),
];
/** Of the rows −½, 1; −5½, 0.25, −0.25; and of x₀ + 5 x₁ + 1 less ½. */
const expected = [1, Number.NEGATIVE_INFINITY, 0.25, -0.5];

describe("bounds of cases over a box", () => {
  it("are each that of its best row, whatever rows the others have, and never above it", async () => {
    const bounds = await caseBounds(affine, box, cases, "parallel", "real");
    for (const [i, bound] of bounds.entries()) {
      expect(bound).toBeLessThanOrEqual(expected[i]);
      expect(bound).toBeCloseTo(expected[i], 12);
    }
    expect(bounds).toHaveLength(4);
    // Nothing is worked out where there is nothing to bound.
    expect(await caseBounds(affine, box, [], "parallel", "real")).toEqual([]);
    expect(await caseBounds(affine, box, [cases[1], cases[1]], "adaptive", "real")).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it("are the same row by row", async () => {
    const bounds = await caseBounds(rowByRow(affine), box, cases, "parallel", "real");
    expect(bounds).toEqual(await caseBounds(affine, box, cases, "parallel", "real"));
  });

  it("are by the lines, and for the evaluation, that are asked for", async () => {
    // relu(x) − relu(x − 1): at least 0 between −1 and 2.
    const step = subject(twoLayers([[1], [1]], [0, -1], [[1, -1]], [0]));
    const between = region([-1], [2]);
    const own = [caseOf([[1]], [0])];
    const of = async (...how: ["parallel" | "adaptive", "real" | "float32"]) =>
      (await caseBounds(step, between, own, ...how))[0];
    // Above the second by its chord, ⅓ (z + 2); below the first by its chord's slope, ⅔ z, or by z itself.
    expect(await of("parallel", "real")).toBeCloseTo(-2 / 3, 11);
    expect(await of("adaptive", "real")).toBeCloseTo(-1, 11);
    const [inDouble, inSingle] = [await of("parallel", "real"), await of("parallel", "float32")];
    expect(inSingle).toBeLessThan(inDouble - 1e-8);
    expect(inSingle).toBeGreaterThan(inDouble - 1e-5);
  });

  it("prove nothing where they are no number", async () => {
    const [bound] = await caseBounds(
      affine,
      box,
      [
        caseOf(
          [
            [Number.NaN, 1],
            [0, 1],
          ],
          [0, -9],
        ),
      ],
      "parallel",
      "real",
    );
    expect(isProof(bound)).toBe(false);
  });

  it("leave nothing behind, not where they are ended either", async () => {
    const before = affine.backend.memory().liveBytes;
    await caseBounds(affine, box, cases, "adaptive", "float64");
    const signal = Deadline.in(-1);
    await expect(caseBounds(affine, box, cases, "adaptive", "float64", { signal })).rejects.toThrow(
      "is over",
    );
    expect(affine.backend.memory().liveBytes).toBe(before);
  });
});
