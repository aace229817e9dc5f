import { boundsOf } from "../../formats/certificate/region.js";
import type { Claim, ClaimedEvaluation, RobustClaim } from "../../formats/certificate/schema.js";
import type { Norm } from "../../threat/ball.js";
import { type Box, type BoxByFeature, boxReader, isByFeature } from "../../threat/box.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { epsilonRange } from "./claimed.js";

/** What a certificate must say to be enough. */
export interface CertificateRequirements {
  /** Of every claim about an example, in every feature, at least. With it the norm is ℓ∞ and the box [0, 1] unless told, as certify has it. */
  readonly epsilon?: number;
  /** Of the ball of every claim about an example. */
  readonly norm?: Norm;
  /** No claim about an example may keep inputs closer than to this box; null: none may keep them to any. */
  readonly box?: Box | BoxByFeature | null;
  /** In which every claim holds: one for `float32-ftz` holds for `float32`, each for `real`. */
  readonly evaluation?: Evaluation;
  /** Different examples that claims are about, at least. */
  readonly examples?: number;
}

const HOLDS_IN: Readonly<Record<ClaimedEvaluation, readonly Evaluation[]>> = {
  float32: ["float32", "real"],
  "float32-ftz": ["float32-ftz", "float32", "real"],
  float64: ["float64", "real"],
  real: ["real"],
};

/** What a claim lacks of what is required, in words; null if nothing. */
export function lackingIn(claim: Claim, required: CertificateRequirements, features: number): string | null {
  const { evaluation } = required;
  if (evaluation !== undefined && !HOLDS_IN[claim.evaluation].includes(evaluation)) {
    return asRequired(`a claim for ${evaluation}`, claim.evaluation);
  }
  return claim.kind === "robust" ? lackingInBall(claim, required, features) : null;
}

function lackingInBall(
  { norm, box, ...claim }: RobustClaim,
  required: CertificateRequirements,
  features: number,
): string | null {
  const { epsilon } = required;
  const wanted = required.norm ?? (epsilon === undefined ? norm : "linf");
  if (norm !== wanted) return asRequired(`norm ${wanted}`, norm);
  const { least } = epsilonRange(claim.epsilon, features);
  if (epsilon !== undefined && !(least >= epsilon)) {
    return asRequired(`epsilon of at least ${epsilon}`, String(least));
  }
  const room = required.box === undefined && epsilon !== undefined ? UNIT_BOX : required.box;
  if (room === undefined || box === null) return null;
  const [boundsAt, roomAt] = [boundsOf(box, features), boxReader(room, features)];
  for (let f = 0; f < features; f++) {
    const [[lower, upper], [least, most]] = [boundsAt(f), roomAt(f)];
    if (lower <= least && most <= upper) continue;
    const feature = "lower" in box || (room !== null && isByFeature(room)) ? ` of feature ${f}` : "";
    const asked = room === null ? "no box" : `a box${feature} of at least ${least},${most}`;
    return asRequired(asked, `box ${lower},${upper}`);
  }
  return null;
}

const UNIT_BOX: Box = [0, 1];

/** What claims about so many different examples lack together, in words; null if nothing. */
export function lackingOf(
  examples: number,
  { epsilon, norm, box, examples: wanted }: CertificateRequirements,
): string | null {
  const isAboutBalls = [epsilon, norm, box, wanted].some((own) => own !== undefined);
  const least = wanted ?? (isAboutBalls ? 1 : 0);
  const wantedInWords = `claims about at least ${least} ${least === 1 ? "example" : "examples"}`;
  return examples >= least ? null : asRequired(wantedInWords, String(examples));
}

function asRequired(expected: string, found: string): string {
  return `expected ${expected}, as is required, found ${found}`;
}
