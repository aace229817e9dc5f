import type { Command } from "commander";
import type { BackendName } from "../../compute/index.js";
import { UsageError } from "../../errors.js";
import type { DataPlace } from "../../runs/training/run-data.js";
import type { TrainConfig } from "../../train/config.js";
import type { JsonOptions } from "../common-options.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import type { TrainFlags } from "./flags.js";

/** What is said beside `--resume`; null where nothing is. */
export interface ResumeFlags extends DataPlace, JsonOptions {
  readonly resume: string;
  readonly backend: BackendName | null;
  readonly threads: number | undefined;
  /** How many stages a cascade is to have. */
  readonly cascade: number | null;
}

/** Flags that leave a run's settings as they are. */
const BESIDE_RESUME: readonly string[] = [
  "resume",
  "json",
  "threads",
  "backend",
  "data",
  "dataDir",
  "cascade",
];

/** The flags of a run that is resumed. A `UsageError` if one of them would change the run. */
export function resumeFlags(command: Command, resume: string): ResumeFlags {
  const isGiven = (attribute: string): boolean => command.getOptionValueSource(attribute) === "cli";
  const other = command.options.find((option) => {
    const attribute = option.attributeName();
    return isGiven(attribute) && !BESIDE_RESUME.includes(attribute);
  });
  if (other) {
    throw new UsageError(
      `${other.long}: a resumed run keeps its own settings: expected only --json, --threads, --backend, --data, ` +
        `--data-dir or --cascade beside --resume, found ${other.long}`,
    );
  }
  const { json, threads, backend, data, dataDir, cascade } = command.opts<TrainFlags>();
  return {
    resume,
    json,
    threads,
    backend: isGiven("backend") ? backend : null,
    data: isGiven("data") ? data : null,
    dataDir: dataDir ?? null,
    cascade: isGiven("cascade") ? cascade : null,
  };
}

/** The backend that a run was on, unless another is asked for; always in the run's own precision. */
export async function resumedBackend(
  { backend, threads }: ResumeFlags,
  { backend: own, dtype }: Pick<TrainConfig, "backend" | "dtype">,
): Promise<OpenedBackend> {
  return openBackend({ backend: backend ?? (own as BackendName), threads, dtype });
}
