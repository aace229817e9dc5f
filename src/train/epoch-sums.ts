import type { Team } from "../distributed/team.js";
import { NO_OUTCOME, type StepOutcome } from "./step.js";

/** Sums over the batches of an epoch that has begun. */
export interface EpochSums extends StepOutcome {
  readonly seconds: number;
}

/** Of an epoch that has just begun. */
export const NO_SUMS: EpochSums = { ...NO_OUTCOME, seconds: 0 };

/** With what a step found. */
export function addOutcome(sums: EpochSums, outcome: StepOutcome, seconds: number): EpochSums {
  return {
    examples: sums.examples + outcome.examples,
    loss: sums.loss + outcome.loss,
    bounded: sums.bounded + outcome.bounded,
    robustLoss: sums.robustLoss + outcome.robustLoss,
    wrong: sums.wrong + outcome.wrong,
    notCertified: sums.notCertified + outcome.notCertified,
    seconds: sums.seconds + seconds,
  };
}

/** What a step found on all ranks' shares of its batch. */
export async function outcomeOfAll(team: Team, own: StepOutcome): Promise<StepOutcome> {
  if (team.isAlone) return own;
  const { examples, loss, wrong, bounded, robustLoss, notCertified } = own;
  const sums = await team.sums([examples, loss, wrong, bounded, robustLoss, notCertified]);
  return {
    examples: sums[0],
    loss: sums[1],
    wrong: sums[2],
    bounded: sums[3],
    robustLoss: sums[4],
    notCertified: sums[5],
  };
}
