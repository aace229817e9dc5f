import { Tape } from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { buildDual } from "../dual/auto-dual.js";
import { costBelow, layerCost } from "../dual/cost.js";
import type { DualOptions } from "../dual/dual-options.js";
import type { Margin } from "../dual/margin.js";
import { UsageError } from "../errors.js";
import { forward } from "../network/forward.js";
import { NO_CLASS, predict } from "../network/predict.js";
import { sizeOf } from "../network/shape.js";
import { fixedBindings, type PlacedNetwork } from "../network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import { type Batch, countExamples } from "../threat/batch.js";
import type { Guarantee } from "../threat/guarantee.js";
import { isProof } from "../threat/proof.js";
import { isCertified } from "../threat/verdict.js";
import { type Again, boundAgain } from "./again.js";
import { hopelessOf } from "./hopeless.js";

/** Whose margins are bounded: those of the model's own prediction, or of the given label. */
export type Against = "prediction" | "label";

/** Within which balls, how a batch is bounded, and whose margins count. */
export interface CertifyOptions extends BallSpec, DualOptions {
  /** Default `prediction`. */
  readonly against?: Against;
  /**
   * `all` (default) bounds every margin by the dual network; `open` those alone that the box does not prove. Verdicts are the
   * same.
   */
  readonly margins?: "all" | "open";
  /** Default: the arithmetic of the model's own numbers; null for bounds that leave out rounding, which prove nothing of what a machine computes. */
  readonly rounding?: DualOptions["rounding"];
}

/** The verdict on one example. */
export interface ExampleVerdict {
  /** The model's answer; −1 where its logits are not numbers. */
  readonly prediction: number;
  /** The class whose margins `marginLower` bounds. */
  readonly reference: number;
  /**
   * Whether no point of the ball changes the model's answer away from `reference`: every other class's margin bound
   * is above 0 and the prediction is `reference`. NaN is never certified, nor is what is estimated.
   */
  readonly certified: boolean;
  /** Lower bounds of z_reference − z_j over the ball, 0 at j = reference: `[classes]`. */
  readonly marginLower: readonly number[];
  /** Where several ways were tried, which proved it first; null where none did. */
  readonly rung?: string | null;
  /** Where several ways were tried: the time of all was over before its own was, so that a further try may prove it. */
  readonly isCut?: boolean;
}

/** The verdicts on a batch. */
export interface BatchVerdict {
  /**
   * What the bounds are worth: deterministic; all of an example's with probability 1 − δ; or estimates, which certify
   * nothing.
   */
  readonly guarantee: Guarantee;
  /** One per example, in order. */
  readonly examples: readonly ExampleVerdict[];
}

/**
 * Certifies a batch by dual bounds (Corollary 1: J > 0 for every other class), deterministic ones, or as `estimator` has
 * it. x is feature-major `[features, examples]` in the data's units. `labels` are needed with `against: "label"` only.
 * Throws a `UsageError` where they are missing, and what `makeBall` and `buildDual` throw.
 */
export async function certifyBatch(
  placed: PlacedNetwork,
  batch: Batch,
  { rounding = placed.madeFor ?? "float32", ...rest }: CertifyOptions,
): Promise<BatchVerdict> {
  const { backend, network, parameters } = placed;
  const options = { ...rest, rounding };
  const { x, labels = null } = batch;
  const examples = countExamples(batch, sizeOf(network.inputShape));
  using tape = new Tape(backend, { record: false });
  const bindings = fixedBindings(parameters);
  const input = tape.own(backend.upload(sizeOf(network.inputShape), examples, x));
  const logits = await backend.read(forward(tape, network, bindings, input).output.value);
  const predictions = predict(logits, examples);
  const reference = referenceClasses(options.against ?? "prediction", predictions, labels);
  const ball = makeBall(backend, x, examples, options, rounding ? "outward" : "nearest");
  try {
    const dual = await buildDual(tape, network, bindings, ball, options);
    const { classes } = network;
    const before = options.onLayer ? await backend.finish() : 0;
    const { bounds, bounded } =
      options.margins === "open"
        ? await dual.openMargins(reference, hopelessOf(logits, examples))
        : { bounds: await dual.marginsInPieces(reference), bounded: examples * (classes - 1) };
    const margins = Float64Array.from(await backend.read(bounds.value));
    if (options.onLayer) {
      const cost = costBelow(network, network.output) + layerCost(network, network.output);
      options.onLayer({
        name: "margins",
        way: options.direction === "forward" ? "forward" : "backward",
        neurons: examples * classes,
        unstable: bounded,
        rows: bounded,
        multiplyAdds: bounded * cost,
        seconds: (await backend.finish()) - before,
      });
    }
    if (rounding)
      await lookAgain(placed, { x, examples, dual, options }, { logits, predictions, reference, margins });
    const verdicts = Array.from(predictions, (prediction, b): ExampleVerdict => {
      const marginLower = Array.from({ length: classes }, (_, j) =>
        j === reference[b] ? 0 : margins[j * examples + b],
      );
      const own = { prediction, reference: reference[b], marginLower };
      return { ...own, certified: isCertified({ ...own, guarantee: dual.guarantee }) };
    });
    return { guarantee: dual.guarantee, examples: verdicts };
  } finally {
    releaseBall(ball);
  }
}

/** The class whose margins are bounded; where the model has no answer, class 0 stands in and nothing is certified. */
function referenceClasses(against: Against, predictions: Int32Array, labels: Int32Array | null): Int32Array {
  if (against === "prediction")
    return predictions.map((prediction) => (prediction === NO_CLASS ? 0 : prediction));
  if (!labels) throw new UsageError("certify: bounds against the label need labels, got none");
  return labels;
}

/** What is known of a batch when margins are looked at again. */
interface Found {
  readonly logits: FloatArray;
  readonly predictions: Int32Array;
  readonly reference: Int32Array;
  /** `[classes, examples]`; those that are bounded again are replaced. */
  readonly margins: Float64Array;
}

/** Margins that rounding alone may have kept from being proved are bounded again in double precision, by themselves. */
async function lookAgain(
  placed: PlacedNetwork,
  batch: Pick<Again, "x" | "examples" | "dual"> & { readonly options: CertifyOptions },
  { logits, predictions, reference, margins }: Found,
): Promise<void> {
  const { examples, dual, options } = batch;
  if (placed.backend.dtype === "float64" || !placed.inDouble || dual.guarantee === "estimate") return;
  const { classes } = placed.network;
  const isHopeless = hopelessOf(logits, examples);
  const again = Array.from(predictions.keys()).flatMap((example) => {
    if (predictions[example] !== reference[example]) return [];
    const label = reference[example];
    const open: Margin[] = [];
    for (let other = 0; other < classes; other++) {
      const at = other * examples + example;
      if (other === label || isProof(margins[at])) continue;
      const margin = { example, label, other };
      if (isHopeless(margin, margins[at])) return [];
      open.push(margin);
    }
    return open;
  });
  if (again.length === 0) return;
  const bounds = await boundAgain(placed.inDouble(), { ...batch, ball: options, margins: again });
  for (const [i, { example, other }] of again.entries()) {
    const at = other * examples + example;
    margins[at] = Math.max(margins[at], bounds[i]);
  }
}
