import { minimum, reshape, scaleBy, Tape, type Variable } from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { indexedOwners, type Owners } from "../compute/owners.js";
import { buildDual } from "../dual/auto-dual.js";
import { propagateBack } from "../dual/backward.js";
import type { DualNetwork } from "../dual/dual-network.js";
import type { BoundMethod, DualOptions } from "../dual/dual-options.js";
import { wholeRows } from "../dual/view.js";
import { UsageError } from "../errors.js";
import { forward } from "../network/forward.js";
import { NO_CLASS, predict } from "../network/predict.js";
import { sizeOf } from "../network/shape.js";
import { fixedBindings, type PlacedNetwork } from "../network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import { type Batch, countExamples } from "../threat/batch.js";
import { differenceUp } from "../threat/outward.js";
import { isCertified } from "../threat/verdict.js";
import { buildDifference } from "./difference.js";

/** An arithmetic in which evaluations may differ: every `Evaluation` but real arithmetic. */
export type RoundedEvaluation = "float32" | "float32-ftz" | "float64";

/** Where drift is bounded, and how. */
export interface DriftOptions extends BallSpec {
  readonly evaluation: RoundedEvaluation;
  /** Of the pre-activation bounds. Default `parallel`. */
  readonly method?: BoundMethod;
  /** Bytes that the rows being bounded at once may take. */
  readonly pieceBytes?: number;
  readonly signal?: AbortSignal;
}

/** How far two evaluations of one example may differ. */
export interface DriftBound {
  /** The model's answer; −1 where its logits are not numbers. */
  readonly prediction: number;
  /** Whether every evaluation of the example itself is proved to give this answer. */
  readonly sameAnswer: boolean;
  /** By class: what no two evaluations of one input of the ball differ by more than; ∞ where nothing is known. */
  readonly logits: readonly number[];
}

const DEFAULT_PIECE_BYTES = 64 * 2 ** 20;
/** Covers the rounding of sums in double precision. */
const SLACK = 2 ** -20;

/**
 * Bounds how far two evaluations of a network may differ, logit by logit, at one input anywhere in the ball: the smaller of
 * what the difference network (`buildDifference`) gives by intervals and by its dual, and at a point of the distance between
 * the bounds of all evaluations there. Deterministic. The network must be placed in double precision. Throws what `makeBall` and
 * `buildDual` throw, and an `UnsupportedOperatorError` for layers whose slopes are not known.
 */
export async function boundDrift(
  placed: PlacedNetwork,
  batch: Batch,
  options: DriftOptions,
): Promise<DriftBound[]> {
  const { backend, network } = placed;
  if (backend.dtype !== "float64") {
    throw new UsageError(`drift: expected a network in double precision, found ${backend.dtype}`);
  }
  const { x } = batch;
  const examples = countExamples(batch, sizeOf(network.inputShape));
  const { norm, epsilon } = options;
  const point = { norm: "linf", epsilon: 0 } as const;
  const atPoint = await withDual(placed, x, examples, point, options, async (dual, tape, bounds) => {
    const answers = await answersOf(placed, tape, dual, x, examples);
    const width = await widthOf(tape, dual, examples);
    return { answers, width, bounds: epsilon === 0 ? await bounds() : null };
  });
  const found =
    atPoint.bounds ??
    (await withDual(placed, x, examples, { norm, epsilon, box: options.box ?? null }, options, (_d, _t, b) =>
      b(),
    ));
  return atPoint.answers.map((answer, b) => ({
    ...answer,
    logits: Array.from({ length: network.classes }, (_, k) => {
      const at = k * examples + b;
      const bound = epsilon === 0 ? Math.min(found[at], atPoint.width[at]) : found[at];
      return Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound;
    }),
  }));
}

/** Bounds over a ball, and a call that gives those of differences over it, `[classes, examples]`. */
async function withDual<T>(
  { backend, network, parameters }: PlacedNetwork,
  x: Float64Array,
  examples: number,
  spec: BallSpec,
  { evaluation, method, pieceBytes, signal }: DriftOptions,
  use: (dual: DualNetwork, tape: Tape, differences: () => Promise<FloatArray>) => Promise<T>,
): Promise<T> {
  using tape = new Tape(backend, { record: false });
  const bindings = fixedBindings(parameters);
  const ball = makeBall(backend, x, examples, spec);
  try {
    const how: DualOptions = {
      rounding: evaluation,
      ...(method && { method }),
      ...(pieceBytes && { pieceBytes }),
      ...(signal && { signal }),
    };
    const dual = await buildDual(tape, network, bindings, ball, how);
    const parts = { network, bindings, ball, evaluation, preActivation: dual.preActivation, signal };
    return await use(dual, tape, async () => {
      const difference = await buildDifference(tape, {
        ...parts,
        pieceBytes: pieceBytes ?? DEFAULT_PIECE_BYTES,
      });
      const { index, owners } = everyLogit(network.classes, examples);
      const start = { node: network.output, index, sign: 1 } as const;
      const view = wholeRows(difference.graph, owners);
      const { radius } = propagateBack(tape, difference.graph, view, start, { centre: false });
      const rows = reshape(tape, scaleBy(tape, radius, 1 + SLACK), network.classes, examples);
      return backend.read(minimum(tape, rows, difference.apart).value);
    });
  } finally {
    releaseBall(ball);
  }
}

/** A row for each logit of each example, as `[classes, examples]` is laid out. */
function everyLogit(classes: number, examples: number): { index: Int32Array; owners: Owners } {
  const index = Int32Array.from({ length: classes * examples }, (_, i) => Math.floor(i / examples));
  return { index, owners: indexedOwners(index.map((_, i) => i % examples)) };
}

/** The model's answers, and whether all evaluations agree with them. */
async function answersOf(
  { backend, network, parameters }: PlacedNetwork,
  tape: Tape,
  dual: DualNetwork,
  x: Float64Array,
  examples: number,
): Promise<Omit<DriftBound, "logits">[]> {
  const input = tape.own(backend.upload(sizeOf(network.inputShape), examples, x));
  const output = forward(tape, network, fixedBindings(parameters), input).output;
  const predictions = predict(await backend.read(output.value), examples);
  const { classes } = network;
  if (classes < 2) return Array.from(predictions, (prediction) => ({ prediction, sameAnswer: true }));
  const reference = predictions.map((prediction) => (prediction === NO_CLASS ? 0 : prediction));
  const margins = await backend.read(dual.margins(reference).value);
  return Array.from(predictions, (prediction, b) => {
    const marginLower = Array.from({ length: classes }, (_, j) => margins[j * examples + b]);
    const { guarantee } = dual;
    const sameAnswer = isCertified({ guarantee, prediction, reference: reference[b], marginLower });
    return { prediction, sameAnswer };
  });
}

/** u − ℓ of each logit, between the bounds of all evaluations: `[classes, examples]`. */
async function widthOf(tape: Tape, dual: DualNetwork, examples: number): Promise<Float64Array> {
  const { backend } = tape;
  const { classes } = dual.network;
  const { index, owners } = everyLogit(classes, examples);
  const units = new Float64Array(classes * index.length);
  index.forEach((k, row) => {
    units[k * index.length + row] = 1;
  });
  const bounds = async (values: Float64Array): Promise<FloatArray> => {
    const c: Variable = tape.own(backend.upload(classes, index.length, values));
    return backend.read(dual.lowerBound(c, owners).value);
  };
  const lower = await bounds(units);
  const negated = await bounds(units.map((value) => -value));
  return Float64Array.from(lower, (low, i) => differenceUp(-negated[i], low));
}
