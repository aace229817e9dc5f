import {
  add,
  apply,
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
import type { Dtype } from "../compute/backend.js";
import { SHARED } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import type { AffineDual, Intermediates, Roundings } from "./dual-layer.js";
import { type AffineChain, OwnRounding, type Rounded, SLACK, UNKNOWN } from "./own-rounding.js";

/** Roundings that an evaluation may add to a layer: those of batch norm, a normalisation, or a fold into the layer before. */
const FOLDED = 8;
/** A sum of fewer terms is not worth counting those that are 0. */
const FEW_TERMS = 512;
/** Covers 1/(1 − γ) and the rounding of the sums of magnitudes. */
const GROWN = (1 + SLACK) * (1 + SLACK);

type Counts = Pick<AffineChain, "roundings" | "own" | "digits">;
type Met = Omit<AffineChain, "size">;

/** Affine layers and what they add to rounding. */
interface AffineRounded {
  /** e of the node, `[n, examples]`. */
  readonly error: Variable | undefined;
  readonly floor: Variable | undefined;
  readonly chain: AffineChain | undefined;
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
  ): AffineRounded {
    const isMove = layer.roundings?.forward === 0 && layer.roundings.backward === 0;
    if (isMove && this.readers === 1 && inputs.every(({ chain }) => !chain)) {
      return { error: undefined, floor: floors, chain: undefined };
    }
    const before = inputs.map((input) => input.chain ?? this.#beginning(tape, input));
    if (isMove) return { ...this.#moved(tape, layer, before), floor: floors };
    const count = before.reduce((sum, { size }) => sum + size.value.features, 0);
    const unknown = count + features + UNKNOWN;
    const roundings = layer.roundings ?? { forward: unknown, backward: unknown };
    const sizes = before.map(({ size }) => this.sum(tape, size));
    const floor = this.#floorOf(tape, sizes, count, roundings.backward, floors);
    return { ...this.#summed(tape, layer, before, sizes, roundings, floor), floor };
  }

  /** A chain that begins at a node, with what no value of it exceeds. */
  #beginning(tape: Tape, input: Rounded): AffineChain {
    const size = this.magnitude(tape, input);
    return { size, roundings: 0, own: 0, digits: 0, begun: this.sum(tape, size), isNew: true };
  }

  /** Numbers that are moved are not rounded; but where several layers read a node, their ν are added. */
  #moved(tape: Tape, layer: AffineDual, before: readonly AffineChain[]): Omit<AffineRounded, "floor"> {
    const met = this.#met(tape, before);
    const size = layer.absolute(
      tape,
      before.map((chain) => chain.size),
      1,
    );
    const own = met.own + (this.readers > 1 ? 2 * this.readers * this.own.roundoff : 0);
    // Of branches that are stacked each keeps its own.
    const roundings = Math.max(...before.map((own) => own.roundings));
    const chain = { ...met, size, own, roundings };
    return { error: scaleBy(tape, size, this.#shareOf(chain), 4 * this.own.underflow), chain };
  }

  #summed(
    tape: Tape,
    layer: AffineDual,
    before: readonly AffineChain[],
    sizes: readonly Variable[],
    { forward, backward }: Roundings,
    floor: Variable,
  ): Omit<AffineRounded, "floor"> {
    const met = this.#met(tape, before);
    const own = met.own + (backward + 2 * this.readers + 3 * FOLDED + 2 * forward) * this.own.roundoff;
    const roundings = met.roundings + forward + 1 + FOLDED;
    const counts = { own, roundings, digits: met.digits + forward + 2 };
    const share = this.#shareOf(counts);
    // Of what is 0, terms are not rounded.
    const each = (this.deployed.roundoff + 2 * this.own.roundoff) * GROWN;
    const counted = forward >= FEW_TERMS && layer.terms !== undefined;
    const least = counted ? share - forward * each : share;
    const product = layer.absolute(
      tape,
      before.map((chain) => chain.size),
      1,
    );
    const offset = layer.offsetMagnitude ?? layer.offset;
    // bᵀν is a sum of terms of either sign.
    const terms = this.summed && offset ? this.gamma(offset.value.features + this.terms) * (1 + SLACK) : 0;
    const constant = offset && weightedSum(tape, [{ weight: 1 + terms / least, x: offset, absolute: true }]);
    const between = layer.intermediates?.(tape);
    const over = this.#over(tape, [this.sum(tape, product), ...sizes], constant, before, between);
    // What is lost without being a share of anything, as sizes that have it as their share.
    const lost = [...sizes, ...before.flatMap(({ isNew, begun }) => (isNew ? [] : [begun]))];
    const begun = lost.reduce((a, b) => add(tape, a, b));
    const parts = [
      { weight: 1 / least, x: floor },
      ...lost.map((x) => ({ weight: (4 * this.lost) / least, x })),
      ...(over ? [{ weight: 0, x: over }] : []),
    ];
    const total = weightedSum(tape, parts, (2 * (roundings + 16) * this.lost) / least);
    const everywhere = linear(tape, this.ones(tape, features(product)), total, constant);
    let size = add(tape, product, everywhere);
    tape.discard(everywhere);
    if (!before.some(({ size: own }) => own.value === product.value)) tape.discard(product);
    if (between) {
      const underflow = (8 * FOLDED * this.lost) / least;
      const weighed = scaleBy(tape, begun, underflow, underflow);
      size = add(tape, size, linear(tape, between.scale, weighed));
    }
    const steep = between ? this.sum(tape, between.scale) : undefined;
    if (met.steep) size = add(tape, size, this.#steep(tape, begun, met.steep, features(size), least));
    const error = counted
      ? multiply(tape, size, scaleBy(tape, this.#terms(tape, layer, before[0].size), each, least))
      : scaleBy(tape, size, share);
    const together = met.steep && steep ? multiply(tape, met.steep, steep) : (steep ?? met.steep);
    return { error, chain: { ...counts, size, begun, ...(together && { steep: together }) } };
  }

  /** What underflows in weights that a layer before is folded into. */
  #steep(tape: Tape, begun: Variable, steep: Variable, features: number, share: number): Variable {
    const weighed = scaleShift(tape, begun, steep, undefined, SHARED);
    const lost = scaleBy(tape, weighed, (8 * FOLDED * this.lost) / share);
    return linear(tape, this.ones(tape, features), lost);
  }

  #terms(tape: Tape, layer: AffineDual, size: Variable): Variable {
    return layer.terms?.(tape, apply(tape, { kind: "sign" }, size)) as Variable;
  }

  /** Of chains that meet: branches may be added up as one, term after term. */
  #met(tape: Tape, before: readonly AffineChain[]): Met {
    const largest = (of: (chain: AffineChain) => number): number => Math.max(...before.map(of));
    const steeps = before.flatMap(({ steep }) => (steep ? [steep] : []));
    const begun = before.map((chain) => chain.begun).reduce((a, b) => add(tape, a, b));
    return {
      own: largest(({ own }) => own),
      digits: largest(({ digits }) => digits),
      roundings: before.reduce((sum, { roundings }) => sum + roundings, 0),
      begun,
      ...(steeps.length > 0 && { steep: steeps.reduce((a, b) => add(tape, a, b)) }),
    };
  }

  /** The share of a chain's sizes that rounding may come to. Not a number where it is too long for this to be known. */
  #shareOf({ own, roundings, digits }: Counts): number {
    const lost = this.gamma(digits + 2 * this.terms + 2 * FOLDED);
    const known = Math.max(lost, accumulated(roundings, this.deployed)) < SLACK / 2 ? 1 : Number.NaN;
    return known * (roundings * this.deployed.roundoff + own) * GROWN;
  }

  /**
   * Infinite as soon as what meets in the layer, with its own rounding, may pass the largest number of the evaluation: these sums, the
   * constants, and intermediate results. `[1, examples]`
   */
  #over(
    tape: Tape,
    sums: readonly Variable[],
    constant: Variable | undefined,
    before: readonly AffineChain[],
    between: Intermediates | undefined,
  ): Variable | undefined {
    const { largest } = this.deployed;
    if (largest === Number.POSITIVE_INFINITY) return undefined;
    const weight = 2 * Math.max(1, this.own.largest / largest);
    const steps = between ? [dot(tape, before[0].size, between.scale, SHARED)] : [];
    const over = weightedSum(
      tape,
      [...sums, ...steps].map((x) => ({ weight, x })),
    );
    return [constant, between?.offset].reduce<Variable>((total, x) => {
      if (!x) return total;
      return scaleShift(tape, total, undefined, scaleBy(tape, this.sum(tape, x), weight), SHARED);
    }, over);
  }

  /**
   * What underflows in a step of ν over values of these sizes, `[1, examples]`: so much whatever ν is, so that no |ν| weighs it.
   * It belongs to every row that passes; floors of all layers so far add up, and are counted where rows start.
   */
  floorOf(tape: Tape, sizes: readonly Variable[], terms: number, before: Variable | undefined): Variable {
    const sums = sizes.map((size) => this.sum(tape, size));
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
    const own = sums.map((x) => ({ weight: each * (1 + SLACK), x }));
    return weightedSum(tape, before ? [{ weight: 1, x: before }, ...own] : own, least * sums.length);
  }

  /** Σ x, `[1, examples]`. */
  protected sum(tape: Tape, x: Variable): Variable {
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
}

function features({ value }: Variable): number {
  return value.features;
}
