import { checkSame, checkShape, checkTimes, type Size, shapeMismatch } from "./shape-checks.js";

// Shape rules, as in `shape-rules/`, of operations whose rows come in runs of one length.

/** Rows of one run after the other: the shape of one number per run. */
function overRuns(operation: string, x: Size, times: number): Size {
  checkTimes(operation, "times", times, 1);
  if (x.rows % times !== 0) throw shapeMismatch(operation, `rows in runs of ${times}`, `${x.rows} rows`);
  return { features: x.features, rows: x.rows / times };
}

/** Random numbers of an example: the blocks that they come in are counted by 32 bits. */
const MOST_NUMBERS = 2 ** 34;

export function geometricMeanRows(x: Size, times: number): Size {
  return overRuns("geometricMeanRows", x, times);
}

export function addNoise(
  x: Size | null,
  slope: Size | null,
  radius: Size,
  times: number,
  operation = "addNoise",
): Size {
  checkTimes(operation, "times", times, 1);
  if (radius.features * times >= MOST_NUMBERS) {
    throw shapeMismatch(
      operation,
      `fewer than ${MOST_NUMBERS} numbers an example`,
      `${radius.features} times ${times}`,
    );
  }
  const shape = { features: radius.features, rows: radius.rows * times };
  if ((x === null) !== (slope === null)) {
    throw shapeMismatch(operation, "x and slope, or neither", x === null ? "a slope alone" : "x alone");
  }
  if (x !== null) checkShape(operation, "x", x, shape.features, shape.rows);
  if (slope !== null) checkShape(operation, "slope", slope, radius.features, radius.rows);
  return shape;
}

/** Returns the shape of x; slope and radius have that of the given radius. */
export function addNoiseGradient(
  x: Size | null,
  slope: Size | null,
  radius: Size,
  g: Size,
  times: number,
): Size {
  const shape = addNoise(x, slope, radius, times, "addNoiseGradient");
  checkShape("addNoiseGradient", "g", g, shape.features, shape.rows);
  return shape;
}

/** Returns the shape of the medians and of their places. */
export function medianRows(x: Size, times: number): Size {
  return overRuns("medianRows", x, times);
}

export function medianRowsGradient(x: Size, index: Size, g: Size, times: number): Size {
  checkTimes("medianRowsGradient", "times", times, 1);
  checkSame("medianRowsGradient", index, g);
  checkShape("medianRowsGradient", "x", x, index.features, index.rows * times);
  return { features: x.features, rows: x.rows };
}
