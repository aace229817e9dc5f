import { describe, expect, it } from "vitest";
import { attackBatch } from "../../src/attack/attack.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { Dataset } from "../../src/data/dataset.js";
import { flatten, linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import { pictureOf } from "../../src/report/page/picture.js";
import { renderPage } from "../../src/report/page/render-page.js";
import type { RecordedVerdict } from "../../src/report/page/run-record.js";
import { attackDataset } from "../../src/runs/attack.js";
import { ballPicturesOf } from "../../src/runs/page/ball-pictures.js";
import { pathForOthers, shellLine } from "../../src/runs/page/shell-words.js";
import { runRecord, textOf } from "../report/run-records.js";

/** Two images of 2 × 2; the second class wins where the sum is above 2. */
const x = Float32Array.from([0.3, 0.3, 0.3, 0.3, 0.55, 0.55, 0.5, 0.5]);
const dataset: Dataset = {
  ...{ name: "pairs", split: "test", shape: [1, 2, 2], count: 2, classes: 2, source: "a test" },
  ...{ labels: Int32Array.of(0, 1), pixels: x },
};
const verdict = (index: number, certified: boolean): RecordedVerdict => ({
  ...{ index, label: index, prediction: index, certified, stage: 0 },
  marginLower: index === 0 ? [0, 1] : [-1, 0],
});
const VERDICTS = [verdict(0, true), verdict(1, false)];
const ball = { norm: "linf", epsilon: 0.1, box: [0, 1] } as const;

const backend = createPortableBackend();
const network = sequential([1, 2, 2], [flatten(), linear(2)]);
const weights = new Map([
  ["linear1.weight", Float64Array.of(0, 0, 0, 0, 1, 1, 1, 1)],
  ["linear1.bias", Float64Array.of(0, -2)],
]);

const placed = () => ({ backend, network, parameters: uploadWeights(backend, { network, weights }) });

describe("an attacked input is kept", () => {
  it("that of a right example, within its ball, at which the network is wrong", async () => {
    const told: [number, number[], number][] = [];
    const columns = Float64Array.from({ length: 8 }, (_, i) => x[(i % 2) * 4 + Math.floor(i / 2)]);
    const verdicts = await attackBatch(
      placed(),
      { x: columns, labels: Int32Array.of(0, 1) },
      {
        ...ball,
        steps: 5,
        restarts: 1,
        onMisled: (b, point, prediction) => told.push([b, [...point], prediction]),
      },
    );
    expect(verdicts.map(({ pgd }) => pgd)).toEqual([false, true]);
    expect(told.map(([b, , prediction]) => [b, prediction])).toEqual([[1, 0]]);
    const [[, point]] = told;
    point.forEach((value, i) => {
      expect(Math.abs(value - x[4 + i])).toBeLessThanOrEqual(0.1 + 1e-9);
    });
    expect(point.reduce((a, b) => a + b)).toBeLessThan(2);
  });

  it("the first of a data set, in its JSON's form", async () => {
    const settings = { ball, method: "parallel", batch: 1, steps: 5, restarts: 1, seed: 0 } as const;
    const { shown } = await attackDataset([placed()], dataset, settings);
    expect(shown).toMatchObject({ index: 1, label: 1, prediction: 0 });
    expect(shown?.x).toHaveLength(4);
    const none = await attackDataset([placed()], dataset, { ...settings, ball: { ...ball, epsilon: 0.001 } });
    expect(none.shown).toBeNull();
  });
});

describe("pictures of a ball", () => {
  const at = (values: readonly number[]) => pictureOf(values, dataset.shape);

  it("the attacked example, with noise, and attacked", () => {
    const shown = { index: 1, label: 1, prediction: 0, x: [0.45, 0.45, 0.4, 0.4] };
    const part = ballPicturesOf(dataset, VERDICTS, ball, shown);
    if (part.kind === "missing") throw new Error(part.why);
    expect(part.value).toMatchObject({ index: 1, label: 1, prediction: 1, certified: false });
    expect(part.value.original).toEqual(at([...x.subarray(4)]));
    expect(part.value.attacked).toEqual({ picture: at(shown.x), prediction: 0 });
    const signs = Array.from({ length: 16 }, (_, bits) =>
      at([...x.subarray(4)].map((value, i) => value + (bits & (1 << i) ? 0.1 : -0.1))),
    );
    expect(signs).toContainEqual(part.value.noisy);
    const page = textOf(renderPage(runRecord({ ballPictures: part })));
    expect(page).toContain("up to ε = 0.1, 10.0 % of its range from 0 to 1");
    expect(page).toContain("attacked within the same bounds: the answer is 0");
  });

  it("without an attack the first that is certified with its label, and the page says so", () => {
    const part = ballPicturesOf(dataset, VERDICTS, ball, undefined);
    expect(part).toMatchObject({ kind: "known", value: { index: 0, certified: true, attacked: null } });
    const page = textOf(renderPage(runRecord({ ballPictures: part })));
    expect(page).toContain("No attacked image is shown");
  });

  it("an attacked input of another example's number or size is not shown", () => {
    for (const shown of [
      { index: 7, label: 1, prediction: 0, x: [0, 0, 0, 0] },
      { index: 1, label: 1, prediction: 0, x: [0, 0] },
      { index: 1, label: 0, prediction: 1, x: [0, 0, 0, 0] },
    ]) {
      expect(ballPicturesOf(dataset, VERDICTS, ball, shown)).toMatchObject({ value: { attacked: null } });
    }
  });

  it("data that are no images say so", () => {
    expect(ballPicturesOf({ ...dataset, shape: [4] }, VERDICTS, ball, undefined)).toMatchObject({
      kind: "missing",
      why: expect.stringContaining("are no images"),
    });
  });
});

describe("paths on a page", () => {
  it("are told from the current folder, or by name", () => {
    expect(pathForOthers(`${process.cwd()}/runs/a b`)).toBe("runs/a b");
    expect(pathForOthers("/elsewhere/of/mine/model.onnx")).toBe("model.onnx");
    expect(pathForOthers("../model.onnx")).toBe("../model.onnx");
    expect(shellLine(["autodual", "certify", "/elsewhere/model.onnx", "--epsilon", "8/255"])).toBe(
      "autodual certify model.onnx --epsilon 8/255",
    );
  });
});
