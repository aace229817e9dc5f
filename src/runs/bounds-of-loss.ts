import type { CertifyStage } from "../cascade/certify-cascade.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { TrainConfig } from "../train/config.js";
import { isIntervalLoss } from "../train/losses/index.js";
import { certifyByRungs } from "../verify/strongest.js";

/** What a model is bounded by: one method; or, with `each`, whatever proves an example first within so many seconds. */
export interface ModelBounds {
  readonly method: BoundMethod;
  readonly each?: number;
}

/**
 * By what a run's model is measured: the method of its training; of losses by intervals, for which other bounds prove little, any bound
 * that proves an example, and of a cascade's stages interval bounds, by which it is decided who answers.
 */
export function boundsOfLoss(
  { bound, loss }: Pick<TrainConfig, "bound" | "loss">,
  stages: number,
): ModelBounds {
  if (!isIntervalLoss(loss)) return { method: bound };
  return stages > 1 ? { method: "interval" } : { method: "interval", each: 0 };
}

/** How single stages are then certified; undefined: by the method. */
export function certifyStageOf({ each }: ModelBounds): CertifyStage | undefined {
  if (each === undefined) return undefined;
  return (stage, batch, options) => certifyByRungs(stage, batch, options, { seconds: each });
}
