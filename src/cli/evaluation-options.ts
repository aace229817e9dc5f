import { type Command, Option } from "commander";
import { UsageError } from "../errors.js";
import { EVALUATIONS, type Evaluation } from "../threat/evaluation.js";
import { oneOf } from "./arguments.js";

/** What `addEvaluationOptions` adds. */
export interface EvaluationFlags {
  readonly evaluation?: Evaluation;
  readonly rounding: "outward" | "none";
}

/** `--evaluation`: for which arithmetic proofs hold. */
export function addEvaluationOption(command: Command): void {
  command.option(
    "--evaluation <arithmetic>",
    `the arithmetic in which the model will run, for which proofs hold: ${EVALUATIONS.join(", ")} (default: that of the model's file)`,
    oneOf<Evaluation>("--evaluation", EVALUATIONS),
  );
}

/** `--evaluation`, and for comparisons a flag that leaves rounding out. */
export function addEvaluationOptions(command: Command): void {
  addEvaluationOption(command);
  command.addOption(
    new Option(
      "--rounding <how>",
      "none leaves rounding out of bounds, for comparisons: nothing is then proved",
    )
      .argParser(oneOf<"outward" | "none">("--rounding", ["outward", "none"]))
      .default("outward")
      .hideHelp(),
  );
}

/** The setting that flags ask for: absent for the model's own evaluation, null where rounding is left out. */
export function roundingOf({ evaluation, rounding }: EvaluationFlags): { rounding?: Evaluation | null } {
  if (rounding === "none" && evaluation !== undefined) {
    throw new UsageError(
      `--evaluation: expected without --rounding none, which leaves the evaluation out, found ${evaluation}`,
    );
  }
  if (rounding === "none") return { rounding: null };
  return evaluation === undefined ? {} : { rounding: evaluation };
}
