import type { Backend } from "../compute/backend.js";
import { letIn } from "../compute/deadline.js";
import { largestOf } from "../compute/extremes.js";
import { random } from "../compute/random.js";
import type { Dataset } from "../data/dataset.js";
import { boundDrift, type DriftBound, type RoundedEvaluation } from "../drift/bound.js";
import { FloatModel } from "../drift/evaluate.js";
import { FLOAT32, FLOAT64 } from "../drift/float-format.js";
import { observeDrift, randomPoint } from "../drift/observe.js";
import { waysOf } from "../drift/summation.js";
import type { BoundMethod } from "../dual/dual-options.js";
import { sizeOf } from "../network/shape.js";
import { type Model, type PlacedNetwork, placeModel } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { Box } from "../threat/box.js";
import { differenceUp } from "../threat/outward.js";
import { inOrder } from "./example-batches.js";
import { observed, type Watch } from "./observer.js";

/** How drift is bounded, and where it is observed. */
export interface DriftSettings {
  /** Default: that of the model's own numbers. */
  readonly evaluation?: RoundedEvaluation;
  /** Of the pre-activation bounds. */
  readonly method: BoundMethod;
  /** Examples at a time. */
  readonly batch: number;
  /** Random points of each ball at which evaluations are compared, beside its centre. */
  readonly points: number;
  readonly seed: number;
  /** Bytes that a piece of work may take. */
  readonly pieceBytes?: number;
}

/** Two differences of a logit: what none exceeds, and the largest that was seen. ∞ where nothing is known. */
export interface LogitDrift {
  readonly bound: number;
  readonly observed: number;
}

/** What is known of one example. */
export interface DriftRow {
  readonly index: number;
  readonly label: number;
  /** The model's answer; −1 where its logits are not numbers. */
  readonly prediction: number;
  /** Whether every evaluation of the example itself is proved to give this answer. */
  readonly sameAnswer: boolean;
  /** By class. */
  readonly logits: readonly LogitDrift[];
}

/** How far evaluations of a model may differ. */
export interface Drift {
  readonly evaluation: RoundedEvaluation;
  /** How many evaluations were compared at each point. */
  readonly evaluations: number;
  /** By class, the largest of all inputs. */
  readonly logits: readonly LogitDrift[];
  /** By example; null over all inputs of a box. */
  readonly examples: readonly DriftRow[] | null;
  readonly seconds: number;
}

/**
 * Bounds and observes the drift of a network at each example of a data set, or at any one input of the balls around them: ε is
 * one number, 0 for the examples themselves. Throws what `boundDrift` throws, and the signal's reason.
 */
export async function driftOfDataset(
  backend: Backend,
  model: Model,
  dataset: Dataset,
  ball: BallSpec & { readonly epsilon: number },
  settings: DriftSettings,
  watch: Watch = {},
): Promise<Drift> {
  const began = performance.now();
  using subject = new EvaluatedModel(backend, model, settings);
  const rows: DriftRow[] = [];
  let most = 0;
  await observed(watch, { name: "drift", total: dataset.count }, async (seen) => {
    for (const { x, labels, indices } of inOrder(dataset, settings.batch)) {
      const found = await subject.at(x, labels.length, indices[0], ball, watch);
      for (const [i, row] of found.entries()) {
        rows.push({ index: indices[i], label: labels[i], ...row });
        most = Math.max(most, ...row.logits.map(({ bound }) => bound));
      }
      seen.update(rows.length, { largestDrift: most });
      await letIn(watch.signal);
    }
  });
  const logits = rows[0].logits.map((_, k) => ({
    bound: largestOf(rows.map((row) => row.logits[k].bound)),
    observed: largestOf(rows.map((row) => row.logits[k].observed)),
  }));
  return { ...subject.words, logits, examples: rows, seconds: (performance.now() - began) / 1000 };
}

/** The same over all inputs whose every number lies within a box. */
export async function driftOverBox(
  backend: Backend,
  model: Model,
  [lower, upper]: Box,
  settings: DriftSettings,
  watch: Watch = {},
): Promise<Drift> {
  const began = performance.now();
  using subject = new EvaluatedModel(backend, model, settings);
  const middle = lower / 2 + upper / 2;
  const epsilon = Math.max(differenceUp(upper, middle), differenceUp(middle, lower));
  const x = new Float64Array(sizeOf(model.network.inputShape)).fill(middle);
  const [{ logits }] = await observed(watch, { name: "drift", total: 1 }, () =>
    subject.at(x, 1, 0, { norm: "linf", epsilon, box: [lower, upper] }, watch),
  );
  return { ...subject.words, logits, examples: null, seconds: (performance.now() - began) / 1000 };
}

/** A model in double precision for bounds, and in its format for evaluations. */
class EvaluatedModel {
  readonly words: Pick<Drift, "evaluation" | "evaluations">;
  readonly #placed: PlacedNetwork & Disposable;
  readonly #double: PlacedNetwork;
  readonly #float: FloatModel;
  readonly #settings: DriftSettings;

  constructor(backend: Backend, model: Model, settings: DriftSettings) {
    const format = (evaluation: RoundedEvaluation) => (evaluation === "float64" ? FLOAT64 : FLOAT32);
    this.#settings = settings;
    this.#placed = placeModel(backend, model);
    const { evaluation = this.#placed.madeFor ?? "float32" } = settings;
    const twice = backend.dtype === "float64" ? this.#placed : this.#placed.inDouble?.();
    this.#double = twice ?? this.#placed;
    this.#float = new FloatModel(model, format(evaluation));
    this.words = { evaluation, evaluations: waysOf(this.#float.format).length };
  }

  async at(
    x: Float64Array,
    count: number,
    first: number,
    ball: BallSpec & { readonly epsilon: number },
    { signal }: Watch,
  ): Promise<Omit<DriftRow, "index" | "label">[]> {
    const { method, pieceBytes } = this.#settings;
    const bounds = await boundDrift(
      this.#double,
      { x },
      {
        ...ball,
        evaluation: this.words.evaluation,
        method,
        ...(pieceBytes !== undefined && { pieceBytes }),
        ...(signal && { signal }),
      },
    );
    const rows: Omit<DriftRow, "index" | "label">[] = [];
    for (const [b, { logits, ...row }] of bounds.entries()) {
      const own = Float64Array.from({ length: x.length / count }, (_, f) => x[f * count + b]);
      const seen = await this.#observe(own, first + b, ball, signal);
      rows.push({ ...row, logits: pairs(logits, seen) });
    }
    return rows;
  }

  async #observe(
    x: Float64Array,
    index: number,
    ball: BallSpec & { readonly epsilon: number },
    signal: AbortSignal | undefined,
  ): Promise<Float64Array> {
    const { points, seed } = this.#settings;
    const source = random(seed, `drift/${index}`);
    const most = observeDrift(this.#float, x);
    for (let i = 0; i < (ball.epsilon === 0 ? 0 : points); i++) {
      await letIn(signal);
      observeDrift(this.#float, randomPoint(x, ball, source)).forEach((own, k) => {
        most[k] = Math.max(most[k], own);
      });
    }
    return most;
  }

  [Symbol.dispose](): void {
    this.#placed[Symbol.dispose]();
  }
}

function pairs(bounds: DriftBound["logits"], seen: Float64Array): LogitDrift[] {
  return bounds.map((bound, k) => ({ bound, observed: seen[k] }));
}
