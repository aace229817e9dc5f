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
import type { AffineChain } from "./affine-chain.js";
import { AffineRounding } from "./affine-rounding.js";
import type { Bounds } from "./dual-layer.js";
import { type Gathered, type Rounded, SLACK, sharesOf, type Terms } from "./own-rounding.js";
import { constantsOf, type FunctionRounding, type Widening } from "./widening.js";

/** How often the smallest number is taken, where a share of sizes needs it 16 times: products are normal numbers, far below roundoff. */
const RAISED = 2 ** 50;
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

  #termsAtInput(tape: Tape, { centre, radius }: Rounded): Terms {
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
   * lines and of what they do to the centre and to ν, and that of the function itself in the evaluation. `[n, examples]`; 0 where
   * `where` is at most 0.
   */
  enclosed(
    tape: Tape,
    layer: Widening,
    input: Gathered,
    rounding: FunctionRounding,
    where?: Variable,
  ): Variable {
    const { roundoff, functions, underflow } = this.own;
    const relative = rounding === "exact" ? 0 : 2 * this.deployed.roundoff;
    const share = (LINES + 2 * this.readers) * roundoff + relative;
    const terms = this.summed ? LINES + this.longest + this.terms : LINES;
    const shares = (this.gamma(terms) + relative) * (1 + SLACK);
    const approximate = rounding === "approximate" ? this.deployed.functions + 4 * functions : 0;
    const least = approximate + 64 * underflow + this.deployed.flushed + this.deployed.underflow;
    // A slope that underflows is wrong by as much; taken for more, so that products are normal numbers.
    const slopes = RAISED * underflow + (rounding === "exact" ? 0 : 2 * this.lost);
    const { through, read } = this.#through(tape, layer, input, share);
    const parts = [...through, ...weighed(constantsOf(tape, layer), shares), ...weighed(read, slopes)];
    const { largest } = this.deployed;
    // A value beyond the largest number of the evaluation, where our own arithmetic still has it: not a number.
    if (largest < this.own.largest) parts.push({ weight: 0, x: this.#beyond(tape, layer, input.size) });
    return weightedSum(tape, parts, least * (1 + SLACK) + this.normal, where);
  }

  /**
   * This share of the size, and e, through the steepest line; and the size of what an output reads, that of all inputs where a layer
   * does not say which.
   */
  #through(tape: Tape, layer: Widening, input: Gathered, share: number): Record<"through" | "read", Terms> {
    if (layer.magnitude) {
      const by = layer.magnitude(tape);
      const through = sharesOf(input, share, 1 + SLACK).map((term) => ({ ...term, by }));
      return { through, read: input.size };
    }
    const each = (terms: Terms): Variable => layer.absolute(tape, weightedSum(tape, terms));
    const through = { weight: 1 + SLACK, x: each(sharesOf(input, share, 1)) };
    return { through: [through], read: [{ weight: 1, x: this.sum(tape, weightedSum(tape, input.size)) }] };
  }

  /** Infinite where a value between the lines may pass the largest number of the evaluation. */
  #beyond(tape: Tape, layer: Widening, size: Terms): Variable {
    const factor = 2 * (this.own.largest / this.deployed.largest);
    const steepest = layer.absolute(tape, weightedSum(tape, size));
    return weightedSum(tape, [{ weight: factor, x: steepest }, ...weighed(constantsOf(tape, layer), factor)]);
  }

  /** What the radius of the box between an activation's values at ℓ and u must gain, all of them being rounded. */
  ofInterval(tape: Tape, box: Rounded, rounding: FunctionRounding, { lower, upper }: Bounds): Variable {
    const relative = rounding === "exact" ? 0 : 2 * this.deployed.roundoff * (1 + SLACK);
    const share = 8 * this.own.roundoff + relative;
    const approximate = rounding === "approximate" ? this.deployed.functions + 4 * this.own.functions : 0;
    const least = approximate + 8 * this.own.underflow + this.deployed.underflow + this.deployed.flushed;
    const values = scaleBy(tape, this.magnitude(tape, box), share, least);
    if (rounding === "exact") return values;
    const inputs = [lower, upper].map((end) => apply(tape, { kind: "abs" }, end));
    return combine(tape, 1, values, 2 * this.lost, add(tape, inputs[0], inputs[1]));
  }
}

function weighed(terms: Terms, by: number): Terms {
  return terms.map(({ weight, ...term }) => ({ ...term, weight: weight * by }));
}
