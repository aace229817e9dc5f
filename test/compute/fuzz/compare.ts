import { expect } from "vitest";
import type { Dtype, FloatArray } from "../../../src/compute/backend.js";

/** As the conformance suite allows: relative to the largest entry, or 1. */
const TOLERANCES: Readonly<Record<Dtype, number>> = { float32: 64 * 2 ** -23, float64: 1e-12 };
/** Beyond it sums of a few terms may cancel, or overflow one arithmetic alone: NaN and infinities alone are compared. */
const MOST = 16;

/**
 * Entries must be equal within the tolerance of the conformance suite; what the arguments' products may be counts as one of the
 * entries, as sums of them cancel. Where an argument is large or no number, NaN must stand where it stands in the model.
 */
export function expectEqual(
  what: string,
  dtype: Dtype,
  found: FloatArray,
  expected: FloatArray,
  inputs: readonly FloatArray[],
  times: number,
): void {
  expect(found.length, `${what}: entries`).toBe(expected.length);
  let largest = 0;
  for (const input of inputs) for (const entry of input) largest = Math.max(largest, Math.abs(entry));
  const tame = largest <= MOST;
  let scale = Math.max(1, largest ** 2);
  for (const entry of expected) if (Number.isFinite(entry)) scale = Math.max(scale, Math.abs(entry));
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(found[i], expected[i])) continue;
    const error = Math.abs(found[i] - expected[i]) / scale;
    if (error <= TOLERANCES[dtype] * times || (!tame && isNoNumberLost(found[i], expected[i]))) continue;
    expect.fail(`${what}: entry ${i} is ${found[i]}, expected ${expected[i]} (error ${error})`);
  }
}

/** NaN, or on the way to it an infinity. */
function isNoNumberLost(found: number, expected: number): boolean {
  return !Number.isNaN(expected) || !Number.isFinite(found);
}
