import type { About } from "../threat/about.js";
import type { Evaluation } from "../threat/evaluation.js";
import { type Guarantee, type GuaranteeMix, mixOf, weakest } from "../threat/guarantee.js";
import { provesAllMargins } from "../threat/verdict.js";
import { RUNGS } from "../verify/rungs.js";

/** The verdict on one example, as it stands in the JSON. */
export interface CertifiedExample {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly certified: boolean;
  /** The stage of a cascade that answered; 0 for a single model. */
  readonly stage: number;
  readonly marginLower: readonly number[];
  /** Where several ways were tried, which proved it first; null where none did. */
  readonly rung?: string | null;
  /** What its bounds are worth, where not those of all examples are worth the same. */
  readonly guarantee?: Guarantee;
}

/** Fractions of the examples, and the time that it took. */
export interface CertificationSummary {
  readonly error: number;
  /** An example counts as right only if it is certified and the prediction is its label. */
  readonly robustError: number;
  readonly certified: number;
  /** Where several ways were tried, how many examples each proved first. */
  readonly rungs?: Readonly<Record<string, number>>;
  /** Where bounds are estimates, of all examples or of some, which certify nothing: the robust error that they suggest. */
  readonly estimatedRobustError?: number;
  /** Where there was a time, how many examples it left unbounded: they count as not certified. */
  readonly unfinished?: number;
  /** How many examples were not even answered; absent: none. The figures are about the others. */
  readonly unreached?: number;
  readonly examplesPerSecond: number;
  readonly seconds: number;
}

/** The verdicts on a data set. */
export interface Certification {
  /** Whose answers certificates and the robust error are about. */
  readonly about: About;
  /** The weakest of what the examples' bounds are worth. */
  readonly guarantee: Guarantee;
  /** The evaluation that certificates hold for, rounding and all; null where rounding was left out. */
  readonly evaluation: Evaluation | null;
  /** Where these differ, of how many examples they are worth what. Those with estimates count as not certified. */
  readonly mix?: GuaranteeMix;
  readonly summary: CertificationSummary;
  readonly examples: readonly CertifiedExample[];
}

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
