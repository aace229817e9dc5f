import type { Backend } from "../../compute/backend.js";
import type { CascadeOrder } from "../../runs/cascade/cascade-job.js";
import { readBall, readingFlags } from "../common-options.js";
import type { TrainFlags } from "./flags.js";
import { trainConfig } from "./train-config.js";

/** What the flags of `train` ask for. */
export function trainingOrder(flags: TrainFlags, backend: Backend): CascadeOrder {
  const { data, limit, model, seed, out, cascade, firstStage } = flags;
  return {
    ...{ data, ...readingFlags(flags), limit, model, seed, out, firstStage },
    ball: readBall(flags),
    stages: cascade,
    configOf: (train) => trainConfig(flags, train, backend),
  };
}
