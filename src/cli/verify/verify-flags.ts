import type { Dtype } from "../../compute/backend.js";
import type { SplitChoice } from "../../verify/verify-options.js";
import type { JsonOptions, MachineFlags } from "../common-options.js";
import type { EvaluationFlags } from "../evaluation-options.js";
import type { ShardFlags } from "../parts/shard-option.js";
import type { OutputFlags } from "../read-models.js";

/** Bounds are proofs here, so that they are computed in double precision unless another is asked for. */
export const VERIFY_DTYPE: Dtype = "float64";

/** What `verify` was asked for. */
export interface VerifyFlags
  extends MachineFlags,
    JsonOptions,
    OutputFlags,
    ShardFlags,
    Pick<EvaluationFlags, "evaluation"> {
  readonly list?: string;
  readonly timeout: number;
  readonly split: SplitChoice;
  readonly seed: number;
  readonly counterexample?: string;
  readonly certificate?: string;
}
