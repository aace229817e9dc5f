import type { Split } from "../../data/dataset.js";
import type { BoundMethod } from "../../dual/dual-options.js";
import type { BallFlags, DataFlags, JsonOptions, MachineFlags } from "../common-options.js";
import type { EvaluationFlags } from "../evaluation-options.js";
import type { ShardFlags } from "../parts/shard-option.js";
import type { OutputFlags } from "../read-models.js";

/** What `radius` was asked for. */
export interface RadiusFlags
  extends Omit<BallFlags, "epsilon">,
    DataFlags,
    MachineFlags,
    JsonOptions,
    OutputFlags,
    EvaluationFlags,
    ShardFlags {
  readonly most?: number;
  readonly tolerance?: number;
  readonly timeout?: number;
  readonly bound: BoundMethod;
  readonly limit?: number;
  readonly batch: number;
  readonly split: Split;
  readonly seed: number;
}
