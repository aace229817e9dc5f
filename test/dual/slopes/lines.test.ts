import { describe, expect, it } from "vitest";
import { Tape } from "../../../src/autodiff/index.js";
import type { Activation } from "../../../src/compute/elementwise.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { random } from "../../../src/compute/random.js";
import { enclosureOf, type Line } from "../../../src/dual/slopes/lines.js";
import { splitPoint } from "../../../src/verify/branch-choice.js";

const ACTIVATIONS: readonly Activation[] = [
  { kind: "relu" },
  { kind: "leaky-relu", slope: 0.1 },
  { kind: "leaky-relu", slope: 0.99 },
  { kind: "leaky-relu", slope: 1 },
  { kind: "leaky-relu", slope: 1.7 },
  { kind: "leaky-relu", slope: -0.3 },
  { kind: "leaky-relu", slope: 0 },
  { kind: "hardtanh", minimum: -1, maximum: 1 },
  { kind: "hardtanh", minimum: 0, maximum: 6 },
  { kind: "hardtanh", minimum: -0.3, maximum: -0.3 },
  { kind: "tanh" },
  { kind: "sigmoid" },
];

const named = ACTIVATIONS.map((f) => [JSON.stringify(f), f] as const);
const backend = createPortableBackend();
const INTERVALS = 400;

/** Random intervals: wide and narrow, on one side of 0 and across, single points among them. */
function intervals(): { lower: Float64Array; upper: Float64Array } {
  const source = random(5, "intervals");
  const lower = Float64Array.from({ length: INTERVALS }, () => 4 * source.normal());
  const upper = lower.map(
    (low, i) => low + (i % 10 === 0 ? 0 : 10 ** (2 * source.uniform() - 1.2) * source.uniform()),
  );
  for (const [i, low, high] of [
    [0, 0, 0],
    [1, 0, 1],
    [2, -1, 0],
    [3, -1, 1],
    [4, -1e-12, 1],
    [5, -1, 1e-12],
    [6, -1e6, 1e6],
  ] as const) {
    [lower[i], upper[i]] = [low, high];
  }
  return { lower, upper };
}

async function valuesOf(line: Line): Promise<(i: number, z: number) => number> {
  const slope = await backend.read(line.slope.value);
  const shift = line.shift ? await backend.read(line.shift.value) : new Float64Array(slope.length);
  return (i, z) => slope[i] * z + shift[i];
}

describe.each(named)("%s", (_, activation) => {
  it("lies between all mixes of its lines, over every interval", async () => {
    const { lower, upper } = intervals();
    using tape = new Tape(backend, { record: false });
    const leaf = (values: Float64Array) => tape.own(backend.upload(INTERVALS, 1, values));
    const enclosure = enclosureOf(tape, activation, leaf(lower), leaf(upper));
    const below = await Promise.all(enclosure.lower.map(valuesOf));
    const above = await Promise.all(enclosure.upper.map(valuesOf));
    const start = await backend.read(enclosure.start.value);
    const source = random(7, "places");
    for (let i = 0; i < INTERVALS; i++) {
      expect(start[i]).toBeGreaterThanOrEqual(-1e-12);
      expect(start[i]).toBeLessThanOrEqual(1 + 1e-12);
      const rounding = 1e-12 * (1 + Math.abs(lower[i]) + Math.abs(upper[i]));
      for (let k = 0; k < 40; k++) {
        const place = k < 2 ? k : source.uniform();
        const z = Math.min(upper[i], lower[i] + place * (upper[i] - lower[i]));
        const point = tape.own(backend.upload(1, 1, [z]));
        const value = (await backend.read(backend.apply(activation, point.value)))[0];
        const w = k % 3 === 0 ? source.integer(2) : source.uniform();
        const mix = (lines: readonly ((i: number, z: number) => number)[]) =>
          lines.length === 1 ? lines[0](i, z) : w * lines[0](i, z) + (1 - w) * lines[1](i, z);
        expect(mix(below), `below at ${z} of [${lower[i]}, ${upper[i]}]`).toBeLessThanOrEqual(
          value + rounding,
        );
        expect(mix(above), `above at ${z} of [${lower[i]}, ${upper[i]}]`).toBeGreaterThanOrEqual(
          value - rounding,
        );
      }
    }
  });

  it("meets its lines where nothing is left to split", async () => {
    const { lower, upper } = intervals();
    using tape = new Tape(backend, { record: false });
    const leaf = (values: Float64Array) => tape.own(backend.upload(INTERVALS, 1, values));
    const enclosure = enclosureOf(tape, activation, leaf(lower), leaf(upper));
    const lines = await Promise.all([...enclosure.lower, ...enclosure.upper].map(valuesOf));
    for (let i = 0; i < INTERVALS; i++) {
      if (splitPoint(activation, lower[i], upper[i]) !== null) continue;
      for (const z of [lower[i], upper[i]]) {
        const values = lines.map((line) => line(i, z));
        expect(Math.max(...values) - Math.min(...values)).toBeLessThan(1e-5);
      }
    }
  });
});

describe("splitPoint", () => {
  it.each(named)("of %s lies within the interval, and halves go on to the end", (_, activation) => {
    const { lower, upper } = intervals();
    for (let i = 0; i < INTERVALS; i++) {
      const value = splitPoint(activation, lower[i], upper[i]);
      if (value === null) continue;
      expect(value).toBeGreaterThan(lower[i]);
      expect(value).toBeLessThan(upper[i]);
    }
  });

  it.each([
    [{ kind: "relu" }, -1, 2, 0],
    [{ kind: "relu" }, 0, 2, null],
    [{ kind: "relu" }, -2, 0, null],
    [{ kind: "relu" }, Number.NaN, 1, null],
    [{ kind: "leaky-relu", slope: 1.4 }, -1, 2, 0],
    [{ kind: "hardtanh", minimum: -1, maximum: 1 }, -2, 3, -1],
    [{ kind: "hardtanh", minimum: -1, maximum: 1 }, -1, 3, 1],
    [{ kind: "hardtanh", minimum: -1, maximum: 1 }, -1, 1, null],
    [{ kind: "tanh" }, -1, 2, 0],
    [{ kind: "tanh" }, -1, 9, 4],
    [{ kind: "sigmoid" }, 1, 2, 1.5],
    [{ kind: "sigmoid" }, 1, 1 + 1e-9, null],
  ] as const)("of %j over [%d, %d]: %s", (activation, lower, upper, expected) => {
    expect(splitPoint(activation, lower, upper)).toBe(expected);
  });
});
