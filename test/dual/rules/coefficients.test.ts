import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../../src/autodiff/index.js";
import { OWN, SHARED } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import type { AffineDual } from "../../../src/dual/dual-layer.js";
import { batchNorm as rule } from "../../../src/dual/layers/batch-norm.js";
import { diagonalDual } from "../../../src/dual/layers/diagonal.js";
import { transposedPatch } from "../../../src/dual/layers/transposed-patch.js";
import { batchNorm } from "../../../src/network/build-layer.js";
import { fixedBindings, uploadWeights } from "../../../src/network/weights.js";
import { lively } from "../../support/networks.js";
import * as dense from "./dense.js";

const backend = createPortableBackend({ dtype: "float64" });

async function listOf(x: Variable | undefined): Promise<number[]> {
  return x ? Array.from(await backend.read(x.value)) : [];
}

describe("what an evaluation may compute on the way to s ⊙ x + b", () => {
  it("is as a quotient no larger than its magnitudes, and none of it where s is 0", async () => {
    using tape = new Tape(backend, { record: false });
    const of = (...values: number[]) => tape.own(backend.upload(values.length, 1, values));
    const layer = diagonalDual(tape, of(2, -0.25, 0, -8), of(3, -1, 5, 0), [4]);
    expect(layer.offsetMagnitude).toBeUndefined();
    expect("offsetMagnitude" in layer).toBe(false);
    const between = layer.intermediates?.(tape);
    expect(await listOf(between?.scale)).toEqual([2, 1, 1, 8]);
    // |b| + |b/s| + 8·max(|s|, 1).
    const offset = await listOf(between?.offset);
    expect(dense.listDistance(offset, [3 + 1.5 + 16, 1 + 4 + 8, 5 + 8, 64])).toBeLessThan(1e-12);
  });

  it("is where 1/s is hardly a number no smaller than that", async () => {
    using tape = new Tape(backend, { record: false });
    const of = (value: number) => tape.own(backend.upload(1, 1, [value]));
    const layer = diagonalDual(tape, of(2 ** -130), of(1), [1]);
    const [offset] = await listOf(layer.intermediates?.(tape).offset);
    expect(offset).toBeGreaterThan(2 ** 125);
    expect(offset).toBeLessThan(2 ** 127);
  });

  it("is what a layer says that knows better", async () => {
    using tape = new Tape(backend, { record: false });
    const of = (...values: number[]) => tape.own(backend.upload(values.length, 1, values));
    const [scale, offset, offsetMagnitude] = [of(7), of(8), of(9)];
    const own = { offsetMagnitude, intermediates: () => ({ scale, offset }) };
    const layer = diagonalDual(tape, of(2), of(3), [1], own);
    expect(layer.intermediates?.(tape)).toEqual({ scale, offset });
    expect(layer.offsetMagnitude).toBe(offsetMagnitude);
  });

  it("is for batch norm that of each channel, at each of its features", async () => {
    const shape = [2, 1, 3];
    const layer = batchNorm();
    const network = dense.alone(shape, layer);
    const model = lively(network, 3);
    const numbers = (name: string) => Array.from(model.weights.get(`batch-norm1.${name}`) ?? []);
    const [weight, bias, mean, variance] = ["weight", "bias", "mean", "variance"].map(numbers);
    using tape = new Tape(backend, { record: false });
    const bound = rule.bind(tape, layer, network.context(1, fixedBindings(uploadWeights(backend, model))));
    const each = (value: (c: number) => number) => [0, 0, 0, 1, 1, 1].map(value);
    const inverse = (c: number) => 1 / Math.sqrt(variance[c] + layer.epsilon);
    const magnitude = each((c) => Math.abs(bias[c]) + Math.abs(mean[c] * weight[c] * inverse(c)));
    expect(dense.listDistance(await listOf(bound.offsetMagnitude), magnitude)).toBeLessThan(1e-13);
    const steepest = (c: number) =>
      Math.max(1, Math.abs(weight[c]), inverse(c), Math.abs(weight[c]) * inverse(c));
    const between = bound.intermediates?.(tape);
    expect(dense.listDistance(await listOf(between?.scale), each(steepest))).toBeLessThan(1e-13);
    const offsets = each(
      (c) => Math.abs(bias[c]) + steepest(c) * Math.abs(mean[c]) + variance[c] + layer.epsilon,
    );
    expect(dense.listDistance(await listOf(between?.offset), offsets)).toBeLessThan(1e-13);
  });
});

describe("patches of transposed convolutions", () => {
  const geometry = (stride: number, kernel: number, dilation: number, pad: number) => ({
    ...{ inChannels: 1, inHeight: 12, inWidth: 9, outChannels: 1, outHeight: 6, outWidth: 9, groups: 1 },
    ...{ kernelHeight: kernel, kernelWidth: 1, strideHeight: stride, strideWidth: 1 },
    ...{ padTop: pad, padLeft: 0, dilationHeight: dilation, dilationWidth: 1 },
  });
  const tops = [-2, -1, 0, 1, 2, 3, 5];

  it.each([
    [1, 3, 1, 0],
    [2, 3, 1, 0],
    [2, 2, 1, 1],
    [3, 2, 2, 1],
    [3, 4, 1, 2],
    [2, 1, 1, 0],
  ])(
    "begin at a window's last line, and no sooner: stride %d, kernel %d, dilation %d, padding %d",
    (stride, kernel, dilation, pad) => {
      const before = (kernel - 1) * dilation;
      for (const extent of [1, 2, 5]) {
        for (const seen of [tops, ...tops.map((top) => [top])]) {
          const patch = {
            height: extent,
            width: 2,
            top: Int32Array.from(seen),
            left: new Int32Array(seen.length),
          };
          const found = transposedPatch(geometry(stride, kernel, dilation, pad), patch, OWN);
          const moved = seen.map((top, i) => {
            // The window's last line is at or above the patch, the next one's below.
            const last = found.input.top[i] * stride - pad + before;
            expect(last).toBeLessThanOrEqual(top);
            expect(last + stride).toBeGreaterThan(top);
            return top - last;
          });
          const larger = extent + Math.max(...moved);
          expect(found.geometry.inHeight).toBe(larger);
          // Of window j, from the patch's first one on, these lines are read: j·s − before … j·s.
          let windows = 0;
          while (windows * stride - before <= larger - 1) windows += 1;
          expect([found.input.height, found.geometry.outHeight, found.geometry.padTop]).toEqual([
            windows,
            windows,
            before,
          ]);
          // Columns are a convolution of one place each.
          expect([found.input.width, found.geometry.inWidth, found.geometry.padLeft]).toEqual([2, 2, 0]);
        }
      }
    },
  );

  it("begin along columns as along lines do", () => {
    const along = geometry(3, 2, 2, 1);
    const { kernelHeight, strideHeight, padTop, dilationHeight } = along;
    const across = {
      ...along,
      ...{ kernelHeight: 1, strideHeight: 1, padTop: 0, dilationHeight: 1 },
      ...{
        kernelWidth: kernelHeight,
        strideWidth: strideHeight,
        padLeft: padTop,
        dilationWidth: dilationHeight,
      },
    };
    const [starts, still] = [Int32Array.from(tops), new Int32Array(tops.length)];
    const tall = transposedPatch(along, { height: 2, width: 1, top: starts, left: still }, OWN);
    const wide = transposedPatch(across, { height: 1, width: 2, top: still, left: starts }, OWN);
    expect([wide.input.width, wide.geometry.inWidth, wide.geometry.padLeft]).toEqual([
      ...[tall.input.height, tall.geometry.inHeight, tall.geometry.padTop],
    ]);
    expect(Array.from(wide.input.left)).toEqual(Array.from(tall.input.top));
  });

  it("take ν as it is where no viewer's patch grows, and else where it lies in the larger one", async () => {
    using tape = new Tape(backend, { record: false });
    const nu = tape.own(backend.upload(2, 2, [1, 2, 3, 4]));
    const at = (...top: number[]) =>
      transposedPatch(
        geometry(2, 1, 1, 0),
        { height: 2, width: 1, top: Int32Array.from(top), left: new Int32Array(top.length) },
        OWN,
      ).placed(tape, nu);
    expect(at(0, 2)).toBe(nu);
    expect(await listOf(at(0, 1))).toEqual([1, 0, 3, 2, 0, 4]);
    const aside = transposedPatch(
      { ...geometry(1, 1, 1, 0), strideWidth: 2 },
      { height: 1, width: 2, top: new Int32Array(2), left: Int32Array.of(1, 0) },
      OWN,
    );
    expect(await listOf(aside.placed(tape, nu))).toEqual([0, 2, 1, 4, 3, 0]);
  });
});

it("magnitudes of a large matrix are made part by part, a small one's once", async () => {
  const { matrixMagnitude } = await import("../../../src/dual/layers/magnitude.js");
  const own = createPortableBackend({ dtype: "float64" });
  using tape = new Tape(own, { record: false });
  const [lines, columns] = [64, 2 ** 16];
  const large = tape.own(own.filled(lines, columns, -1));
  const ones = (features: number) => tape.own(own.filled(features, 1, 1));
  const whole = 8 * lines * columns;
  const x = ones(columns);
  for (const kind of ["abs", "square"] as const) {
    const before = own.memory(true).liveBytes;
    const product = matrixMagnitude(tape, large)(tape, kind, x);
    expect(Array.from(await own.read(product.value))).toEqual(new Array(lines).fill(columns));
    // Two parts of 16 lines: the entries, and their magnitudes.
    expect(own.memory().peakBytes - before).toBeLessThan(0.6 * whole);
    expect(own.memory().liveBytes - before).toBeLessThan(2 * 8 * lines);
  }
  const small = matrixMagnitude(tape, tape.own(own.filled(50, 50, -1)));
  const y = ones(50);
  small(tape, "abs", y);
  const before = own.memory(true).liveBytes;
  small(tape, "abs", y);
  expect(own.memory().peakBytes - before).toBeLessThan(2 * 8 * 50);
});

it("a diagonal layer keeps features apart", () => {
  using tape = new Tape(backend, { record: false });
  const x = tape.own(backend.filled(2, 1, 1));
  const layer: AffineDual = diagonalDual(tape, x, x, [2]);
  expect([layer.coupling, layer.roundings]).toEqual(["diagonal", { forward: 8, backward: 8 }]);
  expect(layer.push(tape, [x], SHARED).value.features).toBe(2);
});
