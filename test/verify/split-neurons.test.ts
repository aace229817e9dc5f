import { describe, expect, it } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import { AffineLayers } from "../../src/dual/slopes/relaxation.js";
import { crownBounds, type RegionBounds } from "../../src/dual/slopes/tighten.js";
import type { Subject } from "../../src/network/subject.js";
import { ProofPart } from "../../src/verify/proof.js";
import type { OutputCase } from "../../src/verify/question.js";
import { type SearchOptions, type SearchProgress, searchByNeurons } from "../../src/verify/split-neurons.js";
import {
  caseOf,
  countParts,
  leastOf,
  randomLine,
  region,
  rowByRow,
  subject,
  threeLayers,
  twoLayers,
  unjudged,
} from "./by-hand.js";

const MUCH = new Budget(2 ** 30);

async function search(
  own: Subject,
  box: ReturnType<typeof region>,
  asked: OutputCase,
  options: Partial<SearchOptions> = {},
  use: (bounds: RegionBounds) => void = () => {},
) {
  using affine = new AffineLayers(own);
  const bounds = await crownBounds(own, box, "float64");
  use(bounds);
  return await searchByNeurons(own, affine, box, bounds, asked, {
    ...{ deadline: Deadline.in(30), evaluation: "float64", budget: MUCH },
    ...options,
  });
}

/** relu(x) − 2 relu(x − ½): 0 below 0 and at 1, ½ between; by its lines over the whole box at least −½. */
const wave = subject(twoLayers([[1], [1]], [0, -0.5], [[1, -2]], [0]));
const around = region([-1], [1]);
/** y ≤ d, or y < d. */
const atMost = (bound: number, strict = false) => caseOf([[1]], [bound], { strict: [strict] });

describe("branch and bound over neurons", () => {
  it("proves what holds: at once where bounds are enough, else by branches", async () => {
    expect(await search(wave, around, atMost(-0.6))).toEqual({ kind: "proved", bounded: 1 });
    const steps: SearchProgress[] = [];
    const found = await search(wave, around, atMost(-0.1), { onProgress: (step) => steps.push(step) });
    expect(found).toMatchObject({ kind: "proved" });
    expect(found.bounded).toBeGreaterThan(2);
    expect(steps[0]).toMatchObject({ bounded: 1, waiting: 1 });
    expect(steps[0].bound).toBeLessThan(0);
    expect(steps[0].bound).toBeGreaterThan(-0.5);
  });

  it("proves several rows together, and nothing of them apart", async () => {
    // y₀ = |x|, y₁ = 1 − |x|: not both below 0.45, nor both above.
    const tent = twoLayers(
      [[1], [-1]],
      [0, 0],
      [
        [1, 1],
        [-1, -1],
      ],
      [0, 1],
    );
    const own = unjudged(subject(tent));
    const both = (bound: number) =>
      caseOf(
        [
          [1, 0],
          [0, 1],
        ],
        [bound, bound],
      );
    expect((await search(own, around, both(0.49))).kind).toBe("proved");
    const open = await search(own, around, both(0.51));
    expect(open).toMatchObject({ kind: "open", bound: expect.closeTo(-0.01, 6) });
  });

  it("finds what breaks a property: at the end of the box that the bound is least at", async () => {
    // x₀ − 2 x₁ through neurons that are always on; x₂ plays no part.
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
    const box = region([-1, -2, 1], [1, 3, 4]);
    const found = await search(own, box, atMost(-7 + 1e-9));
    expect(found).toMatchObject({ kind: "broken", bounded: 1 });
    if (found.kind !== "broken") return;
    expect(Array.from(found.counterexample.input)).toEqual([-1, 3, 2.5]);
    expect(Array.from(found.counterexample.output)).toEqual([-7]);
    // The same in a later batch, of which this is not the first branch.
    expect(await search(wave, around, atMost(0.01))).toMatchObject({ kind: "broken" });
  });

  it("finds what breaks a property within the box, where everything is decided", async () => {
    const valley = subject(twoLayers([[1], [-1]], [-0.3, 0.3], [[1, 1]], [0]));
    const found = await search(valley, around, atMost(1e-6));
    expect(found.kind).toBe("broken");
    if (found.kind === "broken") expect(found.counterexample.input[0]).toBeCloseTo(0.3, 5);
  });
});

describe("a search that ends", () => {
  it("with the time has proved nothing", async () => {
    const late = await search(wave, around, atMost(-0.1), { deadline: Deadline.in(-1) });
    expect(late).toMatchObject({ kind: "open", bounded: 1 });
    if (late.kind === "open") expect(late.bound).toBeLessThan(0);
    // Wherever it is ended, as a point is looked at here, what is said of the least value is true: it is −0.01.
    for (let most = 1; most <= 6; most++) {
      const controller = new AbortController();
      let looks = 0;
      const evaluate = (): Float64Array => {
        looks += 1;
        if (looks >= most) controller.abort();
        return Float64Array.of(Number.NaN);
      };
      const deadline = Deadline.in(30, controller.signal);
      const found = await search({ ...wave, evaluate }, around, atMost(0.01), { deadline });
      expect(found.kind).toBe("open");
      if (found.kind === "open") expect(found.bound).toBeLessThan(-0.0099);
    }
  });

  it("with numbers that overflow has proved nothing, and tries no further decisions", async () => {
    const huge = subject(twoLayers([[1e200], [1e200]], [0, 0], [[1e200, -1e200]], [0]));
    const found = await search(huge, around, atMost(-1));
    expect(found.kind).toBe("open");
    expect(found.bounded).toBeLessThan(4);
    // Where the climb leaves variables as they are, a decision can be taken, and bounds are beyond arithmetic on one side of it.
    const { backend: moving, ...rest } = subject(
      twoLayers([[1e10], [1], [1]], [0, 0, 0.5], [[-1e298, 1, -1]], [0]),
    );
    const backend = new Proxy(moving, {
      get: (target, name) => (name === "adamStep" ? () => {} : Reflect.get(target, name, target)),
    });
    const both = await search(unjudged({ ...rest, backend }), around, atMost(-0.1));
    expect(both).toEqual({ kind: "open", bounded: 3, bound: Number.NEGATIVE_INFINITY });
  });

  it("comes to the same with little memory, one branch at a time", async () => {
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
    await search(rowByRow(wave), around, atMost(-0.01), { onProgress: ({ bounded }) => steps.push(bounded) });
    expect(steps).toEqual(steps.map((_, i) => 1 + 2 * i));
  });
});

describe("branches of a network of two hidden layers", () => {
  // t = (r₀ − 2 r₁ + ½, 1½ − r₀ − r₁) of r = relu(x, 1 − x); relu(t₀) + relu(t₁) is at most 2½.
  const deep = unjudged(
    subject(
      threeLayers([
        [
          [[1], [-1]],
          [0, 1],
        ],
        [
          [
            [1, -2],
            [-1, -1],
          ],
          [0.5, 1.5],
        ],
        [[[1, 1]], [0]],
      ]),
    ),
  );
  const box = region([-1], [2]);
  const below = (most: number) => caseOf([[-1]], [-most]);

  it("are proved by bounds that are computed again, or by crossing", async () => {
    const part = new ProofPart();
    expect(await search(deep, box, below(2.501), { part })).toMatchObject({ kind: "proved" });
    expect(countParts(part)).toEqual({ neuron: 1, leaf: 2 });
    expect(await search(deep, box, below(2.501))).toMatchObject({ kind: "proved" });
    const open = await search(deep, box, below(2.499));
    expect(open).toMatchObject({ kind: "open", bound: expect.closeTo(-0.001, 6) });
  });

  it("without an input are proved by bounds that cross", async () => {
    // As if t₁ were known to be 0.4 at most: where both of r are above 0, which they are from 0 on, it is ½.
    const use = ({ bounds }: RegionBounds): void => {
      (bounds.get(3) as { upper: Float64Array }).upper[1] = 0.4;
    };
    const part = new ProofPart();
    const whole = region([-1], [1]);
    expect(await search(deep, whole, below(1.8), { part }, use)).toEqual({ kind: "proved", bounded: 5 });
    expect(countParts(part)).toEqual({ neuron: 2, leaf: 2, crossing: 1 });
    expect(await search(deep, whole, below(1.8), {}, use)).toEqual({ kind: "proved", bounded: 5 });
  });

  it("are the box's own where there are many neurons", async () => {
    // 31 more, which count for little.
    const w1 = [[1], [1], ...Array.from({ length: 31 }, () => [1])];
    const b1 = [0, -0.5, ...Array.from({ length: 31 }, (_, i) => i / 40 - 0.4)];
    const w2 = [1, -2, ...Array.from({ length: 31 }, () => 1e-6)];
    const own = subject(twoLayers(w1, b1, [w2], [0]));
    expect(await search(own, around, atMost(-0.1))).toMatchObject({ kind: "proved" });
  });
});

describe("what is recorded of a proof", () => {
  it("is a tree in which every part is proved", async () => {
    const part = new ProofPart();
    expect((await search(wave, around, atMost(-0.01), { part })).kind).toBe("proved");
    const { neuron = 0, leaf = 0, crossing = 0 } = countParts(part);
    expect(neuron).toBeGreaterThan(0);
    expect(leaf + crossing).toBe(neuron + 1);
    const { outcome } = part;
    expect(outcome).toMatchObject({ kind: "neuron", node: 2, value: 0 });
  });

  it("has room for rounding: the best bound that was found, not the first above 0", async () => {
    const part = new ProofPart();
    await search(wave, around, atMost(-0.6), { part });
    const { outcome } = part;
    expect(outcome?.kind).toBe("leaf");
    if (outcome?.kind === "leaf") expect(outcome.bound).toBeGreaterThan(0.09);
    expect(outcome).toHaveProperty("slopes");
  });

  it("has slopes of the neurons that are asked for", async () => {
    const part = new ProofPart();
    await search(wave, around, atMost(-0.6), { part, listed: new Map([[2, Int32Array.of(1)]]) });
    if (part.outcome?.kind !== "leaf") throw new Error("expected a leaf");
    expect(part.outcome.slopes?.get(2)?.lower).toHaveLength(1);
  });

  it("is open where the property is", async () => {
    const part = new ProofPart();
    await search(unjudged(wave), around, atMost(0.01), { part });
    expect(() => countParts(part)).toThrow("open");
  });
});

describe("of networks of one input, whose least value lies at a kink or an end, branch and bound", () => {
  it.each([1, 2, 3, 4])(
    "proves nothing above the least value, and everything below it: network %d",
    async (seed) => {
      const model = randomLine(seed);
      const own = unjudged(subject(model));
      const least = leastOf(model, -1, 1);
      for (const gap of [0.1, 1e-4]) {
        const part = new ProofPart();
        expect((await search(own, around, atMost(least - gap), { part })).kind).toBe("proved");
        countParts(part);
        const open = await search(own, around, atMost(least + gap));
        expect(open.kind).toBe("open");
        if (open.kind === "open") expect(open.bound).toBeCloseTo(-gap, 7);
      }
      // With equality no bound proves it, and no input breaks it.
      expect((await search(own, around, atMost(least, true))).kind).toBe("open");
    },
  );
});
