import { join } from "node:path";
import type { TrainConfig } from "../../train/config.js";
import { MEASURED_FILES } from "../measured-files.js";
import { shellLine } from "./shell-words.js";
import { ballFlags } from "./train-command.js";

/** What a run's parts are measured on. */
export interface MeasureSubject {
  readonly folder: string;
  readonly config: Pick<TrainConfig, "data" | "norm" | "box" | "epsilon" | "bound">;
  /** Test examples; null for all. */
  readonly limit: number | null;
}

/** Examples whose radii are searched. */
const RADII = 100;

/** Verdicts, and how each layer was bounded. */
export function certifyCommand(subject: MeasureSubject): string {
  const { config } = subject;
  const bound = config.bound === "parallel" ? [] : ["--bound", config.bound];
  return commandOf("certify", "certification", subject, subject.limit, [...bound, "--explain"]);
}

export function attackCommand(subject: MeasureSubject): string {
  return commandOf("attack", "attack", subject, subject.limit, []);
}

export function radiusCommand(subject: MeasureSubject): string {
  const limit = Math.min(RADII, subject.limit ?? RADII);
  const bound = subject.config.bound === "parallel" ? [] : ["--bound", subject.config.bound];
  return commandOf("radius", "radius", subject, limit, bound);
}

function commandOf(
  command: string,
  file: keyof typeof MEASURED_FILES,
  { folder, config }: MeasureSubject,
  limit: number | null,
  more: readonly string[],
): string {
  const { name, dataDir } = config.data;
  return shellLine([
    ...["autodual", command, folder, "--data", name],
    ...(dataDir === null ? [] : ["--data-dir", dataDir]),
    ...ballFlags(config, command === "radius" ? null : config.epsilon.end),
    ...(limit === null ? [] : ["--limit", String(limit)]),
    ...more,
    ...["--json", join(folder, MEASURED_FILES[file])],
  ]);
}
