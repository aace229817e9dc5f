import {
  add,
  apply,
  combine,
  dot,
  linear,
  multiply,
  scaleBy,
  scaleShift,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import { type Arithmetic, accumulated } from "../compute/arithmetic.js";
import type { Dtype } from "../compute/backend.js";
import { SHARED } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import type { AffineDual, Bounds, Roundings } from "./dual-layer.js";
import { type Gathered, OwnRounding, type Rounded, SLACK, UNKNOWN } from "./own-rounding.js";
import { constantsOf, type FunctionRounding, type Widening } from "./widening.js";

/** Roundings that an evaluation may add to a layer: those of batch norm, a normalisation, or a fold into the layer before. */
const FOLDED = 8;
/** A sum of fewer terms is not worth counting those that are 0. */
const FEW_TERMS = 512;
/** Of the lines around an activation, and of one multiplication by their slope. */
const LINES = 32;

/**
 * Rounding as one more radius. A bound is about a network that somebody runs, which rounds, and is computed with rounding
 * itself. Both are errors of the shape eᵀ|ν|, with one vector e for each affine layer; an activation takes what has gathered
 * since the last one into its radius ρ, and so the walks stay as they are. `docs/rounding.md` has the derivation.
 *
 * With v̂ a node's centre as computed, r ≥ |z − v̂| its box and m = |v̂| + r: an affine layer z′ = W z + b gives
 *
 *     e′ = |W| e + (γ_deployed + γ_own)·(|W| m + |b|) + what underflows
 *
 * where γ_deployed is that of the evaluation, of sums in any order, and γ_own covers our own centre, box and ν.
 */
export class Rounding extends OwnRounding {
  readonly evaluation: Evaluation;
  readonly #deployed: Arithmetic;

  /** Whether constants are summed on the way back, as with two lines, and not in a centre. */
  readonly #summed: boolean;

  constructor(
    dtype: Dtype,
    network: Network,
    evaluation: Evaluation,
    { summed }: { readonly summed: boolean },
  ) {
    super(dtype, network);
    this.evaluation = evaluation;
    this.#summed = summed;
    this.#deployed = arithmeticOf(evaluation);
  }

  /** e at the input: real points of the ball are rounded when they are handed in, and x̂ was when it was uploaded. */
  atInput(tape: Tape, { centre, radius }: Rounded): Variable {
    const share = this.#deployed.roundoff + 2 * this.own.roundoff;
    const least = this.#deployed.underflow + this.#deployed.flushed + 4 * this.own.underflow;
    const size = this.magnitude(tape, { centre, radius });
    const error = scaleBy(tape, size, share * (1 + SLACK), least);
    const { largest } = this.#deployed;
    if (!(largest < this.own.largest)) return error;
    // Not a number where a point may not be handed in.
    return combine(tape, 1, error, 0, scaleBy(tape, size, 2 * (this.own.largest / largest)));
  }

  /** e after an affine layer of inputs with these boxes. */
  affine(
    tape: Tape,
    layer: AffineDual,
    inputs: readonly Rounded[],
    floors: Variable | undefined,
  ): { readonly error: Variable | undefined; readonly floor: Variable | undefined } {
    const sizes = inputs.map((input) => this.magnitude(tape, input));
    if (layer.roundings?.forward === 0 && layer.roundings.backward === 0) {
      return { error: this.#moved(tape, layer, inputs, sizes), floor: floors };
    }
    // Batch norm may underflow before it scales.
    const least = this.#deployed.flushed + (layer.coupling === "diagonal" ? 8 * this.#deployed.underflow : 0);
    const met = layer.absolute(
      tape,
      least === 0 ? sizes : sizes.map((size) => scaleBy(tape, size, 1, least)),
      1,
    );
    const { features } = met.value;
    const dense = sizes.reduce((sum, { value }) => sum + value.features, features) + UNKNOWN;
    const { forward, backward } = layer.roundings ?? { forward: dense, backward: dense };
    const offset = layer.offsetMagnitude ?? layer.offset;
    const constant = offset && apply(tape, { kind: "abs" }, offset);
    const all = constant ? scaleShift(tape, met, undefined, constant, SHARED) : met;
    let error = this.#ofSums(tape, layer, sizes, all, { forward, backward });
    if (constant && this.#summed) {
      // bᵀν is a sum of terms of either sign.
      const share = this.gamma(features + this.terms) * (1 + SLACK);
      error = scaleShift(tape, error, undefined, scaleBy(tape, constant, share), SHARED);
    }
    const before = this.#passed(tape, layer, inputs);
    if (before) error = combine(tape, 1, error, 1 + SLACK, before);
    const underflow = this.#deployed.underflow + this.#deployed.flushed + this.own.underflow;
    const sums = sizes.map((size) => this.#sum(tape, size, 1));
    const count = sizes.reduce((sum, { value }) => sum + value.features, 0);
    const floor = this.#floorOf(tape, sums, count, backward, floors);
    const small = { sums, all, least: 2 * (forward + 16) * underflow, floor };
    return { error: this.#withFloor(tape, error, small), floor };
  }

  /** e of the inputs through |W|, as it was computed; undefined where there is none. */
  #passed(tape: Tape, layer: AffineDual, inputs: readonly Rounded[]): Variable | undefined {
    if (inputs.every(({ error }) => error === undefined)) return undefined;
    const errors = inputs.map(({ centre, error }) => error ?? this.#zeros(tape, centre));
    return layer.absolute(tape, errors, 1);
  }

  /**
   * What sums may be off by whose terms' magnitudes add up to `all`. Terms of what is 0 are not rounded, so that a sum over
   * neurons most of which are inactive has few roundings.
   */
  #ofSums(
    tape: Tape,
    layer: AffineDual,
    sizes: readonly Variable[],
    all: Variable,
    { forward, backward }: Roundings,
  ): Variable {
    // A long sum loses digits faster than its bound here allows for: then nothing is known.
    const digits = this.gamma(forward + 2 * this.terms + 2 * FOLDED);
    const known =
      Math.max(digits, accumulated(forward + 1 + FOLDED, this.#deployed)) < SLACK / 2 ? 1 : Number.NaN;
    const [u, own] = [this.#deployed.roundoff * known, this.own.roundoff];
    const fixed = (1 + FOLDED) * u + (backward + 2 * this.readers + 3 * FOLDED) * own;
    const each = u + 2 * own;
    const grown = (1 + SLACK) * (1 + SLACK);
    const terms =
      forward >= FEW_TERMS && layer.terms
        ? layer.terms(tape, apply(tape, { kind: "sign" }, sizes[0]))
        : undefined;
    if (!terms) return scaleBy(tape, all, (fixed + forward * each) * grown);
    return multiply(tape, all, scaleBy(tape, terms, each * grown, fixed * grown));
  }

  /** Numbers that are moved are not rounded; but where several layers read a node, their ν are added. */
  #moved(
    tape: Tape,
    layer: AffineDual,
    inputs: readonly Rounded[],
    sizes: readonly Variable[],
  ): Variable | undefined {
    if (this.readers === 1) {
      if (inputs.every(({ error }) => error === undefined)) return undefined;
      return layer.absolute(
        tape,
        inputs.map(({ centre, error }) => error ?? this.#zeros(tape, centre)),
        1,
      );
    }
    const share = this.gamma(2 * this.readers) * (1 + SLACK);
    const errors = inputs.map(({ error }, i) => {
      const own = scaleBy(tape, sizes[i], share, 4 * this.own.underflow);
      return error ? add(tape, own, error) : own;
    });
    return layer.absolute(tape, errors, 1);
  }

  /**
   * Adds what underflows in the evaluation, and what small weights lose of themselves (`#lost`); not a number where a sum of the
   * evaluation may overflow, in some order. The floor goes along as it is (`floorOf`).
   */
  #withFloor(
    tape: Tape,
    error: Variable,
    { sums, all, least, floor }: { sums: readonly Variable[]; all: Variable; least: number; floor: Variable },
  ): Variable {
    const { features } = error.value;
    const { largest } = this.#deployed;
    let total = sums.reduce((sum, own) => combine(tape, 1, sum, 4 * this.#lost, own), floor);
    if (largest < Number.POSITIVE_INFINITY) {
      // Infinite as soon as |W| m + |b|, with its own rounding, may pass the largest number; ∞ · 0 is not a number.
      const over = this.#sum(tape, all, 2 * Math.max(1, this.own.largest / largest));
      total = combine(tape, 1, total, 0, over);
    }
    const ones = tape.own(tape.backend.filled(features, 1, 1));
    return add(tape, error, linear(tape, ones, scaleBy(tape, total, 1, least)));
  }

  /**
   * What underflows in a step of ν over values of these sizes, `[1, examples]`: so much whatever ν is, so that no |ν| weighs it.
   * It belongs to every row that passes; floors of all layers so far add up, and are counted where rows start.
   */
  floorOf(tape: Tape, sizes: readonly Variable[], terms: number, before: Variable | undefined): Variable {
    const sums = sizes.map((size) => this.#sum(tape, size, 1));
    const features = sizes.reduce((sum, { value }) => sum + value.features, 0);
    return this.#floorOf(tape, sums, features, terms, before);
  }

  #floorOf(
    tape: Tape,
    sums: readonly Variable[],
    features: number,
    terms: number,
    before: Variable | undefined,
  ): Variable {
    const each = 4 * (terms + this.readers + 8) * this.own.underflow;
    const least = 4 * (features + terms + 8) * this.own.underflow;
    const own = sums
      .map((sum) => scaleBy(tape, sum, each * (1 + SLACK), least))
      .reduce((a, b) => add(tape, a, b));
    return before ? add(tape, before, own) : own;
  }

  /** A floor for each feature, `[features, examples]`. */
  everywhere(tape: Tape, floor: Variable, features: number): Variable {
    return linear(tape, tape.own(tape.backend.filled(features, 1, 1)), floor);
  }

  /** weight · Σ x, `[1, examples]`. */
  #sum(tape: Tape, x: Variable, weight: number): Variable {
    const weights = tape.own(tape.backend.filled(x.value.features, 1, weight));
    return dot(tape, x, weights, SHARED);
  }

  /**
   * What an enclosed layer's radius takes in beside its own: e of its input through the steepest line, the rounding of the
   * lines and of what they do to the centre and to ν, and that of the function itself in the evaluation. `[n, examples]`
   */
  enclosed(tape: Tape, layer: Widening, { size, error }: Gathered, rounding: FunctionRounding): Variable {
    const { roundoff, functions, underflow } = this.own;
    const relative = rounding === "exact" ? 0 : 2 * this.#deployed.roundoff;
    const share = (LINES + 2 * this.readers) * roundoff + relative;
    const through = error ? combine(tape, share, size, 1, error) : scaleBy(tape, size, share);
    const terms = this.#summed ? LINES + this.longest + this.terms : LINES;
    const shares = (this.gamma(terms) + relative) * (1 + SLACK);
    const approximate = rounding === "approximate" ? this.#deployed.functions + 4 * functions : 0;
    const least = approximate + 64 * underflow + this.#deployed.flushed + this.#deployed.underflow;
    const constants = scaleBy(tape, constantsOf(tape, layer), shares, least * (1 + SLACK));
    const own = layer.absolute(tape, through);
    // A slope that underflows is wrong by as much.
    const read = size.value.features === own.value.features ? size : layer.absolute(tape, size);
    const slopes = 16 * underflow + (rounding === "exact" ? 0 : 2 * this.#lost);
    const small = combine(tape, 1, constants, slopes, read);
    return combine(tape, 1 + SLACK, own, 1, small);
  }

  /**
   * What a number of a file may lose of itself, in the evaluation and here: half of the smallest number, or all of it on a machine
   * that takes it for 0.
   */
  get #lost(): number {
    return this.#deployed.underflow + this.#deployed.flushed + this.own.underflow;
  }

  /** What the radius of the box between an activation's values at ℓ and u must gain, all of them being rounded. */
  ofInterval(tape: Tape, box: Rounded, rounding: FunctionRounding, { lower, upper }: Bounds): Variable {
    const relative = rounding === "exact" ? 0 : 2 * this.#deployed.roundoff;
    const share = 8 * this.own.roundoff + relative;
    const approximate = rounding === "approximate" ? this.#deployed.functions + 4 * this.own.functions : 0;
    const least = approximate + 8 * this.own.underflow + this.#deployed.underflow + this.#deployed.flushed;
    const values = scaleBy(tape, this.magnitude(tape, box), share, least);
    if (rounding === "exact") return values;
    const inputs = [lower, upper].map((end) => apply(tape, { kind: "abs" }, end));
    return combine(tape, 1, values, 2 * this.#lost, add(tape, inputs[0], inputs[1]));
  }

  #zeros(tape: Tape, like: Variable): Variable {
    const { features, rows } = like.value;
    return tape.own(tape.backend.filled(features, rows, 0));
  }
}
