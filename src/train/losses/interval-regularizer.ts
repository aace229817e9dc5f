import {
  add,
  apply,
  boxMoments,
  combine,
  maximum,
  minimum,
  multiply,
  scaleBy,
  slice,
  sum,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { WholeBatch } from "../../distributed/whole-batch.js";
import type { IntervalNetwork } from "../../dual/interval-network.js";
import type { LossInputs } from "./robust-loss.js";

/** How much worse than the input's, or than one another, numbers may be before they count. */
const TOLERANCE = 0.5;
/** Below it, a mean is none. */
const TINY = 1e-12;

/**
 * The regularisers of fast interval training (Shi et al. 2021), the mean over what activations read: boxes should be at most twice as
 * wide as the input's, and neurons that are surely active and surely inactive balance one another, by the mean and by the variance
 * of their centres, of the whole batch. `[1, 1]`, from 0 to 3.
 */
export async function intervalRegularizer(
  tape: Tape,
  intervals: IntervalNetwork,
  whole: WholeBatch,
): Promise<Variable | null> {
  const boxes = intervals.readByActivations;
  if (boxes.length === 1) return null;
  const sums = boxes.map((box) => boxMoments(tape, box));
  const moments = await whole.sums(tape, sums);
  const [[width], ...read] = boxes.map(({ centre }, i) =>
    meansOf(tape, moments[i], centre.value.features * whole.examples),
  );
  const terms = read.flatMap((means) => [short(tape, ratio(tape, width, means[0])), ...balance(tape, means)]);
  return scaleBy(tape, sum(tape, terms), 1 / (TOLERANCE * read.length));
}

/** The means of a box's entries: width, centre, and of active and inactive entries the share, centre and its square. */
function meansOf(tape: Tape, moments: Variable, entries: number): readonly Variable[] {
  const means = scaleBy(tape, moments, 1 / entries);
  return Array.from({ length: means.value.features }, (_, i) => slice(tape, means, i, 1));
}

/** By how much the ratios of means and of variances of active and inactive neurons fall short. */
function balance(tape: Tape, [, middle, ...parts]: readonly Variable[]): Variable[] {
  const [active, inactive] = [parts.slice(0, 3), parts.slice(3)];
  /** Σ(c − middle)² of some entries. */
  const off = ([share, centre, square]: readonly Variable[]): Variable => {
    const back = multiply(tape, middle, combine(tape, 1, multiply(tape, middle, share), -2, centre));
    return apply(tape, { kind: "relu" }, add(tape, square, back));
  };
  return [
    [active[1], scaleBy(tape, inactive[1], -1)],
    [off(active), off(inactive)],
  ].map(([a, b]) => short(tape, ratio(tape, minimum(tape, a, b), maximum(tape, a, b))));
}

/** a / b, where b is not negative. */
function ratio(tape: Tape, a: Variable, b: Variable): Variable {
  const inverse = apply(tape, { kind: "square" }, apply(tape, { kind: "reciprocal-sqrt", offset: TINY }, b));
  return multiply(tape, a, inverse);
}

/** max(tolerance − ratio, 0). */
function short(tape: Tape, of: Variable): Variable {
  return apply(tape, { kind: "relu" }, scaleBy(tape, of, -1, TOLERANCE));
}

/** The loss with the regularisers, where they have weight. */
export async function regularized(
  { tape, regularization, whole }: Pick<LossInputs, "tape" | "regularization" | "whole">,
  loss: Variable,
  intervals: IntervalNetwork,
): Promise<Variable> {
  const term = regularization > 0 ? await intervalRegularizer(tape, intervals, whole) : null;
  return term ? add(tape, loss, scaleBy(tape, term, regularization)) : loss;
}
