import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/compute/backend.js";
import { Budget } from "../../src/compute/budget.js";
import type { Deadline } from "../../src/compute/deadline.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { OutOfMemoryError } from "../../src/errors.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type Subject, subjectOf } from "../../src/network/subject.js";
import { type FalsifyOptions, falsify } from "../../src/verify/falsify.js";
import type { OutputCase, Question } from "../../src/verify/question.js";
import { caseOf, region } from "./by-hand.js";
import { noHurry } from "./subjects.js";

/** y = (x₀ − 2x₁, x₀/2, x₁), by a layer that hands on its inputs. */
const network = sequential([2], [linear(2), linear(3)]);
const weights = new Map([
  ["linear1.weight", Float64Array.of(1, 0, 0, 1)],
  ["linear1.bias", new Float64Array(2)],
  ["linear2.weight", Float64Array.of(1, -2, 0.5, 0, 0, 1)],
  ["linear2.bias", new Float64Array(3)],
]);
/** Multiply-adds of a point, forward and back; and bytes of one: six numbers a feature. */
const [WORK, BYTES] = [3 * (2 * 2 + 2 * 3), 6 * 8 * (2 + 2 + 3)];

/** The subject, and every tensor of points or of weights that it was handed, `[features][columns]`. */
function watched(atOnce = 1e9, evaluate?: Subject["evaluate"]) {
  const real = createPortableBackend({ dtype: "float64" });
  const uploads: number[][][] = [];
  const upload: Backend["upload"] = (features, rows, values) => {
    uploads.push(
      Array.from({ length: features }, (_, f) => Array.from(values).slice(f * rows, (f + 1) * rows)),
    );
    return real.upload(features, rows, values);
  };
  const backend = new Proxy(real, {
    get(target, name) {
      if (name === "multiplyAddsAtOnce") return atOnce;
      return name === "upload" ? upload : Reflect.get(target, name, target);
    },
  });
  const subject = subjectOf(backend, { network, weights }, evaluate);
  uploads.length = 0;
  const of = (features: number) => uploads.filter(({ length }) => length === features);
  return { subject, points: () => of(2), weights: () => of(3) };
}

const BOX = region([0, -4], [8, 4]);
const never = caseOf([[1, 0, 0]], [-1000]);
const question = (cases: readonly OutputCase[], more: Partial<Question> = {}): Question => ({
  ...BOX,
  cases,
  ...more,
});
const options = (given: Partial<FalsifyOptions> = {}): FalsifyOptions => ({
  ...{ seed: 5, restarts: 0, steps: 0, deadline: noHurry() },
  ...given,
});

function expectClose(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void {
  expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  for (const [f, row] of expected.entries()) {
    for (const [i, value] of row.entries()) expect(found[f][i]).toBeCloseTo(value, 12);
  }
}

describe("descent", () => {
  it("goes down the largest row from the middle, each case its own, by steps from a quarter to a two-hundredth", async () => {
    const own = watched();
    // Of the first the other row is larger after a step; the second goes up.
    const rows: number[][] = [
      [1, 0, 0],
      [0, 0, 1],
    ];
    const cases = [caseOf(rows, [-100, -97]), caseOf([[-1, 0, 0]], [-100])];
    expect(await falsify(own.subject, question(cases), options({ steps: 3 }))).toBeNull();
    const [middle, last] = [8 * 0.25 * Math.sqrt(0.02), 8 * 0.25 * 0.02];
    const expected = [
      [
        [4, 4],
        [0, 0],
      ],
      [
        [2, 6],
        [2, -2],
      ],
      [
        [2, 6 + middle],
        [2 - middle, -2 - middle],
      ],
      [
        [2, 6 + middle + last],
        [2 - middle - last, -2 - middle - last],
      ],
    ];
    expect(own.points()).toHaveLength(4);
    for (const [step, points] of own.points().entries()) expectClose(points, expected[step]);
    expect(own.weights()).toEqual([
      [
        [1, -1],
        [0, 0],
        [0, 0],
      ],
      ...Array.from({ length: 2 }, () => [
        [0, -1],
        [0, 0],
        [1, 0],
      ]),
    ]);
  });

  it("takes a quarter of the box as its only step, and looks again after it", async () => {
    const own = watched();
    // y₀ is 4 in the middle, −2 then.
    const reached = caseOf([[1, 0, 0]], [-2]);
    const found = await falsify(own.subject, question([reached]), options({ steps: 1 }));
    expect([...(found?.input ?? [])]).toEqual([2, 2]);
    expect([...(found?.output ?? [])]).toEqual([-2, 1, 2]);
    expect(found?.case).toBe(reached);
    expect(await falsify(own.subject, question([reached]), options())).toBeNull();
  });

  it("stays in the box", async () => {
    const own = watched();
    await falsify(own.subject, question([never]), options({ restarts: 20, steps: 5 }));
    const [x0, x1] = own.points().at(-1) as number[][];
    expect(Math.min(...x0)).toBe(0);
    expect(Math.max(...x1)).toBe(4);
    const other = watched();
    await falsify(
      other.subject,
      question([caseOf([[-1, 0, 0]], [-1000])]),
      options({ restarts: 20, steps: 5 }),
    );
    const [above, below] = other.points().at(-1) as number[][];
    expect([Math.max(...above), Math.min(...below)]).toEqual([8, -4]);
  });

  it("goes nowhere for a case without rows, which any outputs would break", async () => {
    const own = watched(1e9, () => Float64Array.of(Number.NaN, 0, 0));
    const anything: OutputCase = { ...caseOf([], []), outputs: 3 };
    expect(await falsify(own.subject, question([anything]), options({ steps: 2 }))).toBeNull();
    expect(own.weights()).toEqual(Array.from({ length: 2 }, () => [[0], [0], [0]]));
    for (const points of own.points()) expect(points).toEqual([[4], [0]]);
  });

  it("looks before it moves", async () => {
    const own = watched();
    const met = caseOf([[1, 0, 0]], [4]);
    const found = await falsify(own.subject, question([met]), options({ steps: 7 }));
    expect([...(found?.input ?? [])]).toEqual([4, 0]);
    // One step, and the judge's own.
    expect(own.weights()).toHaveLength(1);
    expect(own.points().length).toBeLessThanOrEqual(2);
  });
});

/** Draws of the starts of one part, feature by feature; the middle where a number is 0. */
function drawn(numbers: readonly number[], uniform: () => number): number[][] {
  return [
    [0, 8],
    [-4, 8],
  ].map(([low, width]) => numbers.map((number) => low + (number === 0 ? 0.5 : uniform()) * width));
}

describe("starts", () => {
  const count = (length: number, from = 0) => Array.from({ length }, (_, i) => from + i);

  it("are the middle and random points for each case, drawn for at most 512 together", async () => {
    const own = watched();
    expect(await falsify(own.subject, question([never, never]), options({ restarts: 300 }))).toBeNull();
    const source = random(5, "falsify");
    const numbers = [...count(301), ...count(301)];
    const parts = [numbers.slice(0, 512), numbers.slice(512)];
    expect(own.points()).toEqual(parts.map((part) => drawn(part, () => source.uniform())));
  });

  it("lie in the inputs that were asked about, where those are not the box", async () => {
    const inputs = { ...region([1, 2], [2, 3]), lowerStrict: [false, true] };
    const own = watched();
    await falsify(own.subject, question([never], { inputs }), options({ restarts: 30, steps: 3 }));
    for (const [x0, x1] of own.points()) {
      for (const x of x0) expect(x).toBeGreaterThanOrEqual(1);
      for (const x of x0) expect(x).toBeLessThanOrEqual(2);
      for (const x of x1) expect(x).toBeGreaterThan(2);
      for (const x of x1) expect(x).toBeLessThanOrEqual(3);
    }
  });

  it("are the same, however many are moved at once", async () => {
    const sizesOf = async (atOnce: number, budget?: Budget) => {
      const own = watched(atOnce);
      await falsify(own.subject, question([never]), options({ restarts: 4, ...(budget && { budget }) }));
      const points = own.points();
      const source = random(5, "falsify");
      expect([0, 1].map((f) => points.flatMap((part) => part[f]))).toEqual(
        drawn(count(5), () => source.uniform()),
      );
      return points.map(([x0]) => x0.length);
    };
    expect(await sizesOf(WORK * 3)).toEqual([3, 2]);
    expect(await sizesOf(WORK * 3 - 1)).toEqual([2, 2, 1]);
    // At least one.
    expect(await sizesOf(1)).toEqual([1, 1, 1, 1, 1]);
    expect(await sizesOf(WORK * 5)).toEqual([5]);
    const used = watched().subject.backend.memory();
    const room = (bytes: number) => new Budget(used.liveBytes + used.scratchBytes + bytes);
    // Half of what is left.
    expect(await sizesOf(1e9, room(2 * BYTES * 2))).toEqual([2, 2, 1]);
    expect(await sizesOf(WORK, room(2 * BYTES * 2))).toEqual([1, 1, 1, 1, 1]);
    expect(await sizesOf(1e9, room(BYTES))).toEqual([1, 1, 1, 1, 1]);
    await expect(sizesOf(1e9, room(BYTES - 1))).rejects.toThrow(OutOfMemoryError);
  });

  it("name the first widest layer, or the input, where not one has room", async () => {
    const says = (features: number, ...layers: number[]) => {
      const own = sequential(
        [features],
        layers.map((size) => linear(size)),
      );
      const values = new Map(
        own.parameters.map(({ name, shape }) => [name, new Float64Array(shape.reduce((a, b) => a * b, 1))]),
      );
      const box = region(new Array(features).fill(0), new Array(features).fill(1));
      const subject = subjectOf(createPortableBackend({ dtype: "float64" }), {
        network: own,
        weights: values,
      });
      return falsify(subject, { ...box, cases: [caseOf([[1]], [-1])] }, options({ budget: new Budget(0) }));
    };
    await expect(says(1, 3, 3, 1)).rejects.toThrow(/layer "linear1" \(linear\): .* 384 bytes .*, 0 are left/);
    await expect(says(1, 2, 3, 1)).rejects.toThrow(/layer "linear2" \(linear\)/);
    await expect(says(4, 3, 1)).rejects.toThrow(/\(input\)/);
    // Of no cases no point is moved.
    const none = options({ budget: new Budget(0) });
    expect(await falsify(watched().subject, question([]), none)).toBeNull();
  });
});

/** Passes after it was asked so many times. */
function passing(after: number) {
  let left = after;
  const ask = () => left-- <= 0;
  return {
    get passed() {
      return ask();
    },
    passes: async () => ask(),
  } as unknown as Deadline;
}

describe("no further", () => {
  it("step begins after the deadline, nor a look at what was moved", async () => {
    const own = watched();
    await falsify(own.subject, question([never]), options({ steps: 9, deadline: passing(2) }));
    expect(own.points()).toHaveLength(3);
    expect(own.weights()).toHaveLength(3);
  });

  it("points are taken after it, nor after a counterexample", async () => {
    const own = watched(WORK * 2);
    const late = options({ restarts: 6, deadline: passing(1) });
    expect(await falsify(own.subject, question([never]), late)).toBeNull();
    expect(own.points()).toHaveLength(2);
    const other = watched(WORK * 2);
    const met = caseOf([[0, 1, 0]], [2]);
    const found = await falsify(other.subject, question([met]), options({ restarts: 6 }));
    expect([...(found?.input ?? [])]).toEqual([4, 0]);
    expect(other.points().filter(([x0]) => x0.length === 2)).toHaveLength(1);
  });
});
