import type { GuaranteeClaim } from "../guarantee.js";
import type { Measured, RunRecord } from "./run-record.js";

/** What a record's figures claim. */
export function claimOf(
  { ball, stages }: Pick<RunRecord, "ball" | "stages">,
  measured: Measured,
): GuaranteeClaim {
  const { examples, robustError, certified, guarantee, mix = null, delta, evaluation } = measured;
  const count = (fraction: number) => Math.round(fraction * examples);
  return {
    ball,
    stages,
    examples,
    certified: certified === null ? null : count(certified),
    right: examples - count(robustError),
    robustError,
    guarantee,
    mix,
    delta,
    evaluation,
  };
}
