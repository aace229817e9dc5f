import { describe, expect, it, vi } from "vitest";
import type { Arithmetic } from "../../src/compute/arithmetic.js";
import { IEEE } from "../../src/compute/arithmetic.js";
import { UnsupportedOperatorError } from "../../src/errors.js";
import {
  add,
  flatten,
  hardtanh,
  leakyRelu,
  linear,
  maxPool,
  relu,
  sigmoid,
} from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";
import { afterActivation, afterMaxPool } from "../../src/network/rounding/after-enclosed.js";
import { atInput, known, type NodeValues, stacked } from "../../src/network/rounding/node-values.js";
import { roundingErrors } from "../../src/network/rounding-error.js";
import { TOY } from "./toy-arithmetic.js";

const SLACK = 2 ** -49;
const REAL: Arithmetic = { ...TOY, roundoff: 0 };
const COARSE: Arithmetic = { ...TOY, underflow: 2 ** -12, flushed: 2 ** -11, functions: 2 ** -3 };
const INFINITE = Number.POSITIVE_INFINITY;

const node = (value: number[], error: number[], formats = 1, size?: number[]): NodeValues => ({
  value: Float64Array.from(value),
  size: size ? Float64Array.from(size) : Float64Array.from(value, Math.abs),
  errors: Array.from({ length: formats }, () => Float64Array.from(error)),
});

/** Of one number in one format. */
const errorAfter = (
  layer: Parameters<typeof afterActivation>[0],
  z: number,
  error: number,
  format = REAL,
): number => afterActivation(layer, node([z], [error]), [format]).errors[0][0];

function expectNear(found: number, expected: number, tolerance: number): void {
  expect(found).toBeGreaterThanOrEqual(expected);
  expect(found).toBeLessThanOrEqual(expected + tolerance);
}

describe("an activation's error", () => {
  it("is the farther of both ends", () => {
    // From −0.5 to 1.5, and from −1.5 to 0.5: the image of 0.5 is 0.5.
    expectNear(errorAfter(relu(), 0.5, 1), 1, 1e-14);
    expectNear(errorAfter(relu(), -0.5, 1), 0.5, 1e-14);
    // Where the function is flat above, what is lost lies below.
    expectNear(errorAfter(hardtanh(-1, 1), 0.75, 1), 1, 1e-14);
    expectNear(errorAfter(hardtanh(-1, 1), -0.75, 1), 1, 1e-14);
    expectNear(errorAfter(sigmoid(), 1, 0.5), 1 / (1 + Math.exp(-1)) - 1 / (1 + Math.exp(-0.5)), 1e-14);
  });

  it("counts that the ends and their images are rounded", () => {
    // Too little for z + E to be another number than z.
    for (const error of [2 ** -60, 2 ** -1074]) {
      expect(errorAfter(relu(), 1, error)).toBeGreaterThan(error);
      expectNear(errorAfter(relu(), 1, error), 2 * SLACK, 2 ** -100 + 2 * SLACK ** 2 + error * 2);
    }
    // Once for the end, once for its image.
    expectNear(errorAfter(relu(), 0, 1), 1 + 2 * SLACK, SLACK / 8);
    expectNear(errorAfter(relu(), 2 ** 10, 2 ** -30), 2 ** -30 + 2 * SLACK * 2 ** 10, SLACK);
  });

  it("is 0 where nothing is rounded, and that of the function alone where its input is known", () => {
    expect(errorAfter(relu(), 2, 0)).toBe(0);
    expect(errorAfter(relu(), -2, 1)).toBe(0);
    expectNear(errorAfter(relu(), 2, 0, COARSE), COARSE.flushed, 3 * SLACK);
    expectNear(errorAfter(relu(), -2, 1, COARSE), COARSE.flushed, SLACK);
    // The constant and the product with it: 3u, and each may underflow or be taken for 0.
    expectNear(errorAfter(leakyRelu(0.5), -8, 0, COARSE), 3 * 2 ** -4 * 4 + 2 * (2 ** -12 + 2 ** -11), 1e-13);
    // Its own rounding is relative to what may have come.
    expectNear(errorAfter(leakyRelu(0.5), -8, 2, REAL), 1, 1e-13);
    expectNear(errorAfter(leakyRelu(0.5), -8, 2, TOY), 1 + 3 * 2 ** -4 * 5, 1e-13);
    const own = 2 ** -3 + IEEE.float64.functions;
    expectNear(errorAfter(sigmoid(), 0, 0, COARSE), own, own * SLACK + SLACK);
    expectNear(errorAfter(sigmoid(), 0, 0), IEEE.float64.functions + 0.5 * SLACK, SLACK / 8);
  });

  it("stays infinite behind what may have overflowed, even where the function is bounded", () => {
    expect(errorAfter(sigmoid(), 0, INFINITE)).toBe(INFINITE);
    expect(errorAfter(hardtanh(-1, 1), 0, INFINITE)).toBe(INFINITE);
    expect(errorAfter(relu(), Number.NaN, 1)).toBe(INFINITE);
  });

  it("comes with the value and the larger of the sizes", () => {
    const before = node([-8, 2, 0.25], [0, 1, 0], 2, [16, 2, 0.25]);
    const { value, size, errors } = afterActivation(leakyRelu(0.5), before, [REAL, TOY]);
    expect([...value]).toEqual([-4, 2, 0.25]);
    expect([...size]).toEqual([16, 2, 0.25]);
    expect(errors[1][1]).toBeGreaterThan(errors[0][1]);
    // What a sum after it is relative to is the image, which may be larger.
    expect([...afterActivation(sigmoid(), node([0], [0]), [REAL]).size]).toEqual([0.5]);
  });
});

describe("a maximum's error", () => {
  it("is the largest of its entries', in each row", () => {
    const layer = maxPool({ kernel: 2, stride: 2 });
    // Four windows, two rows of each.
    const first = [-1, 5, -2, 6, -3, 7, -4, -8, -5, 1, -6, 2, -7, 3, -9, -4];
    const second = [-20, -20, -20, -20, -30, -30, -30, -30, -20, -20, -20, -20, -30, -30, -30, -30];
    const errors = [0, 0.5, 0.25, 0, 0, 0, 1, 0, 0.125, 0, 0, 0.75, 0, 0, 0, 0];
    const before = node([...first, ...second], [...errors, ...second.map(() => 0)]);
    const found = afterMaxPool(layer, [1, 4, 4], [1, 2, 2], before, 2);
    expect([...found.value]).toEqual([-1, 6, -3, 7, -20, -20, -30, -30]);
    expect([...found.size]).toEqual([6, 6, 9, 8, 20, 20, 30, 30]);
    expect([...found.errors[0]]).toEqual([0.25, 0.75, 1, 0, 0, 0, 0, 0]);
  });
});

describe("an input's error", () => {
  it("is none where single precision has it, else its rounding, or all of it where it is taken for 0", () => {
    const { float32, float64 } = IEEE;
    const ftz = { ...float32, roundoff: 2 ** -23, underflow: 2 ** -126, flushed: 2 ** -126 };
    const inputs = [Float64Array.of(0.5, 0.1), Float64Array.of(2 ** -126, 2 ** -127)];
    const { value, size, errors } = atInput(inputs, [float32, float64, ftz, REAL]);
    expect([...value]).toEqual([0.5, 2 ** -126, 0.1, 2 ** -127]);
    expect([...size]).toEqual([...value]);
    expect([...errors[0]]).toEqual([0, 0, 0.1 * 2 ** -24 + 2 ** -149, 0]);
    expect([...errors[1]]).toEqual([0, 0, 0, 0]);
    // Below the smallest that is kept, not at it.
    expect([...errors[2]]).toEqual([0, 0, 0.1 * 2 ** -23 + 2 ** -126, 2 ** -126]);
    expect([...errors[3]]).toEqual([0, 0, 0, 0]);
    const small = atInput([Float64Array.of(2 ** -127 * 1.1)], [ftz]).errors[0][0];
    expect(small).toBe(2 ** -126 + 2 ** -23 * (2 ** -127 * 1.1) + 2 ** -126);
    expect([...atInput([Float64Array.of(-0.1)], [float32]).size]).toEqual([0.1]);
  });

  it("is infinite where the format does not reach so far", () => {
    const { largest } = IEEE.float32;
    const { errors } = atInput(
      [Float64Array.of(largest, -largest, 1e39, -1e39)],
      [IEEE.float32, IEEE.float64],
    );
    expect([...errors[0]]).toEqual([0, 0, INFINITE, INFINITE]);
    expect([...errors[1]]).toEqual([0, 0, 0, 0]);
  });

  it("is infinite where nothing is known", () => {
    expect([Number.NaN, 0, 2, INFINITE].map(known)).toEqual([INFINITE, 0, 2, INFINITE]);
  });
});

describe("nodes one behind the other", () => {
  it("are one node, and one alone is itself", () => {
    const [a, b] = [node([1, -2], [3, 4], 2, [5, 6]), node([7], [8], 2)];
    expect(stacked([a])).toBe(a);
    const { value, size, errors } = stacked([a, b]);
    expect([[...value], [...size]]).toEqual([
      [1, -2, 7],
      [5, 6, 7],
    ]);
    expect(errors.map((own) => [...own])).toEqual([
      [3, 4, 8],
      [3, 4, 8],
    ]);
  });
});

describe("a network's rounding error", () => {
  const one = (weight: number[], bias: number[]) =>
    new Map([
      ["linear1.weight", Float64Array.from(weight)],
      ["linear1.bias", Float64Array.from(bias)],
    ]);

  it("is that of each input by itself", () => {
    const network = sequential([2], [linear(2), relu()]);
    const inputs = [Float64Array.of(1, 2), Float64Array.of(-3, 4), Float64Array.of(0, 0)];
    const found = roundingErrors({ network, weights: one([1, 2, 3, 4], [0, 1]) }, inputs, [
      IEEE.float32,
      REAL,
    ]);
    expect(found.map(({ outputs }) => [...outputs])).toEqual([
      [5, 12],
      [5, 8],
      [0, 1],
    ]);
    expect(found.map(({ sizes }) => [...sizes])).toEqual([
      [5, 12],
      [11, 26],
      [0, 1],
    ]);
    for (const { errors } of found) expect(errors.map(({ length }) => length)).toEqual([2, 2]);
  });

  it("reads a node as often as layers do, and no node behind the output", () => {
    const unknown = {
      kind: "custom",
      definition: { name: "mine", outputShape: () => [1], forward: () => undefined as never, dual: null },
      options: null,
    } as const;
    let behind: unknown;
    const network = graph([1], (input, attach) => {
      const z = attach(flatten(), input);
      const [a, b] = [attach(relu(), z), attach(leakyRelu(0.5), z)];
      const out = attach(add(), a, attach(add(), b, z));
      behind = attach(unknown, out);
      return out;
    });
    expect(behind).toBeDefined();
    const [{ outputs }] = roundingErrors({ network, weights: new Map() }, [Float64Array.of(-2)], [REAL]);
    expect([...outputs]).toEqual([-3]);
    const refused = sequential([1], [unknown]);
    const run = () => roundingErrors({ network: refused, weights: new Map() }, [Float64Array.of(1)], [REAL]);
    expect(run).toThrow(UnsupportedOperatorError);
    expect(run).toThrow(/^mine1: the roundings of this layer are not known$/);
  });

  it("takes max pools for what they are", () => {
    const network = sequential([1, 2, 2], [maxPool({ kernel: 2 }), flatten()]);
    const [found] = roundingErrors(
      { network, weights: new Map() },
      [Float64Array.of(-4, -1, -2, -3)],
      [REAL],
    );
    expect([...found.outputs, ...found.sizes]).toEqual([-1, 4]);
  });

  it("asks before each layer whether it is time to end", () => {
    const network = sequential([1], [flatten(), relu(), relu()]);
    const stop = { throwIfAborted: vi.fn() };
    roundingErrors({ network, weights: new Map() }, [Float64Array.of(1)], [REAL], stop as never);
    expect(stop.throwIfAborted).toHaveBeenCalledTimes(3);
  });

  it("is infinite at and behind an input that the format does not reach", () => {
    const network = sequential([1], [relu()]);
    const [found] = roundingErrors({ network, weights: new Map() }, [Float64Array.of(1e39)], [IEEE.float32]);
    expect([...found.errors[0]]).toEqual([INFINITE]);
  });
});
