import {
  add,
  apply,
  type BoxVariables,
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
import type { IntervalNetwork } from "../../dual/interval-network.js";

/** How much worse than the input's, or than one another, numbers may be before they count. */
const TOLERANCE = 0.5;
/** Below it, a mean is none. */
const TINY = 1e-12;

/**
 * The regularisers of fast interval training (Shi et al. 2021), the mean over what activations read: boxes should be at most twice as
 * wide as the input's, and neurons that are surely active and surely inactive balance one another, by the mean and by the variance
 * of their centres. `[1, 1]`, from 0 to 3.
 */
export function intervalRegularizer(tape: Tape, intervals: IntervalNetwork): Variable | null {
  const [input, ...read] = intervals.readByActivations;
  if (read.length === 0) return null;
  const [width] = meansOf(tape, input);
  const terms = read.flatMap((box) => {
    const means = meansOf(tape, box);
    return [short(tape, ratio(tape, width, means[0])), ...balance(tape, means)];
  });
  return scaleBy(tape, sum(tape, terms), 1 / (TOLERANCE * read.length));
}

/** The means of a box's entries: width, centre, and of active and inactive entries the share, centre and its square. */
function meansOf(tape: Tape, box: BoxVariables): readonly Variable[] {
  const { features, rows } = box.centre.value;
  const means = scaleBy(tape, boxMoments(tape, box), 1 / (features * rows));
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
export function regularized(
  tape: Tape,
  loss: Variable,
  intervals: IntervalNetwork,
  weight: number,
): Variable {
  const term = weight > 0 ? intervalRegularizer(tape, intervals) : null;
  return term ? add(tape, loss, scaleBy(tape, term, weight)) : loss;
}
