import { UsageError } from "../errors.js";

/** Bounds that every pixel obeys anyway, such as [0, 1]. */
export type Box = readonly [lower: number, upper: number];

/** Bounds that each input feature obeys anyway, `[features]` each, in the units of the data. */
export interface BoxByFeature {
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

/** Whether each feature has bounds of its own. */
export function isByFeature(box: Box | BoxByFeature): box is BoxByFeature {
  return "lower" in box;
}

/** Between which bounds each feature stays; infinite ones where there is no box. Throws a `UsageError` for another count. */
export function boxReader(
  box: Box | BoxByFeature | null | undefined,
  features: number,
): (feature: number) => Box {
  if (!box) return () => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (!isByFeature(box)) return () => box;
  const { lower, upper } = box;
  for (const [name, { length }] of [
    ["lower", lower],
    ["upper", upper],
  ] as const) {
    if (length === features) continue;
    throw new UsageError(`box: ${name}: expected ${features} numbers, one per input feature, got ${length}`);
  }
  return (feature) => [lower[feature], upper[feature]];
}

/** Throws a `UsageError` unless a box has finite bounds, each lower one at most the upper one. */
export function checkBox(box: Box | BoxByFeature): void {
  if (!isByFeature(box)) {
    const [lower, upper] = box;
    if (areBounds(lower, upper)) return;
    throw new UsageError(`box: expected lower ≤ upper, got ${lower},${upper}`);
  }
  const { lower, upper } = box;
  if (lower.length !== upper.length) {
    throw new UsageError(
      `box: expected as many lower as upper bounds, got ${lower.length} and ${upper.length}`,
    );
  }
  for (let f = 0; f < lower.length; f++) {
    if (areBounds(lower[f], upper[f])) continue;
    throw new UsageError(`box: feature ${f}: expected finite lower ≤ upper, got ${lower[f]} and ${upper[f]}`);
  }
}

function areBounds(lower: number, upper: number): boolean {
  return Number.isFinite(lower) && Number.isFinite(upper) && lower <= upper;
}

/** The same box in plain lists, as JSON has it. */
export function plainBox(box: Box | BoxByFeature): Box | BoxByFeature {
  return isByFeature(box) ? { lower: Array.from(box.lower), upper: Array.from(box.upper) } : [box[0], box[1]];
}
