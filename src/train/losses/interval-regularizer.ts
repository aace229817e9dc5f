import {
  add,
  apply,
  type BoxVariables,
  maximum,
  mean,
  minimum,
  multiply,
  reshape,
  scaleBy,
  scaleShift,
  sum,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
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
  const width = overall(tape, input.radius);
  const terms = read.flatMap((box) => [
    short(tape, ratio(tape, width, overall(tape, box.radius))),
    ...balance(tape, box),
  ]);
  return scaleBy(tape, sum(tape, terms), 1 / (TOLERANCE * read.length));
}

/** Of a layer: by how much the ratios of means and of variances of active and inactive neurons fall short. */
function balance(tape: Tape, { centre, radius }: BoxVariables): Variable[] {
  const line = flat(tape, centre);
  const middle = mean(tape, line);
  const off = apply(
    tape,
    { kind: "square" },
    scaleShift(tape, line, undefined, scaleBy(tape, middle, -1), SHARED),
  );
  const [active, inactive] = ([1, -1] as const).map((sign) => surely(tape, sign, line, flat(tape, radius)));
  const by = (mask: Variable, x: Variable, sign = 1): Variable =>
    scaleBy(tape, mean(tape, multiply(tape, x, mask)), sign);
  return [
    [by(active, line), by(inactive, line, -1)],
    [by(active, off), by(inactive, off)],
  ].map(([a, b]) => short(tape, ratio(tape, minimum(tape, a, b), maximum(tape, a, b))));
}

/** 1 where sign · v is above 0 all over its box, 0 elsewhere; no gradient passes. */
function surely(tape: Tape, sign: 1 | -1, centre: Variable, radius: Variable): Variable {
  const { backend } = tape;
  using least = backend.combine(sign, centre.value, -1, radius.value);
  using signs = backend.apply({ kind: "sign" }, least);
  return tape.own(backend.apply({ kind: "relu" }, signs));
}

function flat(tape: Tape, x: Variable): Variable {
  return reshape(tape, x, 1, x.value.features * x.value.rows);
}

function overall(tape: Tape, x: Variable): Variable {
  return mean(tape, flat(tape, x));
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
