import { expect, it } from "vitest";
import { cascadeOf } from "../../src/cascade/folder.js";
import type { Dataset } from "../../src/data/dataset.js";
import { decodeModel, encodeModel } from "../../src/formats/model-file.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { gateInWords } from "../../src/report/gate/gate-words.js";
import { junitXml } from "../../src/report/gate/junit.js";
import { sarifLog } from "../../src/report/gate/sarif.js";
import type { Certification } from "../../src/runs/certification-summary.js";
import { gateReportOf } from "../../src/runs/gate-report.js";
import { readXml } from "../report/xml-reader.js";

const network = sequential([2], [linear(2)]);
const bytes = encodeModel({ network, weights: initialWeights(network, 0) });
const model = cascadeOf("m", [
  { ...decodeModel(bytes, "m"), path: "nets/m.safetensors", sha256: "0".repeat(64) },
]);

const asked: Dataset = {
  ...{ name: "points", split: "test", shape: [2], classes: 2, count: 5, source: "this test" },
  ...{ pixels: new Float64Array(10), labels: Int32Array.of(0, 1, 0, 1, 0) },
};

/** Five were asked about; of the first three verdicts are known, of the last of these no bounds. */
const certification: Certification = {
  ...{ about: "model", guarantee: "deterministic", evaluation: "float32" },
  summary: {
    ...{ error: 0, robustError: 2 / 3, certified: 1 / 3, unfinished: 1, unreached: 2 },
    ...{ examplesPerSecond: 1, seconds: 1 },
  },
  examples: [
    { index: 0, label: 0, prediction: 0, certified: true, stage: 0, marginLower: [0, 2] },
    { index: 1, label: 1, prediction: 1, certified: false, stage: 0, marginLower: [-1, 0] },
    { index: 2, label: 0, prediction: 0, certified: false, stage: 0, marginLower: [0, Number.NaN] },
  ],
};

const reportOf = (stopped: boolean) =>
  gateReportOf({
    subject: {
      ...{ model, dataset: asked, method: "parallel", arithmetic: "float32" },
      ball: { norm: "linf", epsilon: 0.1, box: null },
    },
    ...{ certification, asked, models: ["nets"], attacked: null, failAbove: 1, stopped },
    statement: "Guaranteed.",
  });

it("tells apart what was proved, what was not, what had no bounds and what was not even answered", () => {
  const report = reportOf(false);
  expect(report.examples.map(({ verdict, prediction, margin }) => [verdict, prediction, margin])).toEqual([
    ["passed", 0, 2],
    ["not-certified", 1, -1],
    ["not-reached", 0, null],
    ["not-reached", null, null],
    ["not-reached", null, null],
  ]);
  expect(report.examples.map(({ label }) => label)).toEqual([...asked.labels]);
  expect(readXml(junitXml(report)).attributes).toMatchObject({ tests: "5", failures: "1", errors: "3" });
});

it("never passes where examples were not reached, and says why they were not", () => {
  for (const [stopped, why] of [
    [false, "the time was over before it."],
    [true, "the run was stopped before it."],
  ] as const) {
    const report = reportOf(stopped);
    expect(report.passed).toBe(false);
    expect(gateInWords(report)).toBe("The gate failed: 2 of 5 examples were not reached.");
    const [run] = JSON.parse(sarifLog(report)).runs;
    expect(run.results.at(-1).message.text).toBe(`Example 4 of points (test), label 0: ${why}`);
    expect(run.invocations[0].executionSuccessful).toBe(!stopped);
  }
});
