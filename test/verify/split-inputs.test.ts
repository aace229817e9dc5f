import { describe, expect, it } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import type { Bounds } from "../../src/dual/dual-layer.js";
import type { Subject } from "../../src/network/subject.js";
import { ProofPart } from "../../src/verify/proof.js";
import type { OutputCase } from "../../src/verify/question.js";
import { searchByInputs } from "../../src/verify/split-inputs.js";
import type { SearchOptions, SearchProgress } from "../../src/verify/split-neurons.js";
import {
  caseOf,
  countParts,
  leastOf,
  randomLine,
  region,
  rowByRow,
  subject,
  twoLayers,
  unjudged,
} from "./by-hand.js";

const search = (
  own: Subject,
  box: Bounds<Float64Array>,
  asked: OutputCase,
  options: Partial<SearchOptions> = {},
) =>
  searchByInputs(own, box, asked, {
    ...{ deadline: Deadline.in(30), evaluation: "float64", budget: new Budget(2 ** 30) },
    ...options,
  });

/** Until more than so many parts have been bounded. */
function upTo(most: number): Pick<SearchOptions, "deadline" | "onProgress"> {
  const controller = new AbortController();
  const deadline = Deadline.in(30, controller.signal);
  return { deadline, onProgress: ({ bounded }) => bounded > most && controller.abort() };
}

/** relu(x) − 2 relu(x − ½): 0 below 0 and at 1, ½ between; by its lines over the whole box at least −1. */
const waveModel = twoLayers([[1], [1]], [0, -0.5], [[1, -2]], [0]);
const wave = subject(waveModel);
const around = region([-1], [1]);
const atMost = (bound: number, strict = false) => caseOf([[1]], [bound], { strict: [strict] });
/** y₀ = |a| + |b|, y₁ = 1 − y₀. */
const diamond = twoLayers(
  [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ],
  [0, 0, 0, 0],
  [
    [1, 1, 1, 1],
    [-1, -1, -1, -1],
  ],
  [0, 1],
);
const square = region([-1, -1], [1, 1]);

describe("branch and bound over inputs", () => {
  it("proves what holds: at once where bounds are enough, else by halves", async () => {
    expect(await search(wave, around, atMost(-1.1))).toEqual({ kind: "proved", bounded: 1 });
    const steps: SearchProgress[] = [];
    const found = await search(wave, around, atMost(-0.1), { onProgress: (step) => steps.push(step) });
    expect(found).toEqual({
      kind: "proved",
      bounded: steps[steps.length - 1].bounded + 2 * steps[steps.length - 1].waiting,
    });
    expect(steps[0]).toEqual({ bounded: 1, waiting: 1, bound: expect.closeTo(-0.9, 9) });
    // All that wait, up to sixteen, are halved at once.
    for (const [i, { bounded, waiting }] of steps.slice(1).entries()) {
      expect(bounded).toBe(steps[i].bounded + 2 * steps[i].waiting);
      expect(waiting).toBeLessThanOrEqual(2 * steps[i].waiting);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])(
    "proves nothing above the least value, and what is below it: network %d",
    async (seed) => {
      const model = randomLine(seed);
      const least = leastOf(model, -1, 1);
      const part = new ProofPart();
      expect((await search(unjudged(subject(model)), around, atMost(least - 0.01), { part })).kind).toBe(
        "proved",
      );
      const { input = 0, leaf } = countParts(part);
      expect(leaf).toBe(input + 1);
      // What each leaf says is so in its own part of the box.
      const check = ({ outcome }: ProofPart, lower: number, upper: number): void => {
        if (outcome?.kind === "input") {
          expect([outcome.input, outcome.value]).toEqual([0, (lower + upper) / 2]);
          check(outcome.below, lower, outcome.value);
          check(outcome.above, outcome.value, upper);
        } else if (outcome?.kind === "leaf") {
          expect(outcome.bound).toBeLessThanOrEqual(leastOf(model, lower, upper) - least + 0.01);
        } else throw new Error("expected halves and leaves");
      };
      check(part, -1, 1);
      const open = await search(unjudged(subject(model)), around, atMost(least + 0.01), upTo(150));
      expect(open.kind).toBe("open");
      if (open.kind === "open") expect(open.bound).toBeLessThanOrEqual(-0.01);
      expect((await search(subject(model), around, atMost(least + 1e-3))).kind).toBe("broken");
    },
  );

  it("proves nothing that another input breaks, in whatever batch", async () => {
    // w + b, which is −1 at b = −1; of b = 0 alone it would hold.
    const both = [
      [1, 0],
      [1, 0],
      [0, 1],
    ];
    const own = subject(twoLayers(both, [0, -0.5, 5], [[1, -2, 1]], [-5]));
    const found = await search(unjudged(own), square, atMost(-0.5), upTo(60));
    expect(found.kind).toBe("open");
    if (found.kind === "open") expect(found.bound).toBeLessThanOrEqual(-0.5);
    expect((await search(unjudged(own), square, atMost(-1.1))).kind).toBe("proved");
  });

  it("takes of each part the row that bounds it best", async () => {
    // |x| and 1 − |x| are not both below ½.
    const tent = twoLayers(
      [[1], [-1]],
      [0, 0],
      [
        [1, 1],
        [-1, -1],
      ],
      [0, 1],
    );
    const both = (bound: number) =>
      caseOf(
        [
          [1, 0],
          [0, 1],
        ],
        [bound, bound],
      );
    expect((await search(unjudged(subject(tent)), around, both(0.45))).kind).toBe("proved");
    expect((await search(unjudged(subject(tent)), around, both(0.55), upTo(100))).kind).toBe("open");
    const own = caseOf(
      [
        [1, 0],
        [0, 1],
        [-1, 0],
      ],
      [0.45, 0.45, 9],
    );
    expect((await search(unjudged(subject(diamond)), square, own)).kind).toBe("proved");
  });

  it("halves every input that is still wide", async () => {
    const asked = caseOf([[1, 0]], [-0.01]);
    const part = new ProofPart();
    expect((await search(subject(diamond), region([-1, -3], [2, 1]), asked, { part })).kind).toBe("proved");
    const top = caseOf([[-1, 0]], [-3.2]);
    const high = new ProofPart();
    // At most 2 + 1, and by its chords over the whole box 3.17.
    expect((await search(subject(diamond), region([-1, -1], [2, 0.5]), top, { part: high })).kind).toBe(
      "proved",
    );
  });

  it("finds what breaks a property, at the end of the box that the bound is least at", async () => {
    const own = subject(
      twoLayers(
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
        [5, 5],
        [[1, -2]],
        [5],
      ),
    );
    const found = await search(own, region([-1, -2, 1], [1, 3, 4]), atMost(-7 + 1e-9));
    expect(found).toMatchObject({ kind: "broken", bounded: 1 });
    if (found.kind !== "broken") return;
    expect(Array.from(found.counterexample.input)).toEqual([-1, 3, 2.5]);
    // In a later batch, of several parts.
    const valley = subject(twoLayers([[1], [-1]], [-0.3, 0.3], [[1, 1]], [0]));
    const late = await search(valley, around, atMost(0.01));
    expect(late.kind).toBe("broken");
    expect(late.bounded).toBeGreaterThan(1);
  });

  it("says of a case that is met with equality that it is open, once nothing is left to halve", async () => {
    for (const dtype of ["float32", "float64"] as const) {
      const valley = subject(twoLayers([[1], [-1]], [-0.25, 0.25], [[1, 1]], [0]), dtype);
      const found = await search(valley, around, atMost(0, true));
      expect(found).toMatchObject({ kind: "open" });
      if (found.kind === "open") {
        expect(found.bound).toBeLessThanOrEqual(0);
        expect(found.bound).toBeGreaterThan(-1e-5);
      }
    }
  });
});

describe("what cannot be halved", () => {
  it.each([
    ["a point", "float64", 0.3, 0.3],
    ["two doubles next to each other", "float64", 0.3, 0.3 + 2 ** -54],
    ["two singles", "float32", 0.5, 0.5 + 2 ** -24],
    ["what has no single between", "float32", 0.5 + 2 ** -30, 0.5 + 2 ** -29],
  ] as const)("is open at once: %s", async (_, dtype, lower, upper) => {
    const own = subject(twoLayers([[1]], [0], [[1]], [0]), dtype);
    const box = region([lower], [upper]);
    const found = await search(unjudged(own), box, atMost(lower, true));
    expect(found).toMatchObject({ kind: "open", bounded: 1 });
    // The same box with another input that is wide, and plays no part.
    const two = subject(twoLayers([[1, 0]], [0], [[1]], [0]), dtype);
    const wide = await search(unjudged(two), region([lower, 0], [upper, 1]), atMost(lower, true), upTo(20));
    expect(wide.bounded).toBeGreaterThan(1);
  });

  it("is not what has doubles between, in double precision", async () => {
    const own = unjudged(subject(twoLayers([[1]], [0], [[1]], [0])));
    const found = await search(own, region([0.5], [0.5 + 2 ** -29]), atMost(0.5, true), upTo(8));
    expect(found.bounded).toBeGreaterThan(1);
  });

  it("is what overflows at the middle of the box as well", async () => {
    const huge = subject(twoLayers([[1e200], [1e200]], [0, 0], [[1e200, -1e200]], [0]));
    const found = await search(huge, around, atMost(-1));
    expect(found).toMatchObject({ kind: "open", bounded: 1 });
    expect(Number.isFinite(found.kind === "open" ? found.bound : 0)).toBe(false);
  });

  it("is not what overflows at other points of the box alone", async () => {
    // 1 below ½, and beyond arithmetic above it.
    const own = unjudged(subject(twoLayers([[1e200]], [-5e199], [[-1e200]], [1])));
    const found = await search(own, around, atMost(0.5), upTo(20));
    expect(found.kind).toBe("open");
    expect(found.bounded).toBeGreaterThan(1);
    // Ended as the middle is looked at.
    for (const at of [1, 2]) {
      const controller = new AbortController();
      let calls = 0;
      const backend = new Proxy(own.backend, {
        get(target, name) {
          if (name === "adaptiveLines" && ++calls === at) controller.abort();
          return Reflect.get(target, name, target);
        },
      });
      const deadline = Deadline.in(30, controller.signal);
      const ended = await search({ ...own, backend }, around, atMost(0.5), { deadline });
      expect(ended).toMatchObject({ kind: "open", bound: Number.NEGATIVE_INFINITY });
    }
  });
});

describe("a search that ends", () => {
  it("with the time has proved nothing, and tells no bound above the least value", async () => {
    const late = await search(wave, around, atMost(-0.1), { deadline: Deadline.in(-1) });
    expect(late).toEqual({ kind: "open", bounded: 0, bound: Number.NEGATIVE_INFINITY });
    const early = await search(unjudged(wave), around, atMost(0.01), upTo(0));
    expect(early).toEqual({ kind: "open", bounded: 1, bound: expect.closeTo(-1.01, 9) });
    // Wherever lines are made.
    for (let most = 1; most <= 12; most += 2) {
      const controller = new AbortController();
      let calls = 0;
      const backend = new Proxy(wave.backend, {
        get(target, name) {
          if (name === "adaptiveLines" && ++calls >= most) controller.abort();
          return Reflect.get(target, name, target);
        },
      });
      const deadline = Deadline.in(30, controller.signal);
      const found = await search({ ...unjudged(wave), backend }, around, atMost(0.01), { deadline });
      expect(found.kind).toBe("open");
      if (found.kind === "open") expect(found.bound).toBeLessThanOrEqual(-0.01);
    }
  });

  it("comes to the same with little memory, one part at a time, and leaves nothing behind", async () => {
    const before = wave.backend.memory().liveBytes;
    for (const own of [wave, rowByRow(wave)]) {
      const steps: number[] = [];
      const options = {
        budget: new Budget(1),
        onProgress: ({ bounded }: SearchProgress) => steps.push(bounded),
      };
      expect((await search(own, around, atMost(-0.1), options)).kind).toBe("proved");
      expect(steps).toEqual(steps.map((_, i) => 1 + 2 * i));
    }
    const steps: number[] = [];
    await search(rowByRow(wave), around, atMost(-0.1), { onProgress: ({ bounded }) => steps.push(bounded) });
    expect(steps).toEqual(steps.map((_, i) => 1 + 2 * i));
    expect(wave.backend.memory().liveBytes).toBe(before);
  });
});
