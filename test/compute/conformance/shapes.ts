import { describe, expect, test } from "vitest";
import type { Backend, NormOrder, Tensor } from "../../../src/compute/backend.js";
import type { CropWindow } from "../../../src/compute/crop-window.js";
import { indexedOwners, OWN, repeatOwners, SHARED } from "../../../src/compute/owners.js";
import { ShapeError } from "../../../src/errors.js";
import type { Bench } from "./bench.js";
import { geometry } from "./conv2d.js";

const g = geometry({ inChannels: 2, outChannels: 4, groups: 2 });
const pool = geometry({ inChannels: 2, outChannels: 2, groups: 2 });
const relu = { kind: "relu" } as const;
const window: CropWindow = {
  channels: 1,
  height: 2,
  width: 2,
  patchHeight: 1,
  patchWidth: 1,
  top: new Int32Array(3),
  left: new Int32Array(3),
};

type Call = (b: Backend, t: (features: number, rows: number) => Tensor) => unknown;

const ADAM = { rate: 1, beta1: 0.9, beta2: 0.9, epsilon: 1, weightDecay: 0, step: 1 };

/** Wrong calls, each under the operation that must be named in the message. */
const CALLS: readonly [string, Call][] = [
  ["upload", (b) => b.upload(2, 3, [1, 2])],
  ["upload", (b) => b.upload(-1, 3, [])],
  ["filled", (b) => b.filled(1.5, 2, 0)],
  ["reshape", (b, t) => b.reshape(t(2, 3), 4, 2)],
  ["linear", (b, t) => b.linear(t(2, 3), t(4, 5), null)],
  ["linear", (b, t) => b.linear(t(2, 3), t(3, 5), t(3, 1))],
  ["linearTranspose", (b, t) => b.linearTranspose(t(2, 3), t(3, 5))],
  ["linearWeightGradient", (b, t) => b.linearWeightGradient(t(2, 3), t(2, 4))],
  ["conv2d", (b, t) => b.conv2d(t(4, 9), t(49, 2), null, g)],
  ["conv2d", (b, t) => b.conv2d(t(4, 18), t(50, 2), null, g)],
  ["conv2d", (b, t) => b.conv2d(t(4, 9), t(50, 2), t(2, 1), g)],
  ["conv2d", (b, t) => b.conv2d(t(4, 9), t(50, 2), null, { ...g, groups: 3 })],
  ["conv2d", (b, t) => b.conv2d(t(4, 9), t(50, 2), null, { ...g, strideWidth: 0 })],
  ["conv2d", (b, t) => b.conv2d(t(4, 9), t(50, 2), null, { ...g, padTop: -1 })],
  ["conv2dTranspose", (b, t) => b.conv2dTranspose(t(4, 9), t(50, 2), g)],
  ["conv2dWeightGradient", (b, t) => b.conv2dWeightGradient(t(36, 2), t(50, 3), g)],
  ["conv2dSelect", (b, t) => b.conv2dSelect(t(4, 9), Int32Array.of(36), g)],
  ["conv2dSelect", (b, t) => b.conv2dSelect(t(4, 9), Int32Array.of(-1), g)],
  ["conv2dSelectGradient", (b, t) => b.conv2dSelectGradient(t(50, 2), Int32Array.of(1), g)],
  ["gather", (b, t) => b.gather(t(3, 2), Int32Array.of(3))],
  ["gather", (b, t) => b.gather(t(3, 2), Int32Array.of(-2))],
  ["scatterAdd", (b, t) => b.scatterAdd(t(2, 2), Int32Array.of(0), 3)],
  ["scatterAdd", (b, t) => b.scatterAdd(t(1, 2), Int32Array.of(3), 3)],
  ["replace", (b, t) => b.replace(t(3, 2), Int32Array.of(3), t(1, 2))],
  ["replace", (b, t) => b.replace(t(3, 2), Int32Array.of(-1), t(1, 2))],
  ["replace", (b, t) => b.replace(t(3, 2), Int32Array.of(1, 1), t(2, 2))],
  ["replace", (b, t) => b.replace(t(3, 2), Int32Array.of(1), t(2, 2))],
  ["replace", (b, t) => b.replace(t(3, 2), Int32Array.of(1), t(1, 3))],
  ["concat", (b, t) => b.concat([t(1, 2), t(1, 3)])],
  ["concat", (b) => b.concat([])],
  ["slice", (b, t) => b.slice(t(3, 2), 2, 2)],
  ["combine", (b, t) => b.combine(1, t(2, 3), 1, t(3, 2))],
  ["weightedSum", (b) => b.weightedSum([], 1)],
  [
    "weightedSum",
    (b, t) =>
      b.weightedSum(
        [
          { weight: 1, x: t(2, 3) },
          { weight: 1, x: t(2, 2), absolute: true },
        ],
        0,
      ),
  ],
  ["weightedSum", (b, t) => b.weightedSum([{ weight: 1, x: t(2, 3), by: t(2, 1) }], 0)],
  ["weightedSum", (b, t) => b.weightedSum([{ weight: 1, x: t(2, 3) }], 0, t(2, 1))],
  ["multiply", (b, t) => b.multiply(t(2, 3), t(2, 2))],
  ["minimum", (b, t) => b.minimum(t(2, 3), t(2, 2))],
  ["maximum", (b, t) => b.maximum(t(2, 3), t(1, 3))],
  ["applyGradient", (b, t) => b.applyGradient(relu, t(2, 3), t(2, 2))],
  ["minimumGradient", (b, t) => b.minimumGradient(t(2, 3), t(2, 3), t(2, 2))],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), t(2, 2), null, OWN)],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), null, t(3, 3), OWN)],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), t(2, 2), null, SHARED)],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), t(2, 2), null, repeatOwners(2))],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), t(2, 2), null, indexedOwners(Int32Array.of(0, 1)))],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), t(2, 2), null, indexedOwners(Int32Array.of(0, 1, 2)))],
  ["scaleShift", (b, t) => b.scaleShift(t(2, 3), t(2, 2), t(2, 1), indexedOwners(Int32Array.of(0, 0, 0)))],
  ["scaleBySign", (b, t) => b.scaleBySign(t(2, 3), t(2, 1), t(2, 3), SHARED)],
  ["scaleBySignGradient", (b, t) => b.scaleBySignGradient(t(2, 3), t(2, 1), t(2, 1), t(2, 2), SHARED)],
  ["spread", (b, t) => b.spread(t(2, 3), OWN, 4)],
  ["sumRows", (b, t) => b.sumRows(t(2, 4), repeatOwners(2), 3)],
  ["multiplySumRows", (b, t) => b.multiplySumRows(t(2, 4), t(2, 3), SHARED, 1)],
  ["dot", (b, t) => b.dot(t(2, 4), t(3, 1), SHARED)],
  ["outer", (b, t) => b.outer(t(2, 1), t(2, 4), SHARED)],
  ["outerSumRows", (b, t) => b.outerSumRows(t(2, 4), t(1, 3), SHARED, 1)],
  ["norm", (b, t) => b.norm(t(2, 4), t(2, 2), OWN, 1)],
  ["norm", (b, t) => b.norm(t(2, 4), t(2, 4), OWN, 3 as NormOrder)],
  ["normGradient", (b, t) => b.normGradient(t(2, 4), t(2, 4), t(1, 4), t(1, 3), OWN, 2)],
  ["normRows", (b, t) => b.normRows(t(2, 4), SHARED, 2, 1)],
  ["normRowsGradient", (b, t) => b.normRowsGradient(t(2, 4), t(2, 1), t(2, 2), SHARED, 1)],
  ["crop", (b, t) => b.crop(t(5, 1), SHARED, window)],
  ["crop", (b, t) => b.crop(t(4, 1), OWN, window)],
  ["crop", (b, t) => b.crop(t(4, 1), SHARED, { ...window, left: window.left.slice(1) })],
  ["crop", (b, t) => b.crop(t(4, 1), SHARED, { ...window, patchWidth: 0 })],
  ["cropTranspose", (b, t) => b.cropTranspose(t(1, 2), SHARED, window, 1)],
  ["enclose", (b, t) => b.enclose(t(2, 3), t(3, 3), t(3, 3), OWN)],
  ["enclose", (b, t) => b.enclose(t(2, 3), t(2, 3), t(2, 1), OWN)],
  ["enclose", (b, t) => b.enclose(t(2, 3), t(2, 2), t(2, 2), OWN)],
  ["encloseGradient", (b, t) => b.encloseGradient(t(2, 3), t(2, 3), t(2, 3), t(2, 2), t(1, 3), OWN)],
  ["encloseGradient", (b, t) => b.encloseGradient(t(2, 3), t(2, 3), t(2, 3), t(2, 3), t(2, 3), OWN)],
  ["encloseGradient", (b, t) => b.encloseGradient(t(2, 3), t(2, 1), t(1, 1), t(2, 3), t(1, 3), SHARED)],
  ["medianRows", (b, t) => b.medianRows(t(2, 6), 4)],
  ["medianRows", (b, t) => b.medianRows(t(2, 6), 0)],
  ["medianRows", (b, t) => b.medianRows(t(2, 6), 1.5)],
  ["medianRowsGradient", (b, t) => b.medianRowsGradient(t(2, 6), t(2, 2), t(2, 3), 3)],
  ["medianRowsGradient", (b, t) => b.medianRowsGradient(t(2, 6), t(2, 2), t(2, 2), 2)],
  ["parallelLines", (b, t) => b.parallelLines(relu, t(2, 3), t(2, 4))],
  [
    "parallelLinesGradient",
    (b, t) =>
      b.parallelLinesGradient(relu, t(2, 3), t(2, 3), { slope: t(2, 3), shift: t(2, 3), radius: t(2, 2) }),
  ],
  ["activateBox", (b, t) => b.activateBox(relu, t(2, 3), t(3, 3))],
  [
    "activateBoxGradient",
    (b, t) => b.activateBoxGradient(relu, t(2, 3), t(2, 3), { centre: t(2, 3), radius: t(3, 3) }),
  ],
  ["boxMoments", (b, t) => b.boxMoments(t(2, 3), t(3, 3))],
  ["boxMomentsGradient", (b, t) => b.boxMomentsGradient(t(2, 3), t(2, 3), t(2, 1))],
  ["adaptiveLines", (b, t) => b.adaptiveLines(relu, t(2, 3), t(3, 3))],
  [
    "adaptiveLinesGradient",
    (b, t) =>
      b.adaptiveLinesGradient(relu, t(2, 3), t(2, 3), {
        lowerSlope: t(2, 3),
        lowerShift: t(2, 3),
        upperSlope: t(2, 3),
        upperShift: t(3, 3),
      }),
  ],
  ["maxPoolChoice", (b, t) => b.maxPoolChoice(t(50, 2), t(50, 2), g)],
  ["maxPoolChoice", (b, t) => b.maxPoolChoice(t(50, 2), t(50, 3), pool)],
  ["select", (b, t) => b.select(t(3, 4), t(2, 2), OWN, 0)],
  ["selectTranspose", (b, t) => b.selectTranspose(t(3, 4), t(2, 4), OWN, 5)],
  ["softmaxCrossEntropy", (b, t) => b.softmaxCrossEntropy(t(3, 2), Int32Array.of(0))],
  ["softmaxCrossEntropy", (b, t) => b.softmaxCrossEntropy(t(3, 2), Int32Array.of(0, 3))],
  [
    "softmaxCrossEntropyGradient",
    (b, t) => b.softmaxCrossEntropyGradient(t(3, 2), Int32Array.of(0, -1), t(1, 2)),
  ],
  ["adamStep", (b, t) => b.adamStep(t(2, 2), t(2, 3), t(2, 2), t(2, 2), ADAM)],
  ["adamStep", (b, t) => adamWith(b, t, ([w, g, m]) => [w, g, m, m])],
  ["adamStep", (b, t) => adamWith(b, t, ([w, g, m]) => [w, g, w, m])],
  ["adamStep", (b, t) => adamWith(b, t, ([w, , m, v]) => [w, w, m, v])],
];

function adamWith(
  backend: Backend,
  t: (features: number, rows: number) => Tensor,
  places: (own: readonly Tensor[]) => [Tensor, Tensor, Tensor, Tensor],
): void {
  backend.adamStep(...places([t(2, 2), t(2, 2), t(2, 2), t(2, 2)]), ADAM);
}

export function shapeConformance(bench: Bench): void {
  describe("shapes", () => {
    test("every operation names itself in its ShapeError", async () => {
      const backend = await bench.backend();
      for (const [operation, call] of CALLS) {
        let error: unknown = null;
        try {
          call(backend, (features, rows) => backend.filled(features, rows, 0));
        } catch (thrown) {
          error = thrown;
        }
        expect(error, `${operation}: ${call}`).toBeInstanceOf(ShapeError);
        expect((error as Error).message).toMatch(new RegExp(`^${operation}: expected .*, got `));
      }
    });
  });
}
