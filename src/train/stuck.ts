import type { EpochRow } from "./config.js";
import { TrainingFailure } from "./training-failure.js";

/** Updates without any progress after which training is called stuck. */
const PATIENCE = 400;
/** How close to guessing counts as no progress. */
const NEAR = 0.02;

/**
 * Throws a `TrainingFailure` if training does no better than guessing: through the last epochs, 400 updates or
 * more, the loss was that of equal chances for all classes, ln K, and answers were hardly ever right. A known trap when ε
 * starts large: bounds are so loose that a constant answer has the least robust loss, and its gradient is zero.
 */
export function checkLearning(rows: readonly EpochRow[], classes: number, batchesPerEpoch: number): void {
  const epochs = Math.max(1, Math.ceil(PATIENCE / batchesPerEpoch));
  const last = rows.slice(-epochs);
  if (last.length < epochs || !last.every((row) => isGuessing(row, classes))) return;
  throw new TrainingFailure(foundOf(last[last.length - 1], classes), adviceOf(last[last.length - 1]));
}

/** What to say of a run that is over, too short to be called stuck on its way, and never did better than guessing; null of any other. */
export function stuckInWords(rows: readonly EpochRow[], classes: number): string | null {
  const last = rows.at(-1);
  if (!last || !rows.every((row) => isGuessing(row, classes))) return null;
  return `${foundOf(last, classes)}: train for more epochs, or ${adviceOf(last)}`;
}

function foundOf({ epoch, epsilon }: EpochRow, classes: number): string {
  const guessing = `ln ${classes} = ${Math.log(classes).toFixed(2)}`;
  return `the loss has stayed at that of guessing, ${guessing}, up to epoch ${epoch} (epsilon ${Number(epsilon.toPrecision(3))})`;
}

function adviceOf({ robustLoss }: EpochRow): string {
  return robustLoss !== null
    ? "let epsilon start smaller or rise more slowly in a new run (--start-epsilon, --schedule-epochs), or begin it with " +
        "--warmup-epochs"
    : "try another --rate in a new run";
}

function isGuessing({ loss, robustLoss, error }: EpochRow, classes: number): boolean {
  const guess = Math.log(classes);
  const chance = 1 - 1 / classes;
  return (
    Math.abs(loss / guess - 1) < NEAR &&
    error > chance - 0.1 * chance &&
    (robustLoss === null || robustLoss > (1 - NEAR) * guess)
  );
}
