import { type Guarantee, type GuaranteeMix, worthBesideEstimates } from "../threat/guarantee.js";
import {
  type BallInWords,
  changeInWords,
  formatCount,
  formatNumber,
  formatPercent,
  plural,
} from "./wording.js";

/** What a guarantee is about: counts of examples, and what the bounds are worth. */
export interface GuaranteeClaim {
  readonly ball: BallInWords;
  /** Of the model: 1, or the stages of a cascade. */
  readonly stages: number;
  readonly examples: number;
  /** Certified answers; null where only those that are right as well were counted. */
  readonly certified: number | null;
  /** Certified answers that are right. */
  readonly right: number;
  readonly robustError: number;
  readonly guarantee: Guarantee;
  /** Where not all examples' bounds are worth the same. */
  readonly mix?: GuaranteeMix | null;
  /** With `probability`: each certificate holds with probability 1 − δ. */
  readonly delta: number | null;
  /** Whose margins were bounded. */
  readonly against?: "prediction" | "label";
}

/** Of deterministic bounds. */
export const FLOATING_POINT =
  "The bounds are deterministic (no random projections), computed in floating point; its rounding is not accounted for.";

/** What was guaranteed and by which bounds, in plain words. */
export function guaranteeInSentences(claim: GuaranteeClaim): string {
  return [claimInWords(claim), arithmeticInWords(claim)].filter((words) => words !== "").join(" ");
}

/** What a mix of guarantees says of the examples. */
export function mixInWords(mix: GuaranteeMix): string {
  const { deterministic = 0, probability = 0, estimate = 0 } = mix;
  const parts = [
    ...(deterministic > 0 ? [`deterministic for ${plural(deterministic, "example")}`] : []),
    ...(probability > 0 ? [`certain with a probability for ${formatCount(probability)}`] : []),
    ...(estimate > 0
      ? [`estimates for ${formatCount(estimate)}, which guarantee nothing: these count as not certified`]
      : []),
  ];
  return `Bounds are not worth the same for all examples: ${parts.join(", ")}.`;
}

/** The claim about those examples of a mix whose bounds are no estimates; the others are not certified. */
function besideEstimates(claim: GuaranteeClaim): GuaranteeClaim {
  const { guarantee, mix } = claim;
  return guarantee === "estimate" && mix ? { ...claim, guarantee: worthBesideEstimates(mix) } : claim;
}

/** What was guaranteed. Estimates guarantee nothing, and neither do no certificates. */
export function claimInWords(asked: GuaranteeClaim): string {
  const { mix = null, ...claim } = besideEstimates(asked);
  return mix ? `${wholeClaimInWords(claim)} ${mixInWords(mix)}` : wholeClaimInWords(claim);
}

function wholeClaimInWords(claim: GuaranteeClaim): string {
  const { certified, right, ball, stages } = claim;
  const [all, sure, correct] = [claim.examples, certified ?? right, right].map(formatCount);
  if (claim.guarantee === "estimate") {
    return (
      "Nothing is guaranteed: these bounds are estimates by random projections. For certificates that hold with a known " +
      "probability add --delta, such as --delta 0.01; for deterministic ones leave out --projections."
    );
  }
  const change = `no change of ${changeInWords(ball)}`;
  if (stages > 1) return cascadeInWords(claim, change);
  const answer = claim.against === "label" ? "the model's answer, the label" : "the model's answer";
  const limit =
    claim.guarantee === "deterministic"
      ? `, so no attack within that ball has an error above ${formatPercent(claim.robustError, "upper")} on these examples.`
      : ".";
  if ((certified ?? right) === 0) {
    return (
      `Nothing is guaranteed: for none of the ${all} examples could it be shown that ${change} alters ` +
      `the model's answer${certified === null ? ", and that it is right" : ""}.`
    );
  }
  const guaranteed = claim.guarantee === "deterministic" ? "Guaranteed: " : "Certified with a probability: ";
  return certified === null
    ? `${guaranteed}for ${correct} of the ${all} examples the model's answer is right and ${change} alters it${limit}`
    : `${guaranteed}for ${sure} of the ${all} examples, ${change} alters ${answer}; ${correct} of ` +
        `these answers ${right === 1 ? "is" : "are"} right${limit}`;
}

/** What the bounds are, and what every one of this version leaves out; nothing of estimates. */
export function arithmeticInWords(claim: GuaranteeClaim): string {
  const { guarantee, delta, examples } = besideEstimates(claim);
  if (guarantee === "estimate") return "";
  if (guarantee !== "probability" || delta === null) return FLOATING_POINT;
  return (
    `Each of these certificates holds with probability at least ${formatNumber(1 - delta)} over its random projections, ` +
    `which depend on --seed alone; of ${plural(examples, "example")}, at most ${formatNumber(delta * examples)} can be ` +
    "expected to have one that does not hold. They were computed in floating point; its rounding is not accounted for."
  );
}

/**
 * Of a cascade: an attacker may change not only an answer but who answers. So nothing is said of the cascade's own answer
 * to an input that was changed, but for its certified ones where all stages agree.
 */
function cascadeInWords({ stages, examples, certified, right }: GuaranteeClaim, change: string): string {
  const [all, sure, correct] = [examples, certified ?? right, right].map(formatCount);
  if ((certified ?? right) === 0) {
    return (
      `Nothing is guaranteed: for none of the ${all} examples could it be shown that ${change} alters the answer ` +
      `of any of the ${stages} stages.`
    );
  }
  return (
    `Guaranteed: for ${sure} of the ${all} examples, ${change} alters the answer of the stage that answers ` +
    `the example, the first of ${stages} whose answer is certified; ${correct} of these answers ` +
    `${right === 1 ? "is" : "are"} right. This is about that stage's network: to an input that was changed another stage ` +
    "may answer, so that the robust error does not bound the error of the cascade under attack."
  );
}
