import { ShapeError } from "../errors.js";

/** The shape of one example at a node, without the batch: `[features]` or `[channels, height, width]`. */
export type Shape = readonly number[];

/** Number of features of a shape. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}

/**
 * Whether numbers of one shape stand in the order of the other: shapes that differ by extents of 1 alone, such as 28×28 and
 * 1×28×28, or of which one is flat.
 */
export function sameOrder(a: Shape, b: Shape): boolean {
  const withoutOnes = (shape: Shape): Shape => shape.filter((extent) => extent !== 1);
  const [first, second] = [withoutOnes(a), withoutOnes(b)];
  return sameShape(first, second) || (Math.min(first.length, second.length) <= 1 && sizeOf(a) === sizeOf(b));
}

/** Of one shape: more than any library has. */
const MOST_EXTENTS = 64;

/** A `ShapeError` for a shape of so many extents that nothing means them. */
export function checkRank(what: string, { length }: { readonly length: number }): void {
  if (length <= MOST_EXTENTS) return;
  throw new ShapeError(`${what}: expected a shape of at most ${MOST_EXTENTS} extents, found ${length}`);
}

/** Extents that are written out. */
const WRITTEN = 16;

/** `1×28×28`; of very many extents the first, and how many there are. */
export function formatShape(shape: Shape): string {
  if (shape.length === 0) return "scalar";
  if (shape.length <= WRITTEN) return shape.join("×");
  return `${shape.slice(0, WRITTEN).join("×")}×… (${shape.length} extents)`;
}
