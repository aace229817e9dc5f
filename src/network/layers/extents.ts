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

export function pair(value: PairLike): Pair {
  return typeof value === "number" ? [value, value] : value;
}

export function sides(value: SidesLike): Sides {
  if (typeof value === "number") return [value, value, value, value];
  return value.length === 2 ? [value[0], value[1], value[0], value[1]] : value;
}

/** The window of a pool, whose stride is the kernel's size if it is left out. */
export function poolWindow(options: WindowOptions): { kernel: Pair; stride: Pair; padding: Sides } {
  return {
    kernel: pair(options.kernel),
    stride: pair(options.stride ?? options.kernel),
    padding: sides(options.padding ?? 0),
  };
}
