import { describe, expect, test } from "vitest";
import type { Backend, Dtype, NormOrder, Tensor } from "../../src/compute/backend.js";
import type { CropWindow } from "../../src/compute/crop-window.js";
import {
  type Conv2dGeometry,
  inFeatures,
  outFeatures,
  weightsPerOutput,
} from "../../src/compute/geometry.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend, instructionSets } from "../../src/compute/native/index.js";
import { indexedOwners, type Owners, repeatOwners, SHARED } from "../../src/compute/owners.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { ACTIVATIONS } from "./conformance/activations.js";

const problem = nativeProblem();
const ORDERS: readonly NormOrder[] = [1, 2, Number.POSITIVE_INFINITY];

/** Random sizes and entries of one round, the same whoever asks. */
class Draw {
  readonly #random: RandomSource;
  readonly #backend: Backend;

  constructor(backend: Backend, round: number) {
    this.#backend = backend;
    this.#random = random(round, "determinism");
  }

  size(least: number, most: number): number {
    return least + Math.floor(this.#random.uniform() * (most - least + 1));
  }

  tensor(features: number, rows: number): Tensor {
    const values = this.#random.fillNormal(new Float64Array(features * rows));
    return this.#backend.upload(features, rows, values);
  }

  indices(count: number, from: number, below: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.size(from, below - 1));
  }

  geometry(): Conv2dGeometry {
    const groups = this.size(1, 2);
    const [inHeight, inWidth] = [this.size(3, 14), this.size(3, 14)];
    const [kernelHeight, kernelWidth] = [this.size(1, 3), this.size(1, 3)];
    const [strideHeight, strideWidth] = [this.size(1, 2), this.size(1, 2)];
    const [padTop, padLeft] = [this.size(0, 1), this.size(0, 1)];
    return {
      inChannels: groups * this.size(1, 9),
      inHeight,
      inWidth,
      outChannels: groups * this.size(1, 17),
      outHeight: Math.floor((inHeight + 2 * padTop - kernelHeight) / strideHeight) + 1,
      outWidth: Math.floor((inWidth + 2 * padLeft - kernelWidth) / strideWidth) + 1,
      kernelHeight,
      kernelWidth,
      strideHeight,
      strideWidth,
      padTop,
      padLeft,
      dilationHeight: 1,
      dilationWidth: 1,
      groups,
    };
  }

  window(rows: number): CropWindow {
    const [height, width] = [this.size(2, 12), this.size(2, 12)];
    return {
      channels: this.size(1, 5),
      height,
      width,
      patchHeight: this.size(1, 6),
      patchWidth: this.size(1, 6),
      top: this.indices(rows, -3, height + 2),
      left: this.indices(rows, -3, width + 2),
    };
  }
}

/** Results of every operation whose work is shared out among threads, on random inputs. */
function* results(backend: Backend, round: number): Generator<readonly [string, Tensor]> {
  const draw = new Draw(backend, round);
  yield* products(backend, draw);
  const columns = draw.size(1, 40);
  const times = draw.size(1, 60);
  const ownerships: readonly (readonly [Owners, number, number])[] = [
    [SHARED, draw.size(1, 3000), 1],
    [repeatOwners(times), columns * times, columns],
    [indexedOwners(draw.indices(columns * times, 0, columns).sort()), columns * times, columns],
    [indexedOwners(draw.indices(columns * times, 0, columns)), columns * times, columns],
  ];
  for (const [owners, rows, owned] of ownerships) {
    yield* rowsAndNorms(backend, draw, owners, rows, owned);
    yield* patches(backend, draw, owners, rows, owned);
  }
  yield* entries(backend, draw);
}

function* products(backend: Backend, draw: Draw): Generator<readonly [string, Tensor]> {
  const [m, n, rows] = [draw.size(1, 120), draw.size(1, 300), draw.size(1, 400)];
  const [weight, x, y, bias] = [
    draw.tensor(m, n),
    draw.tensor(n, rows),
    draw.tensor(m, rows),
    draw.tensor(m, 1),
  ];
  yield ["linear", backend.linear(weight, x, bias)];
  yield ["linearTranspose", backend.linearTranspose(weight, y)];
  yield ["linearWeightGradient", backend.linearWeightGradient(y, x)];
  const g = draw.geometry();
  const kernel = draw.tensor(g.outChannels, weightsPerOutput(g));
  const [image, out] = [draw.tensor(inFeatures(g), rows), draw.tensor(outFeatures(g), rows)];
  const index = draw.indices(rows, 0, outFeatures(g));
  yield ["conv2d", backend.conv2d(kernel, image, null, g)];
  yield ["conv2dTranspose", backend.conv2dTranspose(kernel, out, g)];
  yield ["conv2dWeightGradient", backend.conv2dWeightGradient(out, image, g)];
  yield ["conv2dSelect", backend.conv2dSelect(kernel, index, g)];
  yield ["conv2dSelectGradient", backend.conv2dSelectGradient(image, index, g)];
}

function* rowsAndNorms(
  backend: Backend,
  draw: Draw,
  owners: Owners,
  rows: number,
  columns: number,
): Generator<readonly [string, Tensor]> {
  const features = draw.size(1, 64);
  const [x, y, s] = [draw.tensor(features, rows), draw.tensor(features, rows), draw.tensor(1, rows)];
  const [weight, other] = [draw.tensor(features, columns), draw.tensor(features, columns)];
  yield ["scaleShift", backend.scaleShift(x, weight, other, owners)];
  const signs = backend.scaleBySignGradient(x, weight, other, y, owners);
  yield* Object.entries(signs);
  yield ["sumRows", backend.sumRows(x, owners, columns)];
  yield ["multiplySumRows", backend.multiplySumRows(x, y, owners, columns)];
  yield ["dot", backend.dot(x, weight, owners)];
  yield ["outerSumRows", backend.outerSumRows(x, s, owners, columns)];
  for (const order of ORDERS) {
    const norm = backend.norm(x, weight, owners, order);
    yield [`norm ${order}`, norm];
    yield* Object.entries(backend.normGradient(x, weight, norm, s, owners, order));
    const norms = backend.normRows(x, owners, columns, order);
    yield [`normRows ${order}`, norms];
    yield [`normRowsGradient ${order}`, backend.normRowsGradient(x, norms, other, owners, order)];
  }
  yield* Object.entries(backend.enclose(x, weight, other, owners));
  yield* Object.entries(backend.encloseGradient(x, weight, other, y, s, owners));
  const places = backend.upload(features, columns, draw.indices(features * columns, -1, 9));
  yield ["selectTranspose", backend.selectTranspose(x, places, owners, 9)];
}

function* patches(
  backend: Backend,
  draw: Draw,
  owners: Owners,
  rows: number,
  columns: number,
): Generator<readonly [string, Tensor]> {
  const window = draw.window(rows);
  const patch = draw.tensor(window.channels * window.patchHeight * window.patchWidth, rows);
  const features = draw.size(1, 60);
  const [slope, radius, nu] = [columns, columns, rows].map((width) => draw.tensor(features, width));
  const steps = [{ kind: "enclose", slope, radius, owners }] as const;
  yield ["backward", backend.backward({ kind: "rows", nu }, steps, { radius, owners, order: 1 })];
  yield ["cropTranspose", backend.cropTranspose(patch, owners, window, columns)];
}

function* entries(backend: Backend, draw: Draw): Generator<readonly [string, Tensor]> {
  const [features, runs, times] = [draw.size(1, 60), draw.size(1, 40), draw.size(1, 60)];
  const x = draw.tensor(features, runs * times);
  const { value, index } = backend.medianRows(x, times);
  yield ["medianRows", value];
  yield ["medianRowsGradient", backend.medianRowsGradient(x, index, value, times)];
  const lower = draw.tensor(features, 300);
  const upper = backend.combine(1, lower, 1, backend.apply({ kind: "abs" }, draw.tensor(features, 300)));
  for (const f of ACTIVATIONS) {
    yield [f.kind, backend.apply(f, lower)];
    const lines = backend.parallelLines(f, lower, upper);
    yield* Object.entries(lines);
    yield* Object.entries(backend.parallelLinesGradient(f, lower, upper, lines));
    yield* Object.entries(backend.adaptiveLines(f, lower, upper));
    const box = backend.activateBox(f, lower, upper);
    yield* Object.entries(box);
    const moments = backend.boxMoments(lower, upper);
    yield ["boxMoments", moments];
    yield* Object.entries(backend.boxMomentsGradient(lower, upper, moments));
    yield* Object.entries(backend.activateBoxGradient(f, lower, upper, box));
  }
  const scattered = draw.indices(features, -1, 7);
  yield ["scatterAdd", backend.scatterAdd(x, scattered, 7)];
  yield ["replace", backend.replace(x, Int32Array.of(1, 0), backend.slice(x, 0, 2))];
  const labels = draw.indices(300, 0, features);
  const loss = backend.softmaxCrossEntropy(lower, labels);
  yield ["softmaxCrossEntropy", loss];
  yield ["softmaxCrossEntropyGradient", backend.softmaxCrossEntropyGradient(lower, labels, loss)];
}

/** Every result by its place and name, as bytes. */
async function bytesOf(backend: Backend, round: number): Promise<[string, Buffer][]> {
  const read: [string, Buffer][] = [];
  for (const [name, tensor] of results(backend, round)) {
    const { buffer } = await backend.read(tensor);
    read.push([`${read.length} ${name} [${tensor.features}, ${tensor.rows}]`, Buffer.from(buffer)]);
  }
  return read;
}

describe.skipIf(problem !== null)(
  `native results do not depend on threads${problem === null ? "" : ` (absent: ${problem})`}`,
  () => {
    for (const instructionSet of problem === null ? instructionSets() : []) {
      for (const dtype of ["float32", "float64"] as const satisfies readonly Dtype[]) {
        test(`${instructionSet}, ${dtype}: bits of 1, 2 and 3 threads, and of the same again`, async () => {
          for (let round = 0; round < 4; round++) {
            const [one, two, three] = [1, 2, 3].map((threads) =>
              createNativeBackend({ dtype, instructionSet, threads }),
            );
            const expected = await bytesOf(one, round);
            for (const backend of [one, two, two, three]) {
              const got = await bytesOf(backend, round);
              const differing = got.filter(([, bytes], i) => !bytes.equals(expected[i][1]));
              const what = `round ${round}, ${backend.threads} threads`;
              expect(
                differing.map(([name]) => name),
                what,
              ).toEqual([]);
            }
            for (const backend of [one, two, three]) backend.dispose();
          }
        });
      }
    }
  },
);
