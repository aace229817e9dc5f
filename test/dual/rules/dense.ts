import type { Tape, Variable } from "../../../src/autodiff/index.js";
import type { BackwardStep, FloatArray } from "../../../src/compute/backend.js";
import { indexedOwners, type Owners } from "../../../src/compute/owners.js";
import { random } from "../../../src/compute/random.js";
import type { Patch, Viewers } from "../../../src/dual/dual-layer.js";
import type { Layer } from "../../../src/network/layer.js";
import { graph, type Network } from "../../../src/network/network.js";
import type { Shape } from "../../../src/network/shape.js";

// Dual layers against matrices that are written out: every entry of what they should do is known.

/** A tensor `[features, rows]`, row-major, rows innermost. */
export interface Matrix {
  readonly features: number;
  readonly rows: number;
  readonly values: FloatArray;
}

/** A network of one layer, which reads the input once, or as often as inputs meet in it. */
export function alone(shape: Shape, layer: Layer, inputs = 1): Network {
  return graph(shape, (x, attach) => attach(layer, ...Array.from({ length: inputs }, () => x)));
}

export function randomMatrix(features: number, rows: number, seed: number): Matrix {
  const source = random(seed, "matrix");
  return {
    features,
    rows,
    values: Float64Array.from({ length: features * rows }, () => source.normal()),
  };
}

export function matrix(
  features: number,
  rows: number,
  entry: (feature: number, row: number) => number,
): Matrix {
  const values = Float64Array.from({ length: features * rows }, (_, i) =>
    entry(Math.floor(i / rows), i % rows),
  );
  return { features, rows, values };
}

/** A x. */
export function times(a: Matrix, x: Matrix): Matrix {
  return matrix(a.features, x.rows, (out, row) => {
    let sum = 0;
    for (let i = 0; i < a.rows; i++) sum += a.values[out * a.rows + i] * x.values[i * x.rows + row];
    return sum;
  });
}

export function transposed(a: Matrix): Matrix {
  return matrix(a.rows, a.features, (feature, row) => a.values[row * a.rows + feature]);
}

export function mapped(a: Matrix, f: (value: number) => number): Matrix {
  return { ...a, values: a.values.map(f) };
}

/** Σ w ⊙ x of each row, `[rows]`. */
export function columnSums(x: Matrix, weight: (feature: number, row: number) => number): number[] {
  return Array.from({ length: x.rows }, (_, row) => {
    let sum = 0;
    for (let f = 0; f < x.features; f++) sum += weight(f, row) * x.values[f * x.rows + row];
    return sum;
  });
}

export function uploaded(tape: Tape, { features, rows, values }: Matrix): Variable {
  return tape.own(tape.backend.upload(features, rows, Float64Array.from(values)));
}

export async function downloaded(tape: Tape, { value }: Variable): Promise<Matrix> {
  return { features: value.features, rows: value.rows, values: await tape.backend.read(value) };
}

/** How far two matrices are from each other at most; infinitely, where their shapes differ. */
export function distance(a: Matrix, b: Matrix): number {
  if (a.features !== b.features || a.rows !== b.rows) return Number.POSITIVE_INFINITY;
  return listDistance(a.values, b.values);
}

export function listDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    if (!(off <= worst)) worst = off;
  }
  return worst;
}

/** What steps do: the radius Σ r|ν| and the centre cᵀν where they end, with what they add on the way. */
export async function walked(
  tape: Tape,
  nu: Matrix,
  steps: readonly BackwardStep[],
  end: { readonly radius: Matrix; readonly centre: Matrix; readonly owners: Owners },
): Promise<{ readonly radius: number[]; readonly centre: number[] }> {
  const { owners } = end;
  const [radius, centre] = [end.radius, end.centre].map((x) => uploaded(tape, x).value);
  const start = { kind: "rows", nu: uploaded(tape, nu).value } as const;
  const all = await tape.backend.read(
    tape.backend.backward(start, steps, { radius, centre, owners, order: 1 }),
  );
  return { radius: Array.from(all.slice(0, nu.rows)), centre: Array.from(all.slice(nu.rows)) };
}

/** Whether a patch's position lies within the image, and where: by viewer, or −1. */
export function placeOf(
  [, height, width]: Shape,
  patch: Patch,
  viewer: number,
  y: number,
  x: number,
): number {
  const [row, column] = [patch.top[viewer] + y, patch.left[viewer] + x];
  const inside = row >= 0 && row < height && column >= 0 && column < width;
  return inside ? row * width + column : -1;
}

/** For every entry of rows that see patches: the feature of the image that it is, −1 on padding. `[patch features, rows]` */
export function featuresSeen(shape: Shape, patch: Patch, viewerOf: ArrayLike<number>): Matrix {
  const area = patch.height * patch.width;
  return matrix(shape[0] * area, viewerOf.length, (feature, row) => {
    const within = feature % area;
    const place = placeOf(
      shape,
      patch,
      viewerOf[row],
      Math.floor(within / patch.width),
      within % patch.width,
    );
    return place < 0 ? -1 : Math.floor(feature / area) * shape[1] * shape[2] + place;
  });
}

/** Rows that see patches as whole rows: zeros where they see nothing. */
export function pasted(nu: Matrix, seen: Matrix, features: number): Matrix {
  const values = new Float64Array(features * nu.rows);
  seen.values.forEach((feature, i) => {
    if (feature >= 0) values[feature * nu.rows + (i % nu.rows)] += nu.values[i];
  });
  return { features, rows: nu.rows, values };
}

/** Zeros on padding. */
export function cleared(nu: Matrix, seen: Matrix): Matrix {
  return { ...nu, values: nu.values.map((value, i) => (seen.values[i] < 0 ? 0 : value)) };
}

/** Five viewers of three examples, and seven rows of theirs. */
export const EXAMPLES_SEEN = Int32Array.of(2, 0, 1, 2, 0);
export const VIEWERS_OF_ROWS = Int32Array.of(0, 1, 1, 2, 3, 3, 4);
export const VIEWERS: Viewers = {
  examples: indexedOwners(EXAMPLES_SEEN),
  rows: indexedOwners(VIEWERS_OF_ROWS),
};
/** The example of each row. */
export const OWNER = VIEWERS_OF_ROWS.map((viewer) => EXAMPLES_SEEN[viewer]);
export const EXAMPLES = 3;
export const ROWS = VIEWERS_OF_ROWS.length;

/** Patches of 5 viewers, in the image, over each of its edges, and not all of one stride's remainder. */
export function patchesOf([, height, width]: Shape): readonly Patch[] {
  const of = (tall: number, wide: number, top: readonly number[], left: readonly number[]): Patch => ({
    ...{ height: tall, width: wide },
    ...{ top: Int32Array.from(top), left: Int32Array.from(left) },
  });
  return [
    of(1, 1, [0, 1, 0, height - 1, 0], [0, 0, 1, width - 1, width - 1]),
    of(2, 3, [-1, 0, height - 1, 1, -1], [0, -2, width - 1, -1, width - 2]),
    of(height, width, [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
    of(height + 2, width + 3, [-1, -1, -2, 0, -1], [-1, -2, 0, -3, -1]),
  ];
}
