import { type CascadeBatchVerdict, type CertifyStage, certifyCascade } from "../cascade/certify-cascade.js";
import type { Against } from "../certify/certify.js";
import { predictions } from "../certify/predictions.js";
import type { Budget } from "../compute/budget.js";
import { Deadline, letIn } from "../compute/deadline.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod, DualOptions } from "../dual/dual-options.js";
import type { PlacedNetwork } from "../network/weights.js";
import { aboutOf } from "../threat/about.js";
import type { BallSpec } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { certifyByRungs } from "../verify/strongest.js";
import {
  type Certification,
  certificationOf,
  errorsOf,
  type JudgedExample,
} from "./certification-summary.js";
import type { Estimation } from "./estimation.js";
import { allOf, inOrder } from "./example-batches.js";
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
  /** The examples of these numbers alone, in this order. Default: all. */
  readonly among?: Int32Array;
  /**
   * Takes the verdicts of each batch as they come; the work waits for it. Who keeps them may go on later: then examples that the time
   * does not reach are left out, and not answered; so are those whose own time (`each`) it cut short.
   */
  readonly keep?: (judged: readonly JudgedExample[]) => Promise<void>;
}

/**
 * Certifies a data set in its own order, by one network or by the stages of a cascade. Throws what `certifyCascade` throws,
 * and the signal's reason.
 */
export async function certifyDataset(
  stages: readonly PlacedNetwork[],
  dataset: Dataset,
  {
    ball,
    batch,
    estimation,
    rounding = evaluationOf(stages),
    deadline,
    each,
    among = allOf(dataset),
    keep,
    ...how
  }: CertificationSettings,
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
  const about = aboutOf(stages.length);
  let unfinished = 0;
  const began = performance.now();
  const judged: JudgedExample[] = [];
  await observed(watch, { name: "certify", total: among.length, about }, async (seen) => {
    const take = (verdict: CascadeBatchVerdict, indices: Int32Array, labels: Int32Array): JudgedExample[] => {
      const { guarantee } = verdict;
      const found = verdict.examples.map(({ prediction, certified, stage, marginLower, rung }, i) => {
        const own = { index: indices[i], label: labels[i], prediction, certified, stage, marginLower };
        return { ...own, ...(rung !== undefined && { rung }), guarantee };
      });
      judged.push(...found);
      seen.update(judged.length, { robustError: errorsOf(judged).robustError });
      return found;
    };
    for (const { x, labels, indices } of inOrder(dataset, within(batch), among)) {
      const certify = () =>
        certifyCascade(
          stages,
          { x, labels },
          {
            ...ball,
            ...how,
            rounding,
            ...(signal && { signal }),
            ...(estimation && { estimator: estimation.estimatorFor(indices) }),
          },
          climb,
        );
      const found = deadline?.passed ? null : await (deadline ? deadline.unlessPassed(certify) : certify());
      watch.signal?.throwIfAborted();
      if (!found) break;
      const { examples } = found;
      // Who goes on later gives these, and in their order all after them, the rest of their time then.
      const cut = keep ? examples.findIndex(({ isCut }) => isCut) : -1;
      const own = take(cut < 0 ? found : { ...found, examples: examples.slice(0, cut) }, indices, labels);
      if (keep) await keep(own);
      if (cut >= 0) break;
      await letIn(watch.signal);
    }
    if (keep) return;
    // What is left of the time's examples is answered, many at once.
    const answered = Deadline.in(ANSWERING);
    for (const { x, labels, indices } of inOrder(
      dataset,
      within(ANSWERED_AT_ONCE),
      among.subarray(judged.length),
    )) {
      if (deadline?.aborted || answered.passed) break;
      take(await unboundedVerdict(stages, { x, labels }, how.against), indices, labels);
      unfinished += labels.length;
    }
  });
  return certificationOf(judged, {
    ...{ about, evaluation: rounding, byRungs: each !== undefined, asked: among.length },
    seconds: (performance.now() - began) / 1000,
    unfinished: deadline?.isTimed ? unfinished : undefined,
  });
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
