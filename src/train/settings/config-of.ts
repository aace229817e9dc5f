import { UsageError } from "../../errors.js";
import { type TrainConfig, trainConfigSchema } from "../config.js";
import { hears, LOSS_NAMES, LOSSES, type LossFlag, type LossName, normsOf } from "../losses/index.js";
import { longFlag, SETTINGS, type TrainOverrides } from "./index.js";
import type { TrainSettings } from "./named.js";
import { courseOf } from "./schedule.js";

/** What is trained, on what, within which ball, by which machine. */
export interface TrainSubject
  extends Pick<TrainConfig, "data" | "model" | "norm" | "box" | "seed" | "backend" | "dtype"> {
  /** The radius that training ends with. */
  readonly epsilon: number;
  /** Whether the model comes with weights, so that none are drawn for it. Default false. */
  readonly hasWeights?: boolean;
}

/**
 * A whole configuration, in the order of its schema: the settings' where `overrides` says nothing. A `UsageError` for a
 * value outside its range, such as a batch size of 0, or for overrides that do not go together.
 */
export function configOf(
  settings: TrainSettings,
  { epsilon, hasWeights = false, ...subject }: TrainSubject,
  overrides: TrainOverrides = {},
): TrainConfig {
  if (hasWeights && overrides.initialization !== undefined) {
    throw new UsageError(
      `--initialization: expected a named architecture, whose weights are drawn, found the model ${subject.model}, which has its own`,
    );
  }
  const loss = overrides.loss ?? settings.loss ?? "dual";
  expectHeard(loss, overrides);
  const named: TrainSettings = hasWeights ? { ...settings, initialization: "standard" } : settings;
  const asked = { named, epsilon, course: courseOf(overrides, settings), loss };
  const values = Object.entries(SETTINGS).map(([key, { value }]) => [key, value(overrides, asked)]);
  const parsed = trainConfigSchema.safeParse({ ...subject, ...Object.fromEntries(values) });
  if (parsed.success) {
    const { norm, validation, patience, evaluation } = parsed.data;
    const chooses = (validation > 0 && "--validation") || (patience !== null && "--patience");
    if (chooses && evaluation.every === 0) {
      throw new UsageError(
        `${chooses}: expected --evaluate-every 1 or more beside it, as epochs are chosen by their evaluation, found 0`,
      );
    }
    const { averageEpochs, epochs } = parsed.data;
    if (averageEpochs > epochs) {
      throw new UsageError(
        `--average-epochs: expected at most the epochs of the run, ${epochs}, found ${averageEpochs}`,
      );
    }
    if (patience !== null && averageEpochs > 0) {
      throw new UsageError(
        "--average-epochs: expected without --patience, as which epochs are the last is not known before they are over, found both",
      );
    }
    if (patience !== null && patience >= epochs) {
      throw new UsageError(
        `--patience: expected fewer than the epochs of the run, ${epochs}, found ${patience}, which would never end it`,
      );
    }
    const norms = normsOf(loss);
    if (!norms || norms.includes(norm)) return parsed.data;
    throw new UsageError(
      `--loss: ${loss} takes ${norms.join(" and ")} balls, found --norm ${norm}; take --loss dual`,
    );
  }
  const [{ path, message }] = parsed.error.issues;
  throw new UsageError(`training configuration: ${path.join(".")}: ${message}`);
}

/** What may be said by a flag that the loss has no ear for: that there is nothing of the kind. */
const NONE_OF_IT: Readonly<Partial<Record<LossFlag, unknown>>> = {
  bound: "parallel",
  projections: "exact",
  sketch: "joint",
  regularization: 0,
};

/** Throws a `UsageError` for a flag that the loss has no ear for, as nothing would come of it. */
function expectHeard(loss: LossName, overrides: TrainOverrides): void {
  const flags = [...new Set(LOSS_NAMES.flatMap((name) => LOSSES[name].hears))];
  for (const flag of flags) {
    if (hears(loss, flag) || [undefined, NONE_OF_IT[flag]].includes(overrides[flag])) continue;
    const others = LOSS_NAMES.filter((name) => hears(name, flag)).join(" or ");
    throw new UsageError(`${longFlag(flag)}: expected with --loss ${others} alone, found with ${loss}`);
  }
}

/** The flags that ask for a configuration again; those that it need not spell out are left out. */
export function overridesOf(config: TrainConfig): TrainOverrides {
  let overrides: TrainOverrides = {};
  for (const { again } of Object.values(SETTINGS)) overrides = { ...overrides, ...again(config) };
  return overrides;
}
