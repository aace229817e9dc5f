import { describe, expect, it } from "vitest";
import { checkedNetwork } from "../../src/check/network.js";
import { down, FLOOR, gamma, MACHINES, up } from "../../src/check/rounding.js";
import { random } from "../../src/compute/random.js";
import {
  averagePool,
  batchNorm,
  flatten,
  linear,
  relu,
  reshape,
  scaleShift,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { sequential } from "../../src/network/network.js";
import { compare, dyadic, minus, plus, times } from "../support/dyadic.js";
import { lively } from "../support/networks.js";

describe("roundings of a machine", () => {
  it.each([
    ["float32", (value: number) => Math.fround(value)],
    ["float32-ftz", (value: number) => (Math.abs(value) < 2 ** -126 ? 0 : Math.fround(value))],
  ] as const)("are as large as %s makes them, and no room is missing", (evaluation, round) => {
    const { unit, tiny } = MACHINES[evaluation];
    const source = random(1, evaluation);
    for (let k = 0; k < 500; k++) {
      const x = (1 + source.uniform()) * 2 ** (source.integer(250) - 150);
      expect(Math.abs(round(x) - x)).toBeLessThanOrEqual(unit * x + tiny);
    }
    expect([unit, tiny]).toEqual(evaluation === "float32" ? [2 ** -24, 2 ** -149] : [2 ** -23, 2 ** -126]);
  });

  it("are those of double precision, and none of real arithmetic", () => {
    expect([MACHINES.float64.unit, MACHINES.float64.tiny]).toEqual([Number.EPSILON / 2, Number.MIN_VALUE]);
    expect(MACHINES.real).toMatchObject({ unit: 0, tiny: 0, smooth: 0 });
  });

  it("leave tanh and sigmoid sixteen units, and values room for two factors", () => {
    for (const { unit, smooth, most } of Object.values(MACHINES)) {
      expect(smooth).toBe(16 * unit);
      expect(most).toBe(unit > 2 ** -30 ? 2 ** 60 : 2 ** 400);
    }
    expect(FLOOR).toBe(2 ** -400);
  });
});

describe("our own roundings", () => {
  it("gamma is at least k u/(1 − k u), by little, and infinite where that is no bound", () => {
    for (const [count, unit] of [
      [1, 2 ** -24],
      [1000, 2 ** -24],
      [3, 2 ** -53],
      [2 ** 20, 2 ** -23],
    ] as const) {
      const product = times(dyadic(count), dyadic(unit));
      const found = dyadic(gamma(count, unit));
      // g ≥ p/(1 − p) where g (1 − p) ≥ p.
      expect(compare(times(found, plus(dyadic(1), minus(product))), product)).toBeGreaterThanOrEqual(0);
      expect(gamma(count, unit)).toBeLessThan(((count * unit) / (1 - count * unit)) * (1 + 2 ** -39));
    }
    expect([gamma(0, 2 ** -24), gamma(0), gamma(5, 0)]).toEqual([0, 0, 0]);
    expect(gamma(2)).toBeCloseTo(2 ** -52, 24);
    expect([gamma(2 ** 23, 2 ** -24), gamma(2 ** 30, 2 ** -24)]).toEqual([Infinity, Infinity]);
    expect(gamma(2 ** 23 - 1, 2 ** -24)).toBeLessThan(1.01);
  });

  it("down and up pass the neighbours of a number, by at most three units", () => {
    const source = random(2, "ways");
    const some = Array.from({ length: 200 }, () => source.normal() * 2 ** (source.integer(400) - 200));
    for (const x of [...some, 1, -1, 2 ** 300, -(2 ** 300)]) {
      const half = Math.abs(x) * 2 ** -53;
      expect([x - down(x), up(x) - x].every((by) => by >= half && by <= 6 * half)).toBe(true);
    }
    expect([down(0), up(0)]).toEqual([-(2 ** -1070), 2 ** -1070]);
  });
});

describe("roundings of layers", () => {
  const roundings = (inputs: number, layers: Layer[]) =>
    checkedNetwork(lively(sequential([inputs], layers), 4), MACHINES.float32).layers.map(
      (layer) => layer.roundings,
    );

  it("are those of a sum: of each product two, and of the additions", () => {
    // The bias of the layer below may be added into this one's constant first.
    expect(roundings(5, [linear(4)])).toEqual([0, 8]);
    expect(roundings(5, [linear(4), relu(), linear(3)])).toEqual([0, 8, 0, 7]);
  });

  it("add up where affine layers are run as one, and begin anew after curves", () => {
    expect(roundings(5, [linear(4), linear(3)])).toEqual([0, 8, 22]);
    expect(roundings(5, [linear(4), linear(3), relu(), linear(2)])).toEqual([0, 8, 22, 0, 6]);
    expect(roundings(5, [linear(4), linear(3), linear(2)])).toEqual([0, 8, 22, 28]);
  });

  it("of rescalings are eleven, in any formula", () => {
    expect(roundings(5, [linear(6), batchNorm(), relu()])).toEqual([0, 8, 30, 0]);
    expect(roundings(2, [scaleShift([2, 3], [0, 1])])).toEqual([0, 11]);
    expect(roundings(4, [reshape([1, 2, 2]), averagePool({ kernel: 2 }), flatten()])).toEqual([0, 0, 7, 0]);
  });
});
