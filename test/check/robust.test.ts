import { describe, expect, it } from "vitest";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { createBackend } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import { examples, take } from "../../src/data/dataset.js";
import { loadDataset } from "../../src/data/load.js";
import { parseCertificate } from "../../src/formats/certificate/file.js";
import { encodeNumbers } from "../../src/formats/certificate/numbers.js";
import type { Claim, RobustClaim } from "../../src/formats/certificate/schema.js";
import type { LoadedModel } from "../../src/formats/model-file.js";
import { architecture } from "../../src/network/architectures.js";
import { linear, relu } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { sequential } from "../../src/network/network.js";
import { type Shape, sizeOf } from "../../src/network/shape.js";
import { initialWeights, type Model } from "../../src/network/weights.js";
import { checkClaims } from "../../src/runs/certificates/check-claims.js";
import { robustClaim } from "../../src/runs/certificates/robust-claim.js";
import { certifyDataset } from "../../src/runs/certification.js";
import { placeStages } from "../../src/runs/models/place-stages.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { certificateOfPlanes, PLANES } from "./certified-planes.js";

const loaded = (model: Model, digit = "c"): LoadedModel => ({
  ...model,
  ...{ path: `${digit}.safetensors`, sha256: digit.repeat(64), metadata: {} },
});

/** What is said of one claim, through the text of a file; null where it holds. */
async function faultOf(claim: unknown, stages: readonly LoadedModel[] = PLANES): Promise<string | null> {
  const text = JSON.stringify({ schema: "autodual/certificate/1", claims: [claim] });
  const { fault } = await checkClaims(parseCertificate(text, "c.json"), { stages });
  return fault?.what ?? null;
}

describe("claims of robustness", () => {
  const claims = Array.from({ length: 12 }, (_, seed) => certificateOfPlanes(seed).claims[0] as RobustClaim);

  it.each([
    [
      "a larger epsilon",
      (claim: RobustClaim) => ({ ...claim, epsilon: (claim.epsilon as number) * 1.02 }),
      "margin of class",
    ],
    [
      "larger margins",
      (claim: RobustClaim) => ({ ...claim, margins: claim.margins.map((own) => own * 1.001 + 1e-5) }),
      "margin of class",
    ],
    [
      "margins below 0",
      (claim: RobustClaim) => ({
        ...claim,
        epsilon: (claim.epsilon as number) * 1.02,
        margins: claim.margins.map(() => -1e9),
      }),
      "margin of class",
    ],
    [
      "another class",
      (claim: RobustClaim) => ({ ...claim, prediction: (claim.prediction + 1) % 3 }),
      "margin of class",
    ],
    [
      "a class that is none",
      (claim: RobustClaim) => ({ ...claim, prediction: 3 }),
      "expected margins of 3 classes",
    ],
    [
      "a margin too few",
      (claim: RobustClaim) => ({ ...claim, margins: claim.margins.slice(1) }),
      "expected margins of 3 classes",
    ],
    [
      "another model",
      (claim: RobustClaim) => ({
        ...claim,
        model: claim.model.replaceAll("a", "c").replaceAll("b", "a").replaceAll("c", "b"),
      }),
      "margin of class",
    ],
    [
      "no model of these",
      (claim: RobustClaim) => ({ ...claim, model: "0".repeat(64) }),
      "expected the model with SHA-256 0000",
    ],
    ["no example", ({ input: _, ...claim }: RobustClaim) => claim, "the example is not in the certificate"],
    [
      "an example of another size",
      (claim: RobustClaim) => ({ ...claim, input: { float32: "AAAAAA==" } }),
      "input: expected 8 bytes, found 4",
    ],
    [
      "an example that is no number",
      (claim: RobustClaim) => ({ ...claim, input: { float32: "AADAfwAAwH8=" } }),
      "input: expected finite numbers, found NaN",
    ],
    [
      "an infinite example",
      (claim: RobustClaim) => ({ ...claim, input: { float32: "AACAfwAAgH8=" } }),
      "input: expected finite numbers, found Infinity",
    ],
    [
      "an epsilon that is negative somewhere",
      (claim: RobustClaim) => ({ ...claim, epsilon: { float32: "AACAvwAAgL8=" } }),
      "epsilon: expected numbers of at least 0",
    ],
    ["a huge epsilon", (claim: RobustClaim) => ({ ...claim, epsilon: 1e300 }), ""],
    [
      "hints for no activation",
      (claim: RobustClaim) => ({ ...claim, plan: { linear1: {} } }),
      'expected an activation of the network, found "linear1"',
    ],
    [
      "hints under a name of JavaScript's",
      (claim: RobustClaim) => ({ ...claim, plan: { constructor: {} } }),
      "expected an activation of the network",
    ],
    [
      "a list of another size",
      (claim: RobustClaim) => ({ ...claim, neurons: { relu1: "AAAA" } }),
      "neurons of relu1: expected 1 bytes, found 3",
    ],
    [
      "slopes of unlisted neurons",
      (claim: RobustClaim) => ({ ...claim, neurons: {}, plan: { relu1: { lower: "AAAA" } } }),
      "expected a list of neurons of relu1, found none",
    ],
  ] as const)("are refused with %s", async (_, change, message) => {
    for (const claim of claims) {
      expect(await faultOf(claim)).toBeNull();
      const fault = await faultOf(change(claim));
      expect(fault).not.toBeNull();
      expect(fault).toContain(message);
    }
  });

  it("may be about an empty region only to be refused", async () => {
    const claim = claims.find(({ norm }) => norm === "linf") as RobustClaim;
    expect(await faultOf({ ...claim, box: [50, 60] })).toBe("the region is empty");
    expect(await faultOf({ ...claim, norm: "l2", box: [-1, 1] })).toContain(
      "box: expected none with a ball of norm l2",
    );
  });

  it("are not of data with fewer features, though the example begins with theirs", async () => {
    const input = Float64Array.of(0.5, 2);
    const claim = { ...claims[0], data: "points (test)", index: 0, input: encodeNumbers(input) };
    const certificate = parseCertificate(
      JSON.stringify({ schema: "autodual/certificate/1", claims: [claim] }),
      "c.json",
    );
    const fault = async (features: number) => {
      const pixels = input.slice(0, features);
      const whole = { name: "points", split: "test", classes: 3, count: 1, source: "made" } as const;
      const dataset = { ...whole, shape: [features], pixels, labels: new Int32Array(1) };
      return (await checkClaims(certificate, { stages: PLANES, dataset })).fault?.what;
    };
    expect(await fault(1)).toBe("the example is not that of the data");
    expect(await fault(2)).not.toBe("the example is not that of the data");
  });

  it("made for a coarser arithmetic hold in a finer one, made for a finer one perhaps not in a coarser", async () => {
    const real = claims.filter(({ evaluation }) => evaluation === "real" || evaluation === "float64");
    const floats = claims.filter(
      ({ evaluation }) => evaluation === "float32" || evaluation === "float32-ftz",
    );
    expect(Math.min(real.length, floats.length)).toBeGreaterThan(1);
    for (const claim of floats) expect(await faultOf({ ...claim, evaluation: "real" })).toBeNull();
    for (const claim of real)
      expect(await faultOf({ ...claim, evaluation: "float32" })).toContain("margin of class");
  });

  it("of numbers that float32 rounds away hold in real arithmetic, not in float32", async () => {
    // (x + 2²⁵) − 2²⁵ against 1/2: in float32 the first is a multiple of 4.
    const network = sequential([1], [linear(1), relu(), linear(2)]);
    const weights = new Map([
      ["linear1.weight", Float32Array.of(1)],
      ["linear1.bias", Float32Array.of(2 ** 25)],
      ["linear2.weight", Float32Array.of(1, 0)],
      ["linear2.bias", Float32Array.of(-(2 ** 25), 0.5)],
    ]);
    const stage = loaded({ network, weights });
    const made = (evaluation: Claim["evaluation"]) =>
      robustClaim({
        ...{ network: checkedNetwork(stage, MACHINES[evaluation]), model: stage.sha256, evaluation },
        ...{
          index: 0,
          data: "one",
          x: Float64Array.of(1),
          ball: { norm: "linf", epsilon: 0.1 },
          prediction: 0,
        },
      });
    const claim = made("real") as RobustClaim;
    expect(claim.margins[1]).toBeCloseTo(0.4, 3);
    expect(made("float64")).not.toBeNull();
    expect([made("float32"), made("float32-ftz")]).toEqual([null, null]);
    expect(await faultOf(claim, [stage])).toBeNull();
    expect(await faultOf({ ...claim, evaluation: "float32" }, [stage])).toContain("margin of class 1");
  });

  it("are none of a layer that is not known", () => {
    const definition = {
      name: "twice",
      outputShape: (_options: unknown, [shape]: readonly Shape[]) => shape,
      forward: () => {
        throw new Error("not run here");
      },
      dual: null,
    };
    const twice: Layer = { kind: "custom", definition, options: null };
    const model = lively(sequential([2], [linear(2), twice, linear(2)]), 1);
    expect(() => checkedNetwork(model, MACHINES.real)).toThrow(
      "not checkable: twice1: layers of kind custom are not known",
    );
  });

  it.each([...Object.keys(LAYER_NETWORKS), "random graph"])(
    "are made and hold for a network with %s",
    async (name) => {
      const network = name === "random graph" ? randomGraph(2) : LAYER_NETWORKS[name]();
      const stage = loaded(lively(network, 3));
      const source = random(2, name);
      const count = 4;
      const dataset = {
        ...({
          name: "made",
          split: "test",
          shape: network.inputShape,
          classes: network.classes,
          count,
          source: "made",
        } as const),
        pixels: Float64Array.from({ length: count * sizeOf(network.inputShape) }, () => source.uniform()),
        labels: new Int32Array(count),
      };
      const backend = await createBackend("portable");
      using placed = placeStages(backend, [stage]);
      let [certified, claimed] = [0, 0];
      for (const epsilon of [1e-5, 1e-3]) {
        const ball = { norm: "linf", epsilon, box: null } as const;
        const settings = { ball, method: "parallel", against: "prediction", batch: count } as const;
        for (const verdict of (await certifyDataset(placed.stages, dataset, settings)).examples) {
          if (!verdict.certified) continue;
          certified += 1;
          const { index, prediction } = verdict;
          const x = examples(dataset, Int32Array.of(index)).x;
          const subject = {
            index,
            prediction,
            data: "made",
            x,
            ball,
            model: stage.sha256,
            evaluation: "float64",
          } as const;
          const claim = robustClaim({ ...subject, network: checkedNetwork(stage, MACHINES.float64) });
          if (!claim) continue;
          claimed += 1;
          expect(await faultOf(claim, [stage])).toBeNull();
          expect(Math.max(...claim.margins)).toBeLessThan(1.2 * Math.max(...verdict.marginLower) + 1e-6);
        }
      }
      backend.dispose();
      expect(claimed).toBe(certified);
      expect(certified).toBeGreaterThan(0);
    },
  );

  it("are small: an image of digits, by the paper's small network", async () => {
    const network = architecture("small", { inputShape: [1, 28, 28], classes: 10 });
    const stage = loaded({ network, weights: initialWeights(network, 1) });
    const dataset = take(await loadDataset("glyphs", { split: "test", limit: 3 }), 3);
    const { x } = examples(dataset, Int32Array.of(0));
    const checked = checkedNetwork(stage, MACHINES.float32);
    for (const prediction of Array.from({ length: 10 }, (_, j) => j)) {
      const ball = { norm: "linf", epsilon: 1e-3, box: [0, 1] } as const;
      const claim = robustClaim({
        network: checked,
        model: stage.sha256,
        evaluation: "float32",
        index: 0,
        data: "glyphs",
        x,
        ball,
        prediction,
      });
      if (!claim) continue;
      expect(JSON.stringify(claim).length).toBeLessThan(16_000);
      return;
    }
    throw new Error("nothing is certified");
  });
});
