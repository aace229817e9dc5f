import { ShapeError } from "../errors.js";
import type { Conv2dGeometry } from "./geometry.js";
import type { Owners } from "./owners.js";

/** Size of a matrix `[features, rows]`; every tensor is one. */
export interface Size {
  readonly features: number;
  readonly rows: number;
}

/** Writes a shape as in messages: `[features, rows]`. */
export function formatShape(shape: Size): string {
  return `[${shape.features}, ${shape.rows}]`;
}

/** The one form of every shape message: `conv2d: expected x [784, R], got [780, 50]`. */
export function shapeMismatch(operation: string, expected: string, got: string): ShapeError {
  return new ShapeError(`${operation}: expected ${expected}, got ${got}`);
}

/** A size: an integer of at least `least`. */
export function checkSize(operation: string, name: string, value: number, least = 0): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw shapeMismatch(operation, `${name} to be an integer of at least ${least}`, `${value}`);
  }
  return value;
}

/** Rows of one run: an integer of at least `least`, below 2³¹. */
export function checkTimes(operation: string, name: string, value: number, least = 0): number {
  checkSize(operation, name, value, least);
  if (value >= 2 ** 31) throw shapeMismatch(operation, `${name} below ${2 ** 31}`, `${value}`);
  return value;
}

/** Throws unless `x` has this many features and rows; `null` leaves one free. */
export function checkShape(
  operation: string,
  name: string,
  x: Size,
  features: number | null,
  rows: number | null,
): void {
  if ((features !== null && x.features !== features) || (rows !== null && x.rows !== rows)) {
    throw shapeMismatch(operation, `${name} [${features ?? "f"}, ${rows ?? "R"}]`, formatShape(x));
  }
}

/** Throws unless all shapes equal the first; returns it. */
export function checkSame(operation: string, first: Size, ...others: readonly Size[]): Size {
  for (const other of others) {
    if (other.features !== first.features || other.rows !== first.rows) {
      throw shapeMismatch(operation, `all of shape ${formatShape(first)}`, formatShape(other));
    }
  }
  return { features: first.features, rows: first.rows };
}

/** Throws unless every entry lies in `from … below − 1`. */
export function checkIndex(operation: string, name: string, index: Int32Array, from: number, below: number) {
  for (let i = 0; i < index.length; i++) {
    if (index[i] < from || index[i] >= below) {
      throw shapeMismatch(operation, `${name}[${i}] in ${from} … ${below - 1}`, `${index[i]}`);
    }
  }
}

/** Throws unless `owners` maps exactly `rows` rows to `columns` columns. */
export function checkOwners(operation: string, owners: Owners, rows: number, columns: number): void {
  switch (owners.kind) {
    case "own":
      if (rows !== columns) {
        throw shapeMismatch(operation, `as many columns as rows (${rows}) with own owners`, `${columns}`);
      }
      return;
    case "shared":
      if (columns !== 1) throw shapeMismatch(operation, "1 column with shared owners", `${columns}`);
      return;
    case "repeat":
      checkTimes(operation, "owners.times", owners.times);
      if (columns * owners.times !== rows) {
        throw shapeMismatch(
          operation,
          `${columns} × ${owners.times} rows with repeated owners`,
          `${rows} rows`,
        );
      }
      return;
    case "indexed":
      if (owners.column.length !== rows) {
        throw shapeMismatch(operation, `an owner for each of ${rows} rows`, `${owners.column.length}`);
      }
      checkIndex(operation, "owners.column", owners.column, 0, columns);
      return;
    default:
      owners satisfies never;
  }
}

const POSITIVE_SIZES = [
  "inChannels",
  "inHeight",
  "inWidth",
  "outChannels",
  "outHeight",
  "outWidth",
  "kernelHeight",
  "kernelWidth",
  "strideHeight",
  "strideWidth",
  "dilationHeight",
  "dilationWidth",
  "groups",
] as const satisfies readonly (keyof Conv2dGeometry)[];

/** Most features of an image, and most places along a padded side of one: their numbers fit 32 bits with room to spare. */
export const MOST_PLACES = 2 ** 30;

/** Throws unless an image of these sizes has at most 2³⁰ features. */
export function checkFeatures(operation: string, ...sizes: readonly number[]): void {
  const features = sizes.reduce((product, size) => product * size, 1);
  if (features > MOST_PLACES) {
    throw shapeMismatch(operation, `an image of at most ${MOST_PLACES} features`, sizes.join(" × "));
  }
}

/**
 * Throws unless sizes are positive, padding is an integer of at least 0, groups divide both channel counts, and no image is larger
 * than backends can number.
 */
export function checkGeometry(operation: string, geometry: Conv2dGeometry): void {
  for (const name of POSITIVE_SIZES) checkSize(operation, `geometry.${name}`, geometry[name], 1);
  checkSize(operation, "geometry.padTop", geometry.padTop);
  checkSize(operation, "geometry.padLeft", geometry.padLeft);
  const { inChannels, outChannels, groups } = geometry;
  if (inChannels % groups !== 0 || outChannels % groups !== 0) {
    throw shapeMismatch(
      operation,
      `geometry.groups to divide ${inChannels} and ${outChannels} channels`,
      `${groups}`,
    );
  }
  const g = geometry;
  checkFeatures(operation, inChannels, g.inHeight, g.inWidth);
  checkFeatures(operation, outChannels, g.outHeight, g.outWidth);
  checkFeatures(operation, inChannels, g.kernelHeight, g.kernelWidth);
  const tall = g.outHeight * g.strideHeight + g.kernelHeight * g.dilationHeight + g.padTop;
  const wide = g.outWidth * g.strideWidth + g.kernelWidth * g.dilationWidth + g.padLeft;
  if (Math.max(tall, wide) > MOST_PLACES) {
    throw shapeMismatch(
      operation,
      `a padded image of at most ${MOST_PLACES} places a side`,
      `${tall} × ${wide}`,
    );
  }
}

/** Throws unless `weight` `[f, C]` goes with x `[f, R]` by owner. */
export function checkByOwner(operation: string, name: string, x: Size, weight: Size, owners: Owners): void {
  checkShape(operation, name, weight, x.features, null);
  checkOwners(operation, owners, x.rows, weight.rows);
}
