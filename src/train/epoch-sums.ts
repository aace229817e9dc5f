import type { Team } from "../distributed/team.js";
import type { StepOutcome } from "./step.js";

/** Sums over the batches of an epoch that has begun. */
export interface EpochSums {
  readonly examples: number;
  /** Of standard losses. */
  readonly loss: number;
  /** Examples for which bounds were computed; robust losses and what is not certified are of these. */
  readonly bounded: number;
  readonly robustLoss: number;
  readonly wrong: number;
  readonly notCertified: number;
  readonly seconds: number;
}

/** Of an epoch that has just begun. */
export const NO_SUMS: EpochSums = {
  examples: 0,
  loss: 0,
  bounded: 0,
  robustLoss: 0,
  wrong: 0,
  notCertified: 0,
  seconds: 0,
};

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
