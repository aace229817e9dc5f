import type { About } from "../threat/about.js";
import type { Evaluation } from "../threat/evaluation.js";
import { type Guarantee, mixOf, weakest } from "../threat/guarantee.js";
import { provesAllMargins } from "../threat/verdict.js";
import { RUNGS } from "../verify/strongest.js";
import type { Certification, CertificationSummary, CertifiedExample } from "./certification.js";

/** The verdict on one example, and what its bounds are worth. */
export type JudgedExample = CertifiedExample & { readonly guarantee: Guarantee };

/** What is known of a certification beside its verdicts. */
export interface CertificationWork {
  readonly about: About;
  readonly evaluation: Evaluation | null;
  /** Whether several ways were tried. */
  readonly byRungs: boolean;
  /** How many examples were to be certified. */
  readonly asked: number;
  readonly seconds: number;
  /** Of the verdicts those for whose bounds there was no time; absent where there was no time to keep. */
  readonly unfinished?: number | undefined;
}

/** Verdicts of examples, in their order, with the figures that follow from them. */
export function certificationOf(judged: readonly JudgedExample[], work: CertificationWork): Certification {
  const { about, evaluation, byRungs, asked, seconds, unfinished } = work;
  const guarantees = judged.map((example) => example.guarantee);
  const guarantee = weakest(guarantees);
  const mix = mixOf(guarantees);
  return {
    about,
    guarantee,
    evaluation,
    ...(mix && { mix }),
    summary: {
      ...errorsOf(judged),
      ...(byRungs && { rungs: rungsOf(judged) }),
      ...(guarantee === "estimate" && { estimatedRobustError: estimatedRobustError(judged) }),
      ...(unfinished !== undefined && { unfinished }),
      ...(judged.length < asked && { unreached: asked - judged.length }),
      examplesPerSecond: (judged.length - (unfinished ?? 0)) / seconds,
      seconds,
    },
    examples: mix ? judged : judged.map(({ guarantee: _, ...example }) => example),
  };
}

/** Fractions of examples. */
export function errorsOf(
  examples: readonly CertifiedExample[],
): Pick<CertificationSummary, "error" | "robustError" | "certified"> {
  const share = (holds: (example: CertifiedExample) => boolean): number =>
    examples.filter(holds).length / examples.length;
  return {
    error: share(({ label, prediction }) => prediction !== label),
    robustError: share(({ label, prediction, certified }) => !(certified && prediction === label)),
    certified: share(({ certified }) => certified),
  };
}

/** In the order in which they are tried. */
function rungsOf(examples: readonly CertifiedExample[]): Record<string, number> {
  const counts = RUNGS.map(
    (rung) => [rung, examples.filter((example) => example.rung === rung).length] as const,
  );
  return Object.fromEntries(counts);
}

/** Fraction without a right prediction whose margins are all estimated to be above 0. */
function estimatedRobustError(examples: readonly CertifiedExample[]): number {
  const robust = examples.filter(
    ({ label, prediction, marginLower }) =>
      prediction === label && provesAllMargins({ reference: prediction, marginLower }),
  );
  return 1 - robust.length / examples.length;
}
