import { describe, expect, it } from "vitest";
import { Deadline } from "../../src/compute/deadline.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import type { Dataset } from "../../src/data/dataset.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import { type CertificationSettings, certifyDataset } from "../../src/runs/certification.js";
import { certifyWithinTime } from "../../src/runs/certify-within-time.js";
import type { Observer } from "../../src/runs/observer.js";
import { livelyWeights } from "../support/networks.js";

const network = sequential([4], [linear(12), relu(), linear(10), relu(), linear(3)]);
const backend = createPortableBackend({ dtype: "float64" });
const placed = {
  backend,
  network,
  parameters: uploadWeights(backend, { network, weights: livelyWeights(network, 1) }),
};
const COUNT = 24;
const source = random(1, "examples");
const points: Dataset = {
  ...{ name: "points", split: "test", count: COUNT, shape: [4], classes: 3, source: "this test" },
  pixels: Float64Array.from({ length: 4 * COUNT }, () => source.uniform()),
  labels: new Int32Array(COUNT),
};
const SETTINGS: CertificationSettings = {
  ...{ method: "parallel", against: "prediction", batch: 3, each: 60 },
  ball: { norm: "linf", epsilon: 0.2, box: [0, 1] },
};

/** Stops the work when its second round begins. */
function stopped(controller: AbortController): Observer {
  let rounds = 0;
  return {
    begin: () => {
      if (++rounds === 2) controller.abort();
      return { update: () => {}, end: () => {} };
    },
  } as Observer;
}

describe("a certification with a time for all and one for each", () => {
  it("comes to the same verdicts in two rounds", async () => {
    const once = await certifyDataset([placed], points, SETTINGS);
    const found = await certifyWithinTime([placed], points, { ...SETTINGS, deadline: Deadline.in(1e5) });
    expect(found.examples.map(({ index, certified, rung }) => [index, certified, rung])).toEqual(
      once.examples.map(({ index, certified, rung }) => [index, certified, rung]),
    );
    expect(found.summary).toMatchObject({ robustError: once.summary.robustError, unfinished: 0 });
    // Some need more than bounds, so that there was a second round.
    expect(found.summary.rungs).toEqual(once.summary.rungs);
    expect(found.examples.some(({ rung }) => rung?.includes("splitting") || rung === "slopes")).toBe(true);
  });

  it("keeps the bounds of all examples where the time ends in the second round", async () => {
    const controller = new AbortController();
    const deadline = Deadline.in(1e5, controller.signal);
    const { examples, summary } = await certifyWithinTime(
      [placed],
      points,
      { ...SETTINGS, deadline },
      { observer: stopped(controller) },
    );
    const bounds = await certifyDataset([placed], points, { ...SETTINGS, each: 0 });
    expect(examples).toEqual(bounds.examples);
    expect(summary.unreached).toBeUndefined();
  });
});
