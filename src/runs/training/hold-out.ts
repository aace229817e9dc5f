import { random } from "../../compute/random.js";
import { type Dataset, subset } from "../../data/dataset.js";
import { UsageError } from "../../errors.js";
import type { TrainConfig } from "../../train/config.js";

/** Examples that are trained on, and those that are held out. */
export interface HeldOut {
  readonly train: Dataset;
  readonly heldOut: Dataset | null;
}

/** The training examples without those that are held out, which depend on the seed alone; null where none are. */
export function holdOut(
  train: Dataset,
  { validation, seed }: Pick<TrainConfig, "validation" | "seed">,
): HeldOut {
  if (validation === 0) return { train, heldOut: null };
  const order = random(seed, "held out").permutation(train.count);
  const inOrder = (indices: Int32Array): Int32Array => indices.sort((a, b) => a - b);
  return {
    train: subset(train, inOrder(order.slice(validation))),
    heldOut: subset(train, inOrder(order.slice(0, validation))),
  };
}

/** Throws a `UsageError` unless examples are left to train on. */
export function checkValidation(
  { validation }: Pick<TrainConfig, "validation">,
  { count, name }: Dataset,
): void {
  if (validation < count) return;
  throw new UsageError(
    `--validation: expected fewer than the ${count} training examples of ${name}, found ${validation}`,
  );
}
