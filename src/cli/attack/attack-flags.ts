import type { BoundMethod } from "../../dual/dual-options.js";
import type { SubjectFlags } from "../open-subject.js";
import type { ShardFlags } from "../parts/shard-option.js";

/** What `attack` was asked for. */
export interface AttackFlags extends SubjectFlags, ShardFlags {
  readonly steps: number;
  readonly restarts: number;
  readonly seed: number;
  readonly bound: BoundMethod;
}
