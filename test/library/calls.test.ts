import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import {
  AutodualError,
  attack,
  certify,
  type Figures,
  linear,
  radius,
  relu,
  robustness,
  sequential,
  verify,
  type Work,
} from "../../src/index.js";
import { uploadWeights } from "../../src/network/weights.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

const network = sequential([4], [linear(8), relu(), linear(6), relu(), linear(3)]);
const model = lively(network, 3);
const COUNT = 7;
const x = randomExamples(network, COUNT, 5).map((value) => Math.min(1, Math.max(0, value)));
const images = Array.from({ length: COUNT }, (_, b) => Array.from({ length: 4 }, (_, f) => x[f * COUNT + b]));
const backend = createPortableBackend({ dtype: "float64" });
/** Certifies some of the images and not others. */
const EPSILON = 0.12;
const machine = { backend: "portable" } as const;

async function verdictsOf(epsilon: number) {
  const placed = { backend, network, parameters: uploadWeights(backend, model), madeFor: "float64" } as const;
  return (await certifyBatch(placed, { x }, { norm: "linf", epsilon, box: [0, 1] })).examples;
}

describe("certify", () => {
  it("gives the verdicts of the bounds, whatever the batch", async () => {
    const expected = await verdictsOf(EPSILON);
    expect(new Set(expected.map(({ certified }) => certified)).size).toBe(2);
    for (const batch of [1, 3, 20]) {
      const { examples, guarantee, summary } = await certify(model, images, {
        epsilon: EPSILON,
        batch,
        ...machine,
      });
      expect(guarantee).toBe("deterministic");
      for (const [b, { prediction, certified, marginLower }] of examples.entries()) {
        expect([prediction, certified]).toEqual([expected[b].prediction, expected[b].certified]);
        marginLower.forEach((margin, j) => {
          expect(margin).toBeCloseTo(expected[b].marginLower[j], 12);
        });
      }
      expect(examples.map(({ label }) => label)).toEqual(images.map(() => null));
      expect([summary.error, summary.robustError]).toEqual([null, null]);
    }
  });

  it("tells for which evaluation its certificates hold", async () => {
    const labels = images.map(() => 0);
    const asked = { epsilon: 0.01, labels, ...machine };
    const own = await certify(model, images, asked);
    expect(own.evaluation).toBe("float64");
    expect(own.statement).toContain("in real arithmetic and in any float64 evaluation of this network");
    const real = await certify(model, images, { ...asked, evaluation: "real" });
    expect(real.evaluation).toBe("real");
    expect(real.statement).toContain(
      "they hold in real arithmetic, of which what a machine computes may differ",
    );
    await expect(certify(model, images, { ...asked, evaluation: "float32" })).rejects.toThrow(
      /^certify: evaluation: float32 would run another network: weight linear1/,
    );
    await expect(radius(model, images, { evaluation: "float32" })).rejects.toThrow(/^radius: evaluation/);
  });

  it("takes one image, and radii of their own", async () => {
    const [first] = await verdictsOf(0.01);
    const one = await certify(model, Float64Array.from(images[0]), { epsilon: 0.01, ...machine });
    expect(one.examples).toHaveLength(1);
    expect(one.examples[0].marginLower).toEqual(first.marginLower);
    const epsilons = images.map((_, b) => 0.005 * b);
    const each = await certify(model, images, { epsilon: { perExample: epsilons }, batch: 2, ...machine });
    for (const [b, epsilon] of epsilons.entries()) {
      const [alone] = (await certify(model, images[b], { epsilon, ...machine })).examples;
      expect(each.examples[b].marginLower).toEqual(alone.marginLower);
    }
  });

  it("counts errors where labels are known, and says what is guaranteed", async () => {
    const labels = (await verdictsOf(0)).map(({ prediction }) => prediction);
    const { summary, statement } = await certify(model, images, { epsilon: EPSILON, labels, ...machine });
    expect(summary.error).toBe(0);
    expect(summary.robustError).toBeCloseTo(1 - summary.certified, 12);
    expect(statement).toMatch(/^Guaranteed: for \d of the 7 examples/);
    const wrong = labels.map((label) => (label + 1) % 3);
    const against = { epsilon: 0, labels: wrong, against: "label", ...machine } as const;
    expect((await certify(model, images, against)).summary.certified).toBe(0);
  });

  it("lets projections certify with a probability, and estimates nothing", async () => {
    const wide = lively(sequential([4], [linear(120), relu(), linear(120), relu(), linear(3)]), 3);
    const projected = { epsilon: 1e-4, projections: 100, ...machine };
    const estimates = await certify(wide, images, projected);
    expect([estimates.guarantee, estimates.summary.certified]).toEqual(["estimate", 0]);
    const probable = await certify(wide, images, { ...projected, delta: 0.01 });
    expect(probable.guarantee).toBe("probability");
    expect(probable.summary.certified).toBeGreaterThan(0.5);
  });

  it("tells its observer, and rejects with the signal's reason", async () => {
    const seen: [Work["name"], number, Figures][] = [];
    let ended = 0;
    const observer = {
      begin: ({ name }: Work) => ({
        update: (done: number, figures: Figures) => void seen.push([name, done, figures]),
        end: () => void ended++,
      }),
    };
    await certify(model, images, { epsilon: EPSILON, batch: 3, observer, ...machine });
    expect(seen.map(([name, done]) => [name, done])).toEqual([3, 6, 7].map((done) => ["certify", done]));
    expect(ended).toBe(1);
    const controller = new AbortController();
    const stopping = { begin: () => ({ update: () => controller.abort(new Error("enough")), end() {} }) };
    const stopped = certify(model, images, {
      epsilon: EPSILON,
      batch: 1,
      signal: controller.signal,
      observer: stopping,
      ...machine,
    });
    await expect(stopped).rejects.toThrow("enough");
  });

  it.each([
    [images, { epsilon: -1 }, /epsilon/],
    [images, { epsilon: 0.1, colour: "red" }, /colour/],
    [images, { epsilon: 0.1, box: [0.9, 1] }, /box/],
    [images, { epsilon: 0.1, norm: "l2", box: [0, 1] }, /box/],
    [images, { epsilon: 0.1, labels: [0] }, /labels: expected 7/],
    [images, { epsilon: 0.1, labels: images.map(() => 3) }, /classes from 0 to 2, found 3/],
    [images, { epsilon: 0.1, against: "label" }, /labels/],
    [images, { epsilon: 0.1, delta: 0.1 }, /projections/],
    [[[0.1, 0.2]], { epsilon: 0.1 }, /image 0: expected .* = 4 numbers, found 2/],
    [[[0.1, 0.2, Number.NaN, 0]], { epsilon: 0.1 }, /finite/],
    [[], { epsilon: 0.1 }, /images/],
  ])("refuses what makes no sense in one line (%#)", async (wrong, options, message) => {
    const run = certify(model, wrong as never, { ...options, ...machine } as never);
    await expect(run).rejects.toThrow(AutodualError);
    await expect(run).rejects.toThrow(message);
  });

  it("takes a cascade of models in memory, and a model of the package by its name", async () => {
    const cascade = [model, lively(network, 4)];
    const { about, examples } = await certify(cascade, images, { epsilon: EPSILON, ...machine });
    expect(about).toBe("stage that answers");
    expect((await certify(model, images, { epsilon: EPSILON, ...machine })).about).toBe("model");
    const labels = examples.map(({ label, prediction }) => label ?? prediction);
    const attacked = await attack(cascade, images, { epsilon: EPSILON, labels, steps: 2, ...machine });
    expect(attacked.about).toBe("stage that answers");
    expect(new Set(examples.map(({ stage }) => stage))).toEqual(new Set([0, 1]));
    const blank = await certify("mnist-small-0.1/stage-1", new Float64Array(784), { epsilon: 0.01 });
    expect(blank.examples).toHaveLength(1);
  });
});

describe("attack, radius and verify", () => {
  it("agree with one another", async () => {
    const labels = (await verdictsOf(0)).map(({ prediction }) => prediction);
    const radii = await radius(model, images, { timeout: 2, most: 0.5, tolerance: 0.01, ...machine });
    for (const [b, found] of radii.entries()) {
      expect(found.label).toBeNull();
      const { answer } = await verify(
        model,
        robustness(images[b], { epsilon: found.radius, box: [0, 1], prediction: labels[b], classes: 3 }),
        { timeout: 10, ...machine },
      );
      expect(answer).toBe("holds");
      const attacked = await attack(model, images[b], {
        epsilon: found.radius,
        labels: [labels[b]],
        ...machine,
      });
      expect(attacked.summary.pgdError).toBe(0);
      if (found.broken !== null) expect(found.broken).toBeGreaterThan(found.radius);
    }
  });

  it("say what is missing", async () => {
    await expect(attack(model, images, { epsilon: 0.1, ...machine })).rejects.toThrow(/attack: labels/);
    await expect(radius(model, images, { norm: "l2", timeout: 1, ...machine })).rejects.toThrow(/linf/);
    await expect(radius([model, model], images, machine)).rejects.toThrow(/one model/);
    await expect(verify(model, "nowhere.vnnlib", machine)).rejects.toThrow(/nowhere\.vnnlib/);
  });
});

it("attack ends between two steps", async () => {
  const labels = (await verdictsOf(0)).map(({ prediction }) => prediction);
  const run = attack(model, images, {
    ...{ epsilon: 1e-6, labels, steps: 1000, restarts: 50, ...machine },
    signal: AbortSignal.timeout(20),
  });
  await expect(run).rejects.toThrow(/timeout|aborted/i);
});
