import { spreadOverFeatures } from "../data/by-feature.js";
import type { Dataset } from "../data/dataset.js";
import { isNumbersPath, readNumbers } from "../data/numbers-file.js";
import type { ReadingOptions } from "../data/reading.js";
import { UsageError } from "../errors.js";
import type { EpsilonByFeature } from "../threat/ball.js";
import { quote, readNumber } from "./arguments.js";

/** `--epsilon` where it may differ by feature: one number; a list; or a file. */
export type EpsilonFlag = number | EpsilonWords;

/** What was written for an ε by feature. */
export interface EpsilonWords {
  readonly text: string;
  /** The numbers of a list; null of a file, which is yet to be read. */
  readonly list: readonly number[] | null;
}

/** A number of at least 0, a list of such, or a path; a `UsageError` for anything else. */
export function parseEpsilon(text: string): EpsilonFlag {
  if (isNumbersPath(text)) return { text, list: null };
  const list = text.split(",").map(readNumber);
  if (list.every((value) => Number.isFinite(value) && value >= 0)) {
    return list.length === 1 ? list[0]! : { text, list };
  }
  throw new UsageError(
    "--epsilon: expected a number of at least 0, such as 0.1 or 8/255, a list of them such as 0.1,0.2,0.1 (one a channel or a " +
      `feature), or a file (.npz, .npy, .json, .csv), found ${quote(text)}`,
  );
}

/** As it was written, for a command that says the same. */
export function epsilonText(epsilon: EpsilonFlag): string | number {
  return typeof epsilon === "number" ? epsilon : epsilon.text;
}

/**
 * The ε that a flag means for examples of a data set. A file's numbers stand as those of its examples do, as `--layout` says. Throws a
 * `UsageError` or a `FormatError` for numbers that are negative or not finite, and for another count than the data's.
 */
export async function readEpsilon(
  epsilon: EpsilonFlag,
  { shape }: Pick<Dataset, "shape">,
  reading: ReadingOptions,
): Promise<number | EpsilonByFeature> {
  if (typeof epsilon === "number") return epsilon;
  const { text, list } = epsilon;
  const where = `--epsilon ${text}`;
  const numbers = list
    ? { shape: [list.length], values: Float64Array.from(list) }
    : await readNumbers(text, "epsilon", where);
  const bad = numbers.values.findIndex((value) => !(value >= 0 && Number.isFinite(value)));
  if (bad >= 0) {
    throw new UsageError(
      `${where}: expected finite numbers of at least 0, found ${numbers.values[bad]} at ${bad}`,
    );
  }
  const perFeature = spreadOverFeatures(numbers, shape, where, reading);
  return numbers.values.length === 1 ? numbers.values[0]! : { perFeature };
}
