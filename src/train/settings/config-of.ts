import { UsageError } from "../../errors.js";
import { type TrainConfig, trainConfigSchema } from "../config.js";
import { normsOf } from "../losses/index.js";
import { SETTINGS, type TrainOverrides } from "./index.js";
import type { TrainSettings } from "./named.js";
import { courseOf } from "./schedule.js";

/** What is trained, on what, within which ball, by which machine. */
export interface TrainSubject
  extends Pick<TrainConfig, "data" | "model" | "norm" | "box" | "seed" | "backend" | "dtype"> {
  /** The radius that training ends with. */
  readonly epsilon: number;
}

/**
 * A whole configuration, in the order of its schema: the settings' where `overrides` says nothing. A `UsageError` for a
 * value outside its range, such as a batch size of 0, or for overrides that do not go together.
 */
export function configOf(
  settings: TrainSettings,
  { epsilon, ...subject }: TrainSubject,
  overrides: TrainOverrides = {},
): TrainConfig {
  const asked = { named: settings, epsilon, course: courseOf(overrides, settings) };
  const values = Object.entries(SETTINGS).map(([key, { value }]) => [key, value(overrides, asked)]);
  const parsed = trainConfigSchema.safeParse({ ...subject, ...Object.fromEntries(values) });
  if (parsed.success) {
    const { loss, norm, validation, patience, evaluation } = parsed.data;
    const chooses = (validation > 0 && "--validation") || (patience !== null && "--patience");
    if (chooses && evaluation.every === 0) {
      throw new UsageError(
        `${chooses}: expected --evaluate-every 1 or more beside it, as epochs are chosen by their evaluation, found 0`,
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

/** The flags that ask for a configuration again; those that it need not spell out are left out. */
export function overridesOf(config: TrainConfig): TrainOverrides {
  let overrides: TrainOverrides = {};
  for (const { again } of Object.values(SETTINGS)) overrides = { ...overrides, ...again(config) };
  return overrides;
}
