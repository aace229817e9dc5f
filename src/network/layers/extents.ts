import { expectNumberOrNumbers, expectOptions } from "../../errors.js";

/** Height and width. */
export type Pair = readonly [number, number];
/** Top, left, bottom, right. */
export type Sides = readonly [number, number, number, number];

/** One number for both directions, or height and width. */
export type PairLike = number | Pair;
/** One number for all sides, height and width, or top, left, bottom, right. */
export type SidesLike = number | Pair | Sides;

/** The window of a pool or a convolution, in pixels. Padding is 0 by default. */
export interface WindowOptions {
  readonly kernel: PairLike;
  readonly stride?: PairLike;
  readonly padding?: SidesLike;
}

/** Throws a `UsageError` that names `what` for anything but a number or a list of two. */
export function pair(value: PairLike, what: string): Pair {
  expectNumberOrNumbers(what, value);
  return typeof value === "number" ? [value, value] : value;
}

/** Throws a `UsageError` that names `what` for anything but a number or a list of two or four. */
export function sides(value: SidesLike, what: string): Sides {
  expectNumberOrNumbers(what, value);
  if (typeof value === "number") return [value, value, value, value];
  return value.length === 2 ? [value[0], value[1], value[0], value[1]] : value;
}

/** The names of `WindowOptions`. */
export const WINDOW_OPTIONS: readonly string[] = ["kernel", "stride", "padding"];

/** The window of a pool, whose stride is the kernel's size if it is left out; `more` are names of further options. */
export function poolWindow(
  options: WindowOptions,
  kind: string,
  more: readonly string[] = [],
): { kernel: Pair; stride: Pair; padding: Sides } {
  expectOptions(`${kind}: options`, options, [...WINDOW_OPTIONS, ...more]);
  return {
    kernel: pair(options.kernel, `${kind}: kernel`),
    stride: pair(options.stride ?? options.kernel, `${kind}: stride`),
    padding: sides(options.padding ?? 0, `${kind}: padding`),
  };
}
