import type { Evaluation } from "../threat/evaluation.js";
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
  /** For which certificates hold; null where rounding was left out. */
  readonly evaluation: Evaluation | null;
  /** Whose margins were bounded. */
  readonly against?: "prediction" | "label";
}

/** What deterministic bounds are worth. */
export function deterministicInWords(evaluation: Evaluation | null): string {
  return evaluation === null
    ? `The bounds are deterministic (no random projections). ${ROUNDING_LEFT_OUT}`
    : `The bounds are deterministic (no random projections) and count all rounding: they hold ${evaluationInWords(evaluation)}.`;
}

/** Of what was bounded as if neither the bounds nor the network's evaluation rounded. */
export const ROUNDING_LEFT_OUT =
  "Rounding was left out, in the bounds themselves and in the network's evaluation, so that nothing of what a machine computes is proved.";

/** For which arithmetic a proof holds: "in real arithmetic and …". */
export function evaluationInWords(evaluation: Evaluation): string {
  const any = (numbers: string) =>
    `in real arithmetic and in any ${numbers} evaluation of this network by direct sums, whatever their order`;
  switch (evaluation) {
    case "float32":
    case "float64":
      return any(evaluation);
    case "float32-ftz":
      return `${any("float32")}, also where a machine takes tiny numbers for 0 or rounds to one side`;
    case "real":
      return "in real arithmetic, of which what a machine computes may differ by its rounding";
    default:
      return evaluation satisfies never;
  }
}

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
  const guaranteed = certaintyOf(claim);
  return certified === null
    ? `${guaranteed}for ${correct} of the ${all} examples the model's answer is right and ${change} alters it${limit}`
    : `${guaranteed}for ${sure} of the ${all} examples, ${change} alters ${answer}; ${correct} of ` +
        `these answers ${right === 1 ? "is" : "are"} right${limit}`;
}

/** What is left out makes a claim smaller. */
function certaintyOf({ guarantee, evaluation }: Pick<GuaranteeClaim, "guarantee" | "evaluation">): string {
  if (evaluation === null) return "But for rounding: ";
  return guarantee === "deterministic" ? "Guaranteed: " : "Certified with a probability: ";
}

/** What the bounds are, and the arithmetic for which they hold; nothing of estimates. */
export function arithmeticInWords(claim: GuaranteeClaim): string {
  const { evaluation } = claim;
  const { guarantee, delta, examples } = besideEstimates(claim);
  if (guarantee === "estimate") return "";
  if (guarantee !== "probability" || delta === null) return deterministicInWords(evaluation);
  const rounding =
    evaluation === null
      ? ROUNDING_LEFT_OUT
      : `They count all rounding: they hold ${evaluationInWords(evaluation)}.`;
  return (
    `Each of these certificates holds with probability at least ${formatNumber(1 - delta)} over its random projections, ` +
    `which depend on --seed alone; of ${plural(examples, "example")}, at most ${formatNumber(delta * examples)} can be ` +
    `expected to have one that does not hold. ${rounding}`
  );
}

/**
 * Of a cascade: an attacker may change not only an answer but who answers. So nothing is said of the cascade's own answer
 * to an input that was changed, but for its certified ones where all stages agree.
 */
function cascadeInWords(claim: GuaranteeClaim, change: string): string {
  const { stages, examples, certified, right } = claim;
  const [all, sure, correct] = [examples, certified ?? right, right].map(formatCount);
  if ((certified ?? right) === 0) {
    return (
      `Nothing is guaranteed: for none of the ${all} examples could it be shown that ${change} alters the answer ` +
      `of any of the ${stages} stages.`
    );
  }
  return (
    `${certaintyOf(claim)}for ${sure} of the ${all} examples, ${change} alters the answer of the stage that answers ` +
    `the example, the first of ${stages} whose answer is certified; ${correct} of these answers ` +
    `${right === 1 ? "is" : "are"} right. This is about that stage's network: to an input that was changed another stage ` +
    "may answer, so that the robust error does not bound the error of the cascade under attack."
  );
}
