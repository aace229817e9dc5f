import {
  add,
  apply,
  combine,
  linear,
  scaleBy,
  type Tape,
  type Variable,
  weightedSum,
} from "../autodiff/index.js";
import type { Weighted } from "../compute/backend.js";
import type { AffineChain } from "./affine-chain.js";
import { AffineRounding } from "./affine-rounding.js";
import type { Bounds } from "./dual-layer.js";
import { type Gathered, type Rounded, SLACK } from "./own-rounding.js";
import { constantsOf, type FunctionRounding, type Widening } from "./widening.js";

/** Of the lines around an activation, and of one multiplication by their slope. */
const LINES = 32;

/**
 * Rounding as one more radius. A bound is about a network that somebody runs, which rounds, and is computed with rounding
 * itself. Both are errors of the shape eᵀ|ν|, with one vector e for each affine layer; an activation takes what has gathered
 * since the last one into its radius ρ, and so the walks stay as they are. `docs/rounding.md` has the derivation.
 *
 * With v̂ a node's centre as computed, r ≥ |z − v̂| its box and m = |v̂| + r: affine layers z′ = W z + b since the last activation give
 *
 *     M′ = |W| M + |b|,   e′ = (γ_deployed + γ_own)·M′ + what underflows,   M = m where they begin
 *
 * where γ_deployed is that of the evaluation, of sums in any order, and γ_own covers our own centre, box and ν.
 */
export class Rounding extends AffineRounding {
  /** e at the input: real points of the ball are rounded when they are handed in, and x̂ was when it was uploaded. */
  atInput(tape: Tape, box: Rounded): Variable {
    return weightedSum(tape, this.#termsAtInput(tape, box), this.#leastAtInput);
  }

  /** A radius at the input with that taken in. */
  withInput(tape: Tape, box: Rounded): Variable {
    const own = { weight: 1 + 8 * this.own.roundoff, x: box.radius };
    return weightedSum(tape, [own, ...this.#termsAtInput(tape, box)], this.#leastAtInput);
  }

  #termsAtInput(tape: Tape, { centre, radius }: Rounded): readonly Weighted<Variable>[] {
    const share = (this.deployed.roundoff + 2 * this.own.roundoff) * (1 + SLACK);
    const terms = this.magnitudes({ centre, radius }, share);
    const { largest } = this.deployed;
    if (!(largest < this.own.largest)) return terms;
    // Not a number where a point may not be handed in.
    const size = this.magnitude(tape, { centre, radius });
    return [...terms, { weight: 0, x: scaleBy(tape, size, 2 * (this.own.largest / largest)) }];
  }

  get #leastAtInput(): number {
    return this.deployed.underflow + this.deployed.flushed + 4 * this.own.underflow;
  }

  /** The chain of layers that read the input, where its rounding is no part of the radius. */
  chainAtInput(tape: Tape, box: Rounded): AffineChain {
    const share = this.deployed.roundoff + 2 * this.own.roundoff;
    const size = weightedSum(tape, this.magnitudes(box), this.#leastAtInput / share);
    return { ...this.beginning(tape, size, 1), roundings: 1, own: 2 * this.own.roundoff, isNew: false };
  }

  /** A floor for each feature, `[features, examples]`. */
  everywhere(tape: Tape, floor: Variable, features: number): Variable {
    return linear(tape, this.ones(tape, features), floor);
  }

  /**
   * What an enclosed layer's radius takes in beside its own: e of its input through the steepest line, the rounding of the
   * lines and of what they do to the centre and to ν, and that of the function itself in the evaluation. `[n, examples]`
   */
  enclosed(tape: Tape, layer: Widening, { size, error }: Gathered, rounding: FunctionRounding): Variable {
    const { roundoff, functions, underflow } = this.own;
    const relative = rounding === "exact" ? 0 : 2 * this.deployed.roundoff;
    const share = (LINES + 2 * this.readers) * roundoff + relative;
    const through = error ? combine(tape, share, size, 1, error) : scaleBy(tape, size, share);
    const terms = this.summed ? LINES + this.longest + this.terms : LINES;
    const shares = (this.gamma(terms) + relative) * (1 + SLACK);
    const approximate = rounding === "approximate" ? this.deployed.functions + 4 * functions : 0;
    const least = approximate + 64 * underflow + this.deployed.flushed + this.deployed.underflow;
    const own = layer.absolute(tape, through);
    // A slope that underflows is wrong by as much.
    const read = size.value.features === own.value.features ? size : layer.absolute(tape, size);
    const slopes = 16 * underflow + (rounding === "exact" ? 0 : 2 * this.lost);
    const constants = constantsOf(tape, layer).map(({ weight, ...term }) => ({
      ...term,
      weight: weight * shares,
    }));
    const parts = [{ weight: 1 + SLACK, x: own }, ...constants, { weight: slopes, x: read }];
    const { largest } = this.deployed;
    // A value beyond the largest number of the evaluation, where our own arithmetic still has it: not a number.
    if (largest < this.own.largest) parts.push({ weight: 0, x: this.#beyond(tape, layer, size) });
    const all = weightedSum(tape, parts, least * (1 + SLACK));
    tape.discard(through);
    return all;
  }

  /** Infinite where a value between the lines may pass the largest number of the evaluation. */
  #beyond(tape: Tape, layer: Widening, size: Variable): Variable {
    const factor = 2 * (this.own.largest / this.deployed.largest);
    const constants = constantsOf(tape, layer).map(({ weight, ...term }) => ({
      ...term,
      weight: weight * factor,
    }));
    return weightedSum(tape, [{ weight: factor, x: layer.absolute(tape, size) }, ...constants]);
  }

  /** What the radius of the box between an activation's values at ℓ and u must gain, all of them being rounded. */
  ofInterval(tape: Tape, box: Rounded, rounding: FunctionRounding, { lower, upper }: Bounds): Variable {
    const relative = rounding === "exact" ? 0 : 2 * this.deployed.roundoff;
    const share = 8 * this.own.roundoff + relative;
    const approximate = rounding === "approximate" ? this.deployed.functions + 4 * this.own.functions : 0;
    const least = approximate + 8 * this.own.underflow + this.deployed.underflow + this.deployed.flushed;
    const values = scaleBy(tape, this.magnitude(tape, box), share, least);
    if (rounding === "exact") return values;
    const inputs = [lower, upper].map((end) => apply(tape, { kind: "abs" }, end));
    return combine(tape, 1, values, 2 * this.lost, add(tape, inputs[0], inputs[1]));
  }
}
