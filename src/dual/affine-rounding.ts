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
  weightedSum,
} from "../autodiff/index.js";
import { type Arithmetic, accumulated } from "../compute/arithmetic.js";
import type { Dtype, Weighted } from "../compute/backend.js";
import { SHARED } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import type { AffineDual, Roundings } from "./dual-layer.js";
import { OwnRounding, type Rounded, SLACK, UNKNOWN } from "./own-rounding.js";

/** Roundings that an evaluation may add to a layer: those of batch norm, a normalisation, or a fold into the layer before. */
const FOLDED = 8;
/** A sum of fewer terms is not worth counting those that are 0. */
const FEW_TERMS = 512;

/** The shares of |W| m + |b| that rounding may come to: `fixed`, and `each` for every term. */
interface Shares {
  readonly fixed: number;
  readonly each: number;
}

/** The rounding of sums: of all features, of their constants `[out, 1]`; at least Σ m of each input, and `#over`, `[1, examples]`. */
interface SumRounding {
  readonly error: Variable;
  readonly constant: Variable | undefined;
  readonly sums: readonly Weighted<Variable>[];
  readonly over: Variable | undefined;
}

/** What an affine layer adds to rounding, `docs/rounding.md#affine-layers`. */
export class AffineRounding extends OwnRounding {
  readonly evaluation: Evaluation;
  protected readonly deployed: Arithmetic;
  /** Whether constants are summed on the way back, as with two lines, and not in a centre. */
  protected readonly summed: boolean;
  readonly #made = new WeakMap<Tape, ReadonlyMap<number, Variable>>();

  constructor(
    dtype: Dtype,
    network: Network,
    evaluation: Evaluation,
    { summed }: { readonly summed: boolean },
  ) {
    super(dtype, network);
    this.evaluation = evaluation;
    this.summed = summed;
    this.deployed = arithmeticOf(evaluation);
  }

  /** e after an affine layer of so many features of inputs with these boxes. */
  affine(
    tape: Tape,
    layer: AffineDual,
    inputs: readonly Rounded[],
    features: number,
    floors: Variable | undefined,
  ): { readonly error: Variable | undefined; readonly floor: Variable | undefined } {
    if (layer.roundings?.forward === 0 && layer.roundings.backward === 0) {
      return { error: this.#moved(tape, layer, inputs), floor: floors };
    }
    const count = inputs.reduce((sum, { centre }) => sum + centre.value.features, 0);
    const roundings = layer.roundings ?? {
      forward: count + features + UNKNOWN,
      backward: count + features + UNKNOWN,
    };
    const { error, sums, over, constant } = this.#ofSums(tape, layer, inputs, roundings);
    const floor = this.#floorOf(tape, sums, count, roundings.backward, floors);
    const parts = [
      { weight: 1, x: floor },
      ...sums.map(({ weight, x }) => ({ weight: 4 * this.lost * weight, x })),
      ...(over ? [{ weight: 0, x: over }] : []),
    ];
    const total = weightedSum(tape, parts, 2 * (roundings.forward + 16) * this.lost);
    const everywhere = linear(tape, this.ones(tape, features), total, constant);
    const all = add(tape, error, everywhere);
    tape.discard(error, everywhere);
    return { error: all, floor };
  }

  /**
   * What sums may be off by whose terms' magnitudes add up to |W| m + |b|, and e of the inputs; all but what is constant goes
   * through |W| at once, unless terms are counted.
   */
  #ofSums(tape: Tape, layer: AffineDual, inputs: readonly Rounded[], roundings: Roundings): SumRounding {
    // Batch norm may underflow before it scales.
    const least = this.deployed.flushed + (layer.coupling === "diagonal" ? 8 * this.deployed.underflow : 0);
    const shares = this.#shares(roundings);
    const all = shares.fixed + roundings.forward * shares.each;
    const offset = layer.offsetMagnitude ?? layer.offset;
    // bᵀν is a sum of terms of either sign.
    const summed = this.summed && offset ? this.gamma(offset.value.features + this.terms) * (1 + SLACK) : 0;
    const constant = offset && weightedSum(tape, [{ weight: all + summed, x: offset, absolute: true }]);
    const counted = roundings.forward >= FEW_TERMS && layer.terms !== undefined;
    const share = counted ? 1 : all;
    const ofError = counted ? 1 : all + 1 + SLACK;
    // What is lost of numbers as small as that would be weighed with |W|.
    const lost = counted ? 0 : share * least + 8 * this.own.underflow;
    const sizes = inputs.map((input) => weightedSum(tape, this.magnitudeAnd(input, share, ofError), lost));
    const read = counted && least > 0 ? sizes.map((size) => scaleBy(tape, size, 1, least)) : sizes;
    const met = layer.absolute(tape, read, 1);
    const error = counted ? this.#byTerms(tape, layer, inputs, sizes[0], met, shares) : met;
    const sums = sizes.map((x) => ({ weight: (1 + SLACK) / share, x: this.#sum(tape, x) }));
    const over = this.#over(tape, met, share, constant, all);
    tape.discard(...sizes.filter(({ value }) => value !== met.value));
    return { error, sums, constant, over };
  }

  /** Terms of what is 0 are not rounded, so that a sum over neurons most of which are inactive has few roundings. */
  #byTerms(
    tape: Tape,
    layer: AffineDual,
    inputs: readonly Rounded[],
    size: Variable,
    met: Variable,
    { fixed, each }: Shares,
  ): Variable {
    const terms = layer.terms?.(tape, apply(tape, { kind: "sign" }, size)) as Variable;
    const own = multiply(tape, met, scaleBy(tape, terms, each, fixed));
    const before = this.#passed(tape, layer, inputs);
    return before ? combine(tape, 1, own, 1 + SLACK, before) : own;
  }

  /**
   * Infinite as soon as the sum of |W| m + |b|, with its own rounding, may pass the largest number of the evaluation, these being
   * at most x / share and constant / ofConstant. `[1, examples]`
   */
  #over(
    tape: Tape,
    x: Variable,
    share: number,
    constant: Variable | undefined,
    ofConstant: number,
  ): Variable | undefined {
    const { largest } = this.deployed;
    if (largest === Number.POSITIVE_INFINITY) return undefined;
    const factor = 2 * Math.max(1, this.own.largest / largest);
    const over = scaleBy(tape, this.#sum(tape, x), factor / share);
    if (!constant) return over;
    const ofB = scaleBy(tape, this.#sum(tape, constant), factor / ofConstant);
    return scaleShift(tape, over, undefined, ofB, SHARED);
  }

  /** e of the inputs through |W|, as it was computed; undefined where there is none. */
  #passed(tape: Tape, layer: AffineDual, inputs: readonly Rounded[]): Variable | undefined {
    if (inputs.every(({ error }) => error === undefined)) return undefined;
    const errors = inputs.map(({ centre, error }) => error ?? this.#zeros(tape, centre));
    return layer.absolute(tape, errors, 1);
  }

  /** Not a number where a sum is too long for them. */
  #shares({ forward, backward }: Roundings): Shares {
    // A long sum loses digits faster than its bound here allows for: then nothing is known.
    const digits = this.gamma(forward + 2 * this.terms + 2 * FOLDED);
    const known =
      Math.max(digits, accumulated(forward + 1 + FOLDED, this.deployed)) < SLACK / 2 ? 1 : Number.NaN;
    const grown = known * (1 + SLACK) * (1 + SLACK);
    const [u, own] = [this.deployed.roundoff, this.own.roundoff];
    const fixed = (1 + FOLDED) * u + (backward + 2 * this.readers + 3 * FOLDED) * own;
    return { fixed: fixed * grown, each: (u + 2 * own) * grown };
  }

  /** Numbers that are moved are not rounded; but where several layers read a node, their ν are added. */
  #moved(tape: Tape, layer: AffineDual, inputs: readonly Rounded[]): Variable | undefined {
    if (this.readers === 1) return this.#passed(tape, layer, inputs);
    const share = this.gamma(2 * this.readers) * (1 + SLACK);
    const errors = inputs.map((input) =>
      weightedSum(tape, this.magnitudeAnd(input, share, share + 1), 4 * this.own.underflow),
    );
    return layer.absolute(tape, errors, 1);
  }

  /**
   * What underflows in a step of ν over values of these sizes, `[1, examples]`: so much whatever ν is, so that no |ν| weighs it.
   * It belongs to every row that passes; floors of all layers so far add up, and are counted where rows start.
   */
  floorOf(tape: Tape, sizes: readonly Variable[], terms: number, before: Variable | undefined): Variable {
    const sums = sizes.map((size) => ({ weight: 1, x: this.#sum(tape, size) }));
    const features = sizes.reduce((sum, { value }) => sum + value.features, 0);
    return this.#floorOf(tape, sums, features, terms, before);
  }

  #floorOf(
    tape: Tape,
    sums: readonly Weighted<Variable>[],
    features: number,
    terms: number,
    before: Variable | undefined,
  ): Variable {
    const each = 4 * (terms + this.readers + 8) * this.own.underflow;
    const least = 4 * (features + terms + 8) * this.own.underflow;
    const own = sums.map(({ weight, x }) => ({ weight: each * (1 + SLACK) * weight, x }));
    return weightedSum(tape, before ? [{ weight: 1, x: before }, ...own] : own, least * sums.length);
  }

  /** Σ x, `[1, examples]`. */
  #sum(tape: Tape, x: Variable): Variable {
    return dot(tape, x, this.ones(tape, x.value.features), SHARED);
  }

  /** `[features, 1]`, made once. */
  protected ones(tape: Tape, features: number): Variable {
    const known = this.#made.get(tape)?.get(features);
    if (known) return known;
    const ones = tape.own(tape.backend.filled(features, 1, 1));
    this.#made.set(tape, new Map([...(this.#made.get(tape) ?? []), [features, ones]]));
    return ones;
  }

  /**
   * What a number of a file may lose of itself, in the evaluation and here: half of the smallest number, or all of it on a machine
   * that takes it for 0.
   */
  protected get lost(): number {
    return this.deployed.underflow + this.deployed.flushed + this.own.underflow;
  }

  #zeros(tape: Tape, like: Variable): Variable {
    const { features, rows } = like.value;
    return tape.own(tape.backend.filled(features, rows, 0));
  }
}
