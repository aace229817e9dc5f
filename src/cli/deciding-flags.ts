import type { Against } from "../certify/certify.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { EvaluationFlags } from "./evaluation-options.js";
import type { CertificateFlags } from "./projection-options.js";

/** Flags of `certify` that decide how margins are bounded. */
export interface DecidingFlags extends CertificateFlags, EvaluationFlags {
  readonly seed: number;
  readonly bound: BoundMethod;
  readonly against: Against;
  readonly margins: "all" | "open";
  readonly each?: number;
}

/** Flags beside data, ball and limit that decide the figures, for the command that gives them again. */
export function decidingFlags({
  bound,
  each,
  against,
  margins,
  projections,
  sketch,
  delta,
  sketches,
  seed,
  evaluation,
  rounding,
}: DecidingFlags): string[] {
  return [
    ...(bound === "parallel" ? [] : ["--bound", bound]),
    ...(each === undefined ? [] : ["--each", String(each)]),
    ...(against === "prediction" ? [] : ["--against", against]),
    ...(margins === "all" ? [] : ["--margins", margins]),
    ...(evaluation === undefined ? [] : ["--evaluation", evaluation]),
    ...(rounding === "none" ? ["--rounding", rounding] : []),
    ...(projections === "exact"
      ? []
      : ["--projections", String(projections), "--sketch", sketch, "--seed", String(seed)]),
    ...(delta === undefined ? [] : ["--delta", String(delta), "--sketches", String(sketches)]),
  ];
}
