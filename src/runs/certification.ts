import { type CascadeBatchVerdict, type CertifyStage, certifyCascade } from "../cascade/certify-cascade.js";
import type { Against } from "../certify/certify.js";
import { predictions } from "../certify/predictions.js";
import type { Budget } from "../compute/budget.js";
import { Deadline, letIn } from "../compute/deadline.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod, DualOptions } from "../dual/dual-options.js";
import type { PlacedNetwork } from "../network/weights.js";
import { type About, aboutOf } from "../threat/about.js";
import type { BallSpec } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { type Guarantee, type GuaranteeMix, mixOf, weakest } from "../threat/guarantee.js";
import { provesAllMargins } from "../threat/verdict.js";
import { certifyByRungs, RUNGS } from "../verify/strongest.js";
import type { Estimation } from "./estimation.js";
import { inOrder } from "./example-batches.js";
import { examplesWithin } from "./memory.js";
import { observed, type Watch } from "./observer.js";

/** Seconds after the deadline for answers to what it left, and how many at once. */
const ANSWERING = 0.5;
const ANSWERED_AT_ONCE = 200;

/** Within which balls a data set is certified, and how. */
export interface CertificationSettings {
  readonly ball: BallSpec;
  readonly method: BoundMethod;
  /** Seconds an example for whatever proves it first, from interval bounds to branch and bound; absent: `method` alone. */
  readonly each?: number | undefined;
  readonly against: Against;
  /** Examples at a time; each verdict is its own, whatever their number. */
  readonly batch: number;
  readonly margins?: "all" | "open";
  /** Told of every layer of every batch. */
  readonly onLayer?: DualOptions["onLayer"];
  /** What all tensors may take: fewer examples at a time, and smaller pieces, where it asks for them. */
  readonly budget?: Budget;
  /**
   * Ends the work. Examples that the time did not reach are answered, and count as not certified, as far as a moment is enough for
   * that; the others, and those that its signal left, are left out (`unreached`).
   */
  readonly deadline?: Deadline;
  /** Absent: deterministic bounds. */
  readonly estimation?: Estimation | null;
  /** The evaluation that certificates are to hold for. Default: that of the models' own numbers; null: rounding is left out. */
  readonly rounding?: Evaluation | null;
}

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

/**
 * Certifies a data set in its own order, by one network or by the stages of a cascade. Throws what `certifyCascade` throws,
 * and the signal's reason.
 */
export async function certifyDataset(
  stages: readonly PlacedNetwork[],
  dataset: Dataset,
  { ball, batch, estimation, rounding = evaluationOf(stages), deadline, each, ...how }: CertificationSettings,
  watch: Watch = {},
): Promise<Certification> {
  const signal = deadline ?? watch.signal;
  const { budget } = how;
  const climb: CertifyStage | undefined =
    each === undefined
      ? undefined
      : (stage, part, options) =>
          certifyByRungs(stage, part, options, { seconds: each, deadline, memoryBytes: budget?.bytes });
  const networks = stages.map(({ network }) => network);
  const within = (most: number): number =>
    budget ? examplesWithin(budget, stages[0].backend, networks, most) : most;
  let unfinished = 0;
  const began = performance.now();
  const examples: CertifiedExample[] = [];
  const guarantees: Guarantee[] = [];
  await observed(
    watch,
    { name: "certify", total: dataset.count, about: aboutOf(stages.length) },
    async (seen) => {
      const take = (verdict: CascadeBatchVerdict, first: number, labels: Int32Array): void => {
        verdict.examples.forEach(({ prediction, certified, stage, marginLower, rung }, i) => {
          const own = { index: first + i, label: labels[i], prediction, certified, stage, marginLower };
          examples.push(rung === undefined ? own : { ...own, rung });
          guarantees.push(verdict.guarantee);
        });
        seen.update(examples.length, { robustError: errorsAmong(examples).robustError });
      };
      for (const { x, labels, first } of inOrder(dataset, within(batch))) {
        const certify = () =>
          certifyCascade(
            stages,
            { x, labels },
            {
              ...ball,
              ...how,
              rounding,
              ...(signal && { signal }),
              ...(estimation && { estimator: estimation.estimatorFor(first, labels.length) }),
            },
            climb,
          );
        const found = deadline?.passed ? null : await (deadline ? deadline.unlessPassed(certify) : certify());
        watch.signal?.throwIfAborted();
        if (!found) break;
        take(found, first, labels);
        await letIn(watch.signal);
      }
      // What is left of the time's examples is answered, many at once.
      const answered = Deadline.in(ANSWERING);
      for (const { x, labels, first } of inOrder(dataset, within(ANSWERED_AT_ONCE), examples.length)) {
        if (deadline?.aborted || answered.passed) break;
        take(await unboundedVerdict(stages, { x, labels }, how.against), first, labels);
        unfinished += labels.length;
      }
    },
  );
  const seconds = (performance.now() - began) / 1000;
  const guarantee = weakest(guarantees);
  const mix = mixOf(guarantees);
  return {
    about: aboutOf(stages.length),
    guarantee,
    evaluation: rounding,
    ...(mix && { mix }),
    summary: {
      ...errorsAmong(examples),
      ...(each !== undefined && { rungs: rungsOf(examples) }),
      ...(guarantee === "estimate" && { estimatedRobustError: estimatedRobustError(examples) }),
      ...(deadline?.isTimed && { unfinished }),
      ...(examples.length < dataset.count && { unreached: dataset.count - examples.length }),
      examplesPerSecond: (examples.length - unfinished) / seconds,
      seconds,
    },
    examples: mix ? examples.map((example, i) => ({ ...example, guarantee: guarantees[i] })) : examples,
  };
}

/** In the order in which they are tried. */
export function rungsOf(examples: readonly CertifiedExample[]): Record<string, number> {
  const counts = RUNGS.map(
    (rung) => [rung, examples.filter((example) => example.rung === rung).length] as const,
  );
  return Object.fromEntries(counts);
}

/** What is said of examples for whose bounds there was no time: the last stage's answers, and nothing of their margins. */
async function unboundedVerdict(
  stages: readonly PlacedNetwork[],
  { x, labels }: { readonly x: Float64Array; readonly labels: Int32Array },
  against: Against,
): Promise<CascadeBatchVerdict> {
  const last = stages.length - 1;
  const { classes } = stages[last].network;
  const found = await predictions(stages[last], { x });
  return {
    guarantee: "deterministic",
    examples: Array.from(found, (prediction, i) => {
      const reference = against === "label" ? labels[i] : Math.max(0, prediction);
      const marginLower = Array.from({ length: classes }, (_, j) => (j === reference ? 0 : Number.NaN));
      return { prediction, reference, certified: false, stage: last, marginLower };
    }),
  };
}

/** The evaluation that models' own numbers are made for. */
export function evaluationOf(models: readonly Pick<PlacedNetwork, "madeFor">[]): Evaluation {
  return models.some(({ madeFor }) => madeFor === "float64") ? "float64" : "float32";
}

/** Fraction without a right prediction whose margins are all estimated to be above 0. */
function estimatedRobustError(examples: readonly CertifiedExample[]): number {
  const robust = examples.filter(
    ({ label, prediction, marginLower }) =>
      prediction === label && provesAllMargins({ reference: prediction, marginLower }),
  );
  return 1 - robust.length / examples.length;
}

/** The errors of these examples. */
export function errorsAmong(
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
