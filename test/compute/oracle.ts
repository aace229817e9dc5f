import type { NormOrder } from "../../src/compute/backend.js";
import type { CropWindow } from "../../src/compute/crop-window.js";
import type { Conv2dGeometry } from "../../src/compute/geometry.js";
import type { Owners } from "../../src/compute/owners.js";

// What every operation means, in plain loops over numbers: slow, obvious, and sharing no code with any backend.

export interface Matrix {
  readonly features: number;
  readonly rows: number;
  readonly values: number[];
}

export function build(features: number, rows: number, entry: (f: number, r: number) => number): Matrix {
  const values: number[] = [];
  for (let f = 0; f < features; f++) for (let r = 0; r < rows; r++) values.push(entry(f, r));
  return { features, rows, values };
}

export function at(x: Matrix, f: number, r: number): number {
  return x.values[f * x.rows + r];
}

export function sumOf(count: number, term: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
}

export function map(x: Matrix, f: (value: number) => number): Matrix {
  return build(x.features, x.rows, (i, r) => f(at(x, i, r)));
}

export function map2(x: Matrix, y: Matrix, f: (a: number, b: number) => number): Matrix {
  return build(x.features, x.rows, (i, r) => f(at(x, i, r), at(y, i, r)));
}

export function inner(x: Matrix, y: Matrix): number {
  return sumOf(x.values.length, (i) => x.values[i] * y.values[i]);
}

// Affine maps ----------------------------------------------------------------------------------------------------

export function transpose(x: Matrix): Matrix {
  return build(x.rows, x.features, (f, r) => at(x, r, f));
}

export function linear(weight: Matrix, x: Matrix, bias: Matrix | null): Matrix {
  return build(
    weight.features,
    x.rows,
    (o, r) => sumOf(weight.rows, (k) => at(weight, o, k) * at(x, k, r)) + (bias ? bias.values[o] : 0),
  );
}

/** Visits every (output feature, input feature, weight row, weight column) that a convolution multiplies. */
export function eachTap(
  g: Conv2dGeometry,
  visit: (output: number, input: number, weightRow: number, weightColumn: number) => void,
): void {
  const inPerGroup = g.inChannels / g.groups;
  const outPerGroup = g.outChannels / g.groups;
  for (let o = 0; o < g.outChannels; o++) {
    for (let y = 0; y < g.outHeight; y++) {
      for (let x = 0; x < g.outWidth; x++) {
        for (let c = 0; c < inPerGroup; c++) {
          for (let ky = 0; ky < g.kernelHeight; ky++) {
            for (let kx = 0; kx < g.kernelWidth; kx++) {
              const iy = y * g.strideHeight - g.padTop + ky * g.dilationHeight;
              const ix = x * g.strideWidth - g.padLeft + kx * g.dilationWidth;
              if (iy < 0 || iy >= g.inHeight || ix < 0 || ix >= g.inWidth) continue;
              const channel = Math.floor(o / outPerGroup) * inPerGroup + c;
              visit(
                (o * g.outHeight + y) * g.outWidth + x,
                (channel * g.inHeight + iy) * g.inWidth + ix,
                o,
                (c * g.kernelHeight + ky) * g.kernelWidth + kx,
              );
            }
          }
        }
      }
    }
  }
}

/** The matrix `[out, in]` that a convolution is. */
export function convolutionMatrix(weight: Matrix, g: Conv2dGeometry): Matrix {
  const dense = build(
    g.outChannels * g.outHeight * g.outWidth,
    g.inChannels * g.inHeight * g.inWidth,
    () => 0,
  );
  eachTap(g, (output, input, row, column) => {
    dense.values[output * dense.rows + input] += at(weight, row, column);
  });
  return dense;
}

export function conv2dWeightGradient(y: Matrix, x: Matrix, g: Conv2dGeometry): Matrix {
  const columns = (g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth;
  const gradient = build(g.outChannels, columns, () => 0);
  eachTap(g, (output, input, row, column) => {
    gradient.values[row * columns + column] += sumOf(x.rows, (r) => at(y, output, r) * at(x, input, r));
  });
  return gradient;
}

/** Unit vectors, one per row. */
export function oneHot(features: number, index: Int32Array): Matrix {
  return build(features, index.length, (f, r) => (index[r] === f ? 1 : 0));
}

export function gather(x: Matrix, index: Int32Array): Matrix {
  return build(index.length, x.rows, (f, r) => (index[f] < 0 ? 0 : at(x, index[f], r)));
}

export function scatterAdd(y: Matrix, index: Int32Array, features: number): Matrix {
  return build(features, y.rows, (f, r) => sumOf(index.length, (i) => (index[i] === f ? at(y, i, r) : 0)));
}

// Rows and owners ------------------------------------------------------------------------------------------------

export function owner(owners: Owners, row: number): number {
  if (owners.kind === "own") return row;
  if (owners.kind === "shared") return 0;
  if (owners.kind === "repeat") return Math.floor(row / owners.times);
  return owners.column[row];
}

export function spread(x: Matrix, owners: Owners, rows: number): Matrix {
  return build(x.features, rows, (f, r) => at(x, f, owner(owners, r)));
}

export function sumRows(x: Matrix, owners: Owners, columns: number): Matrix {
  return build(x.features, columns, (f, c) =>
    sumOf(x.rows, (r) => (owner(owners, r) === c ? at(x, f, r) : 0)),
  );
}

export function scaleBySign(x: Matrix, positive: Matrix, negative: Matrix, owners: Owners): Matrix {
  return build(x.features, x.rows, (f, r) => {
    const value = at(x, f, r);
    return at(value >= 0 ? positive : negative, f, owner(owners, r)) * value;
  });
}

function normOf(terms: number[], order: NormOrder): number {
  if (order === 1) return terms.reduce((sum, term) => sum + term, 0);
  if (order === 2) return Math.sqrt(terms.reduce((sum, term) => sum + term * term, 0));
  return terms.reduce((largest, term) => Math.max(largest, Math.abs(term)), 0);
}

/** Terms w·|x| along the features of each row. */
export function norm(x: Matrix, weight: Matrix, owners: Owners, order: NormOrder): Matrix {
  return build(1, x.rows, (_, r) =>
    normOf(
      Array.from({ length: x.features }, (_, f) => at(weight, f, owner(owners, r)) * Math.abs(at(x, f, r))),
      order,
    ),
  );
}

export function normRows(x: Matrix, owners: Owners, columns: number, order: NormOrder): Matrix {
  return build(x.features, columns, (f, c) => {
    const terms: number[] = [];
    for (let r = 0; r < x.rows; r++) if (owner(owners, r) === c) terms.push(Math.abs(at(x, f, r)));
    return normOf(terms, order);
  });
}

export function crop(x: Matrix, owners: Owners, window: CropWindow): Matrix {
  const area = window.patchHeight * window.patchWidth;
  return build(window.channels * area, window.top.length, (f, r) => {
    const channel = Math.floor(f / area);
    const y = window.top[r] + (Math.floor(f / window.patchWidth) % window.patchHeight);
    const column = window.left[r] + (f % window.patchWidth);
    if (y < 0 || y >= window.height || column < 0 || column >= window.width) return 0;
    return at(x, (channel * window.height + y) * window.width + column, owner(owners, r));
  });
}

/** The median of |x| over runs of `times` rows, the lower of two, and its first place in the run; no NaN. */
export function medianRows(x: Matrix, times: number): { value: Matrix; index: Matrix } {
  const run = (f: number, c: number) =>
    Array.from({ length: times }, (_, i) => Math.abs(at(x, f, c * times + i)));
  const median = (f: number, c: number) => run(f, c).sort((a, b) => a - b)[Math.floor((times - 1) / 2)];
  const columns = x.rows / times;
  return {
    value: build(x.features, columns, median),
    index: build(x.features, columns, (f, c) => run(f, c).indexOf(median(f, c))),
  };
}

// Windows, loss, optimizer ---------------------------------------------------------------------------------------

/** Choice and rival of max pooling. */
export function maxPoolChoice(
  lower: Matrix,
  upper: Matrix,
  g: Conv2dGeometry,
): { choice: Matrix; rival: Matrix } {
  const outputs = g.outChannels * g.outHeight * g.outWidth;
  const windows: number[][] = Array.from({ length: outputs }, () => []);
  eachTap(g, (output, input) => windows[output].push(input));
  const largest = (candidates: number[], bounds: Matrix, column: number): number => {
    if (candidates.length === 0) return -1;
    const top = Math.max(...candidates.map((input) => at(bounds, input, column)));
    return candidates.find((input) => Object.is(at(bounds, input, column), top)) ?? -2;
  };
  const choice = build(outputs, lower.rows, (o, c) => largest(windows[o], lower, c));
  const rival = build(outputs, lower.rows, (o, c) =>
    largest(
      windows[o].filter((input) => input !== at(choice, o, c)),
      upper,
      c,
    ),
  );
  return { choice, rival };
}

export function select(x: Matrix, index: Matrix, owners: Owners, missing: number): Matrix {
  return build(index.features, x.rows, (f, r) => {
    const feature = at(index, f, owner(owners, r));
    return feature < 0 ? missing : at(x, feature, r);
  });
}

export function softmaxCrossEntropy(logits: Matrix, labels: Int32Array): Matrix {
  return build(1, logits.rows, (_, r) => {
    const label = at(logits, labels[r], r);
    return Math.log(sumOf(logits.features, (k) => Math.exp(at(logits, k, r) - label)));
  });
}

// Derivatives ----------------------------------------------------------------------------------------------------

/** Derivative of ⟨g, f(inputs)⟩ in input number `which`, by central differences. */
export function numericGradient(
  f: (inputs: readonly Matrix[]) => Matrix,
  inputs: readonly Matrix[],
  which: number,
  g: Matrix,
  step = 1e-5,
): Matrix {
  const shifted = (i: number, by: number): number =>
    inner(
      g,
      f(
        inputs.map((x, k) =>
          k === which ? { ...x, values: x.values.map((value, j) => (j === i ? value + by : value)) } : x,
        ),
      ),
    );
  const { features, rows } = inputs[which];
  return build(features, rows, (i, r) => {
    const position = i * rows + r;
    return (shifted(position, step) - shifted(position, -step)) / (2 * step);
  });
}
