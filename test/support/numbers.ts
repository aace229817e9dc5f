/** The largest |actual − expected| over the largest |expected| of the list (at least 1e-3): NaN if anything is NaN. */
export function largestRelativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`expected ${expected.length} numbers, got ${actual.length}`);
  }
  let scale = 1e-3;
  for (let i = 0; i < expected.length; i++) scale = Math.max(scale, Math.abs(expected[i]));
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / scale;
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/** The largest |actual − expected| / |expected| entry by entry; where 0 is expected, |actual| itself. */
export function largestEntryError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`expected ${expected.length} numbers, got ${actual.length}`);
  }
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (expected[i] === 0 ? 1 : Math.abs(expected[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}
