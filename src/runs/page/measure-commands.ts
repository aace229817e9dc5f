import { join } from "node:path";
import type { BoundMethod } from "../../dual/dual-options.js";
import type { TrainConfig } from "../../train/config.js";
import { boundsOfLoss } from "../bounds-of-loss.js";
import { MEASURED_FILES } from "../measured-files.js";
import { shellLine } from "./shell-words.js";
import { ballFlags, ownBoxOf, readingWords } from "./train-command.js";

/** What a run's parts are measured on. */
export interface MeasureSubject {
  readonly folder: string;
  readonly config: Pick<TrainConfig, "data" | "norm" | "box" | "epsilon" | "bound" | "loss">;
  /** Of a cascade more than one. */
  readonly stages: number;
  /** Test examples; null for all. */
  readonly limit: number | null;
}

/** Examples whose radii are searched. */
const RADII = 100;

/** Verdicts, and how each layer was bounded. */
export function certifyCommand(subject: MeasureSubject): string {
  const { config } = subject;
  const { method, each } = boundsOfLoss(config, subject.stages);
  const bounds = each === undefined ? [...boundFlags(method), "--explain"] : ["--each", String(each)];
  return commandOf("certify", "certification", subject, subject.limit, bounds);
}

export function attackCommand(subject: MeasureSubject): string {
  return commandOf("attack", "attack", subject, subject.limit, []);
}

export function radiusCommand(subject: MeasureSubject): string {
  const limit = Math.min(RADII, subject.limit ?? RADII);
  const { method } = boundsOfLoss(subject.config, 1);
  return commandOf("radius", "radius", subject, limit, boundFlags(method));
}

function boundFlags(method: BoundMethod): string[] {
  return method === "parallel" ? [] : ["--bound", method];
}

function commandOf(
  command: string,
  file: keyof typeof MEASURED_FILES,
  { folder, config }: MeasureSubject,
  limit: number | null,
  more: readonly string[],
): string {
  const { name } = config.data;
  return shellLine([
    ...["autodual", command, folder, "--data", name],
    ...readingWords(config.data),
    ...ballFlags(config, command === "radius" ? null : config.epsilon.end, ownBoxOf(name)),
    ...(limit === null ? [] : ["--limit", String(limit)]),
    ...more,
    ...["--json", join(folder, MEASURED_FILES[file])],
  ]);
}
