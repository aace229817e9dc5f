import { describe, expect, it } from "vitest";
import { random } from "../../../src/compute/random.js";
import type { BallSpec } from "../../../src/threat/ball.js";
import { isInside, leastOffset, pointAt, radiiOf, randomOffset } from "./ball-points.js";

const point = (centre: number[], offset: number[]) => ({
  centre: Float64Array.from(centre),
  offset: Float64Array.from(offset),
});
const ball = (x: number[], spec: BallSpec) => ({ x: Float64Array.from(x), spec });
const ULP = 2 ** -52;

describe("isInside", () => {
  it("is exact where a sum of numbers is not", () => {
    const own = ball([0.1], { norm: "linf", epsilon: 0.2 });
    expect(isInside(point([0.1], [0.2]), own)).toBe(true);
    // 0.1 + 0.2 is rounded up.
    expect(isInside(point([0.1 + 0.2], [0]), own)).toBe(false);
    expect(isInside(point([0.1], [-0.2 * (1 + ULP)]), own)).toBe(false);
  });

  it("knows the sphere and the octahedron", () => {
    const sphere = ball([0, 0], { norm: "l2", epsilon: 5 });
    expect(isInside(point([0, 0], [3, 4]), sphere)).toBe(true);
    expect(isInside(point([0, 0], [3, 4 * (1 + ULP)]), sphere)).toBe(false);
    const octahedron = ball([1, 1], { norm: "l1", epsilon: 1 });
    expect(isInside(point([1, 1], [0.25, -0.75]), octahedron)).toBe(true);
    expect(isInside(point([1, 1], [0.25, -0.75 - ULP]), octahedron)).toBe(false);
  });

  it("knows radii by feature", () => {
    const ellipse = ball([0, 0], { norm: "l2", epsilon: { perFeature: [1, 0.5] } });
    expect(isInside(point([0, 0], [0, 0.5]), ellipse)).toBe(true);
    expect(isInside(point([0, 0], [0, 0.5 + ULP]), ellipse)).toBe(false);
    expect(isInside(point([0, 0], [0.75, 0.25]), ellipse)).toBe(true);
    const flat = ball([0, 0], { norm: "l1", epsilon: { perFeature: [1, 0] } });
    expect([isInside(point([0, 0], [1, 0]), flat), isInside(point([0, 0], [0, 1e-300]), flat)]).toEqual([
      true,
      false,
    ]);
  });

  it("knows the box", () => {
    const own = ball([0.9], { norm: "linf", epsilon: 0.2, box: [0, 1] });
    expect(pointAt(own, Float64Array.of(0.2))).toEqual(point([1], [0]));
    expect(isInside(point([0.9], [0.2]), own)).toBe(false);
    expect(isInside(point([1], [0]), own)).toBe(true);
  });
});

describe("leastOffset", () => {
  const source = random(1, "offset");
  const gradient = Float64Array.of(2, -1, 0.5);

  it.each(["linf", "l2", "l1"] as const)("%s: lies inside, and no other is less", (norm) => {
    for (const epsilon of [0, 0.3, 1e-200, { perFeature: [0.1, 0.2, 0] }]) {
      const own = ball([0.1, 0.2, 0.3], { norm, epsilon });
      const radii = radiiOf(own);
      const value = (offset: Float64Array) => offset.reduce((sum, o, f) => sum + o * gradient[f], 0);
      const least = leastOffset(own, gradient, source);
      expect(isInside(pointAt(own, least), own)).toBe(true);
      for (let i = 0; i < 50; i++) {
        const other = randomOffset(own, source);
        expect(isInside(pointAt(own, other), own)).toBe(true);
        expect(value(least)).toBeLessThanOrEqual(value(other) + 1e-12 * Math.max(...radii));
      }
    }
  });
});
