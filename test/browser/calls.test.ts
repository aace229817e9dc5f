import { describe, expect, it } from "vitest";
import {
  attack,
  bounds,
  certify,
  encodeModel,
  exportOnnx,
  type Model,
  readModel,
} from "../../src/browser.js";
import { UsageError } from "../../src/errors.js";
import * as library from "../../src/index.js";
import { conv2d, flatten, linear, relu, sequential } from "../../src/index.js";
import { lively } from "../support/networks.js";

const network = sequential([1, 6, 6], [conv2d(2, { kernel: 3, stride: 2 }), relu(), flatten(), linear(3)]);
const model = lively(network, 5);
const images = Array.from({ length: 4 }, (_, i) =>
  Float64Array.from({ length: 36 }, (_, f) => (((i + 2) * (f + 1) * 7919) % 97) / 97),
);
const EPSILON = 0.01;

describe("readModel", () => {
  it.each([
    ["safetensors", encodeModel(model)],
    ["ONNX", exportOnnx(model)],
  ])("reads %s by its first bytes", async (_, bytes) => {
    const read = await readModel(bytes);
    expect(read.network.parameters).toEqual(network.parameters);
    for (const [name, values] of model.weights) {
      expect(Array.from(read.weights.get(name) ?? [])).toEqual(Array.from(values));
    }
  });

  it("takes an ArrayBuffer, as fetch gives it", async () => {
    const { buffer } = Uint8Array.from(encodeModel(model));
    expect((await readModel(buffer)).network.classes).toBe(3);
  });

  it.each([
    ["a truncated safetensors file", encodeModel(model).slice(0, 100), /^digits: truncated/],
    ["a truncated ONNX file", exportOnnx(model).slice(0, 100), /^digits: /],
    ["nothing", new Uint8Array(), /^digits: /],
  ])("refuses %s in one line", async (_, bytes, message) => {
    await expect(readModel(bytes, { name: "digits" })).rejects.toThrow(message);
  });

  it("refuses what are no bytes", async () => {
    await expect(readModel("model.onnx" as never)).rejects.toThrow("readModel: bytes: expected a Uint8Array");
  });
});

describe("certify", () => {
  it.each(["parallel", "adaptive", "interval"] as const)(
    "gives the library's verdicts: %s",
    async (bound) => {
      const found = await certify(model, images, { epsilon: EPSILON, bound });
      const expected = await library.certify(model, images, { epsilon: EPSILON, bound, backend: "portable" });
      expect(found.examples).toEqual(expected.examples);
      expect(found.evaluation).toBe(expected.evaluation);
      expect(found.examples.some(({ certified }) => certified)).toBe(true);
    },
  );

  it("certifies nothing that an attack misleads", async () => {
    const wide = { epsilon: 0.2 };
    const { examples } = await certify(model, images, wide);
    const labels = examples.map(({ prediction }) => prediction);
    const attacked = await attack(model, images, { ...wide, labels });
    const misled = attacked.flatMap(({ pgd }, i) => (pgd ? [i] : []));
    expect(misled.length).toBeGreaterThan(0);
    expect(misled.filter((i) => examples[i].certified)).toEqual([]);
  });

  it.each([
    ["no epsilon", {}, "certify: epsilon: expected"],
    ["a typing error", { epsilon: 0.1, bond: "parallel" }, "bond"],
    ["labels that are missing", { epsilon: 0.1, against: "label" }, "certify: labels: expected"],
    ["a radius below 0", { epsilon: -1 }, "certify: epsilon"],
  ])("refuses %s", async (_, options, message) => {
    const call = certify(model, images, options as never);
    await expect(call).rejects.toThrow(UsageError);
    await expect(call).rejects.toThrow(message);
  });

  it("refuses images of another size and models that are none", async () => {
    await expect(certify(model, [0.1, 0.2], { epsilon: 0.1 })).rejects.toThrow("certify: image 0: expected");
    await expect(certify({} as Model, images, { epsilon: 0.1 })).rejects.toThrow(
      "certify: network of the model",
    );
    await expect(certify(model, "glyphs" as never, { epsilon: 0.1 })).rejects.toThrow(
      "certify: images: expected",
    );
  });

  it("rejects with the signal's reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(certify(model, images, { epsilon: 0.1, signal })).rejects.toThrow("enough");
  });
});

describe("bounds", () => {
  it.each([
    ["linf", "parallel"],
    ["linf", "adaptive"],
    ["l2", "parallel"],
  ] as const)("holds the outputs of points of the ball: %s, %s", async (norm, bound) => {
    const epsilon = 0.05;
    const found = await bounds(model, images, { epsilon, norm, box: null, bound });
    let nearest = Number.POSITIVE_INFINITY;
    for (const [i, image] of images.entries()) {
      const { lower, upper, outputs } = found[i];
      for (let trial = 0; trial < 40; trial++) {
        const signs = Float64Array.from(image, (_, f) => (((trial + 3) * (f + 7) * 104729) % 5 < 2 ? -1 : 1));
        const scale = norm === "linf" ? epsilon : epsilon / Math.sqrt(image.length);
        const point = image.map((value, f) => value + (trial === 0 ? 0 : scale * signs[f]));
        const [at] = await bounds(model, [point], { epsilon: 0, norm, box: null });
        for (const [j, output] of at.outputs.entries()) {
          expect(output).toBeGreaterThanOrEqual(lower[j]);
          expect(output).toBeLessThanOrEqual(upper[j]);
          nearest = Math.min(nearest, upper[j] - output, output - lower[j]);
        }
      }
      for (const [j, output] of outputs.entries())
        expect(upper[j] - lower[j]).toBeLessThan(2 * Math.abs(output) + 2);
    }
    expect(nearest).toBeLessThan(0.5);
  });

  it("is exact for one affine layer, but for rounding", async () => {
    const affine = lively(sequential([3], [linear(2)]), 1);
    const [weight, bias] = [affine.weights.get("linear1.weight"), affine.weights.get("linear1.bias")];
    const x = [0.2, 0.5, 0.4];
    const [{ lower, upper }] = await bounds(affine, x, { epsilon: 0.1, evaluation: "real" });
    for (let j = 0; j < 2; j++) {
      const row = Array.from(weight?.slice(3 * j, 3 * j + 3) ?? []);
      const centre = row.reduce((sum, w, f) => sum + w * x[f], bias?.[j] ?? Number.NaN);
      const radius = row.reduce((sum, w) => sum + 0.1 * Math.abs(w), 0);
      expect(lower[j]).toBeCloseTo(centre - radius, 10);
      expect(upper[j]).toBeCloseTo(centre + radius, 10);
    }
  });

  it("knows nothing of what overflows", async () => {
    const huge = lively(sequential([3], [linear(4), relu(), linear(2)]), 1);
    for (const values of huge.weights.values()) values.fill(1e200);
    const weights = new Map(
      Array.from(huge.weights, ([name, v]) => [name, Float64Array.from(v, () => 1e200)]),
    );
    const [{ lower, upper }] = await bounds({ network: huge.network, weights }, [0.1, 0.2, 0.3], {
      epsilon: 0.1,
    });
    expect([...lower, ...upper].some(Number.isNaN)).toBe(false);
    expect(lower.every((value) => value === Number.NEGATIVE_INFINITY)).toBe(true);
    expect(upper.every((value) => value === Number.POSITIVE_INFINITY)).toBe(true);
  });

  it("refuses interval bounds, and labels", async () => {
    await expect(bounds(model, images, { epsilon: 0.1, bound: "interval" as never })).rejects.toThrow(
      "bounds: bound",
    );
    await expect(bounds(model, images, { epsilon: 0.1, labels: [0] } as never)).rejects.toThrow("labels");
  });
});

describe("attack", () => {
  it("gives the library's verdicts", async () => {
    const labels = [0, 1, 2, 0];
    const found = await attack(model, images, { epsilon: 0.1, labels, steps: 5, seed: 3 });
    const asked = { epsilon: 0.1, labels, steps: 5, seed: 3, backend: "portable" } as const;
    const { examples } = await library.attack(model, images, asked);
    expect(found).toEqual(
      examples.map(({ prediction, wrong, fgsm, pgd }) => ({ prediction, wrong, fgsm, pgd })),
    );
  });

  it("wants labels", async () => {
    await expect(attack(model, images, { epsilon: 0.1 })).rejects.toThrow("attack: labels: expected");
  });
});
