import { UsageError } from "../errors.js";

/** What helps against weights or losses that grew beyond all numbers. */
export const DIVERGED_ADVICE = "try a smaller --rate or a smaller --start-epsilon in a new run";

/** Training that came to nothing. A run that goes on from its last state fails the same way. */
export class TrainingFailure extends UsageError {
  readonly found: string;
  /** What another run might do otherwise. */
  readonly advice: string;

  constructor(found: string, advice: string) {
    super(`training: ${found}; ${advice}`);
    this.found = found;
    this.advice = advice;
  }
}
