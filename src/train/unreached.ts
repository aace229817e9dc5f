import type { TrainConfig } from "./config.js";
import { rampAt } from "./schedule.js";

/** The part of a configuration that says when training reaches its radius, and which epochs may be chosen. */
type RunCourse = Pick<
  TrainConfig,
  "epochs" | "warmupEpochs" | "epsilon" | "validation" | "patience" | "evaluation"
>;

/**
 * What to say of a run before it begins if it ends before training reaches its radius, at which the model is measured, or if no epoch
 * that is evaluated reaches it, so that none can be chosen; null of any other.
 */
export function unreachedInWords(config: RunCourse): string | null {
  const { epochs, warmupEpochs, epsilon } = config;
  const chooses = config.validation > 0 || config.patience !== null;
  const unchosen = "no epoch can be chosen by --validation or --patience";
  const mend = "give it more --epochs, or fewer --schedule-epochs or --warmup-epochs";
  if (isReached(epochs, config)) {
    const { every } = config.evaluation;
    if (!chooses || isReached(epochs - (epochs % every), config)) return null;
    return `no epoch is evaluated once epsilon is reached, so that ${unchosen}: give --evaluate-every 1`;
  }
  const found =
    epochs <= warmupEpochs
      ? `${epochs === 1 ? "the one epoch is" : `all ${epochs} epochs are`} warm-up, on the standard loss alone`
      : `training ends at epsilon ${short(rampAt(epsilon, epochs - warmupEpochs))}, as ${short(epsilon.end)} takes ` +
        `${warmupEpochs + epsilon.epochs} epochs, and there are ${epochs}`;
  return `${found}${chooses ? `; ${unchosen}` : ""}: ${mend}`;
}

/** Whether training has reached its radius after so many epochs; the warm-up trains on none. */
function isReached(
  epoch: number,
  { warmupEpochs, epsilon }: Pick<RunCourse, "warmupEpochs" | "epsilon">,
): boolean {
  return epoch > warmupEpochs && rampAt(epsilon, epoch - warmupEpochs) === epsilon.end;
}

function short(epsilon: number): number {
  return Number(epsilon.toPrecision(3));
}
