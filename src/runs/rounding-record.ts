import type { Evaluation } from "../threat/evaluation.js";

/** What a record says of rounding: the evaluation for which bounds hold, and that they are rounded outward; or neither. */
export function roundingRecord(evaluation: Evaluation | null): {
  readonly evaluation: Evaluation | null;
  readonly rounding: "outward" | "none";
} {
  return { evaluation, rounding: evaluation === null ? "none" : "outward" };
}
