import type { BackendName } from "../../compute/index.js";
import type { TrainConfig } from "../../train/config.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import type { TrainFlags } from "./flags.js";

/** The flags of a run that is resumed. */
export interface ResumeFlags extends TrainFlags {
  readonly resume: string;
}

/** The backend that a run was on, unless another is asked for; always in the run's own precision. */
export async function resumedBackend(
  flags: ResumeFlags,
  { backend, dtype }: Pick<TrainConfig, "backend" | "dtype">,
  backendGiven: boolean,
): Promise<OpenedBackend> {
  return openBackend({ ...flags, backend: backendGiven ? flags.backend : (backend as BackendName), dtype });
}
