import type { ActivationDefinition } from "../activations/definition.js";
import {
  add,
  apply,
  combine,
  dot,
  linear,
  multiply,
  norm,
  scaleBy,
  scaleShift,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { Dtype, NormOrder } from "../compute/backend.js";
import { SHARED } from "../compute/owners.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import { type Arithmetic, accumulated, arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import type { AffineDual, ParallelDual, Roundings, TwoLineDual } from "./dual-layer.js";

/** What a node's numbers are: v̂ and r of its box, and the rounding e that no radius has taken in yet, `[n, examples]`. */
export interface Rounded {
  readonly centre: Variable;
  readonly radius: Variable;
  readonly error?: Variable | undefined;
}

/** The same without the box: what no value of the node exceeds, and e. `[n, examples]`, or `[n, 1]` for all of a region. */
export interface Gathered {
  readonly size: Variable;
  readonly error: Variable | undefined;
}

/** Roundings that an evaluation may add to a layer: those of batch norm, a normalisation, or a fold into the layer before. */
const FOLDED = 8;
/** Bounds on rounding are themselves computed with rounding; they are made larger by this fraction, which covers it. */
const SLACK = 2 ** -6;
/** A sum of fewer terms is not worth counting those that are 0. */
const FEW_TERMS = 64;
/** Of the lines around an activation, and of one multiplication by their slope. */
const LINES = 32;
/** Random numbers are the values of functions that are right to so many roundings. */
const NOISE = 64;
/** A custom layer whose roundings are not known may have this many beside those of a dense matrix. */
const UNKNOWN = 64;

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
export class Rounding {
  readonly evaluation: Evaluation;
  readonly #own: Arithmetic;
  readonly #deployed: Arithmetic;
  /** The longest sum over features that a walk takes, and the terms that its running sums have. */
  readonly #longest: number;
  readonly #terms: number;
  /** The most layers that read one node: as many ν are added there. */
  readonly #readers: number;

  /** Whether constants are summed on the way back, as with two lines, and not in a centre. */
  readonly #summed: boolean;

  constructor(
    dtype: Dtype,
    network: Network,
    evaluation: Evaluation,
    { summed }: { readonly summed: boolean },
  ) {
    const { nodes } = network;
    this.evaluation = evaluation;
    this.#summed = summed;
    this.#own = arithmeticOf(dtype);
    this.#deployed = arithmeticOf(evaluation);
    this.#longest = Math.max(...nodes.map(({ shape }) => sizeOf(shape)));
    this.#terms = 2 * nodes.length + 8;
    const readers = nodes.map(() => 0);
    for (const { inputs } of nodes) for (const input of inputs) readers[input] += 1;
    this.#readers = Math.max(...readers);
  }

  /** e at the input: real points of the ball are rounded when they are handed in, and x̂ was when it was uploaded. */
  atInput(tape: Tape, { centre, radius }: Rounded): Variable {
    const share = this.#deployed.roundoff + 2 * this.#own.roundoff;
    const least = this.#deployed.underflow + this.#deployed.flushed + 4 * this.#own.underflow;
    return scaleBy(tape, this.magnitude(tape, { centre, radius }), share * (1 + SLACK), least);
  }

  /** What x̂ᵀν may be off by, as a radius at the input: it is a sum of terms of either sign. */
  ofCentre(tape: Tape, centre: Variable): Variable {
    const size = apply(tape, { kind: "abs" }, centre);
    const share = this.#gamma(centre.value.features + this.#terms);
    return scaleBy(tape, size, share * (1 + SLACK), 4 * this.#own.underflow);
  }

  /** m = |v̂| + r + e, which no value of the node exceeds. */
  magnitude(tape: Tape, { centre, radius, error }: Rounded): Variable {
    const within = combine(tape, 1, apply(tape, { kind: "abs" }, centre), 1, radius);
    return error ? add(tape, within, error) : within;
  }

  /** Both of a node. */
  gathered(tape: Tape, box: Rounded): Gathered {
    return { size: this.magnitude(tape, box), error: box.error };
  }

  /**
   * What a constraint's multipliers β may be off by, to be weighed with them: e of the node that it is about, and the rounding
   * of ν and of the sum of their values, of so many terms and of this size.
   */
  ofConstraint(tape: Tape, { size, error }: Gathered): Variable {
    const share = 16 * this.#own.roundoff;
    const both = error ? combine(tape, share, size, 1, error) : scaleBy(tape, size, share);
    return scaleBy(tape, both, 1 + SLACK, 8 * this.#own.underflow);
  }

  /** The share of a sum's terms that its rounding may come to, and that of the sums that it enters. */
  ofTerms(terms: number): number {
    return this.#gamma(terms + this.#terms + 8) * (1 + SLACK);
  }

  /** e after an affine layer of inputs with these boxes. */
  affine(tape: Tape, layer: AffineDual, inputs: readonly Rounded[]): Variable | undefined {
    const dense = inputs.reduce((sum, { centre }) => sum + centre.value.features, 0) + UNKNOWN;
    const { forward, backward } = layer.roundings ?? { forward: dense, backward: dense };
    const sizes = inputs.map((input) => this.magnitude(tape, input));
    if (forward === 0 && backward === 0) return this.#moved(tape, layer, inputs, sizes);
    const least = this.#deployed.flushed;
    const met = layer.absolute(
      tape,
      least === 0 ? sizes : sizes.map((size) => scaleBy(tape, size, 1, least)),
      1,
    );
    const { features } = met.value;
    const offset = layer.offsetMagnitude ?? layer.offset;
    const constant = offset && apply(tape, { kind: "abs" }, offset);
    const all = constant ? scaleShift(tape, met, undefined, constant, SHARED) : met;
    let error = this.#ofSums(tape, layer, sizes, all, { forward, backward });
    if (constant && this.#summed) {
      // bᵀν is a sum of terms of either sign.
      const share = this.#gamma(features + this.#terms) * (1 + SLACK);
      error = scaleShift(tape, error, undefined, scaleBy(tape, constant, share), SHARED);
    }
    const before = this.#passed(tape, layer, inputs);
    if (before) error = add(tape, error, before);
    const small = (forward + 12) * (this.#deployed.underflow + this.#deployed.flushed + this.#own.underflow);
    return this.#withFloor(tape, error, sizes, all, forward + backward, small);
  }

  /** e of the inputs through |W|; undefined where there is none. */
  #passed(tape: Tape, layer: AffineDual, inputs: readonly Rounded[]): Variable | undefined {
    if (inputs.every(({ error }) => error === undefined)) return undefined;
    const errors = inputs.map(({ centre, error }) => error ?? this.#zeros(tape, centre));
    return scaleBy(tape, layer.absolute(tape, errors, 1), 1 + SLACK, 8 * this.#own.underflow);
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
    const known = this.#gamma(forward + 2 * this.#terms + 2 * FOLDED) < SLACK / 2 ? 1 : Number.NaN;
    const [u, own] = [this.#deployed.roundoff * known, this.#own.roundoff];
    const fixed = (1 + FOLDED) * u + (backward + 2 * this.#readers + 3 * FOLDED) * own;
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
    if (this.#readers === 1) {
      if (inputs.every(({ error }) => error === undefined)) return undefined;
      return layer.absolute(
        tape,
        inputs.map(({ centre, error }) => error ?? this.#zeros(tape, centre)),
        1,
      );
    }
    const share = this.#gamma(2 * this.#readers) * (1 + SLACK);
    const errors = inputs.map(({ error }, i) => {
      const own = scaleBy(tape, sizes[i], share, 4 * this.#own.underflow);
      return error ? add(tape, own, error) : own;
    });
    return layer.absolute(tape, errors, 1);
  }

  /**
   * Adds what underflows in ν whatever it is, and on a machine that takes small weights for 0; not a number where a sum of the
   * evaluation may overflow, in some order.
   */
  #withFloor(
    tape: Tape,
    error: Variable,
    sizes: readonly Variable[],
    all: Variable,
    terms: number,
    least: number,
  ): Variable {
    const { features } = error.value;
    const each = (terms + 4) * 4 * this.#own.underflow + this.#deployed.flushed;
    let floor = sizes.map((size) => this.#sum(tape, size, each)).reduce((a, b) => add(tape, a, b));
    const { largest } = this.#deployed;
    if (largest < Number.POSITIVE_INFINITY) {
      // Infinite as soon as |W| m + |b| may pass the largest number; ∞ · 0 is not a number.
      const over = this.#sum(tape, all, Math.max(1, this.#own.largest / largest));
      floor = combine(tape, 1, floor, 0, over);
    }
    floor = scaleBy(tape, floor, 1, least);
    const ones = tape.own(tape.backend.filled(features, 1, 1));
    return add(tape, error, linear(tape, ones, floor));
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
    const { roundoff, functions, underflow } = this.#own;
    const relative = rounding === "exact" ? 0 : 2 * this.#deployed.roundoff;
    const share = (LINES + 2 * this.#readers) * roundoff + relative;
    const through = error ? combine(tape, share, size, 1, error) : scaleBy(tape, size, share);
    const terms = this.#summed ? LINES + this.#longest + this.#terms : LINES;
    const shares = (this.#gamma(terms) + relative) * (1 + SLACK);
    const approximate = rounding === "approximate" ? this.#deployed.functions + 4 * functions : 0;
    const least = approximate + 64 * underflow + this.#deployed.flushed + this.#deployed.underflow;
    const constants = scaleBy(tape, constantsOf(tape, layer), shares, least * (1 + SLACK));
    const own = layer.absolute(tape, through);
    // A slope that underflows is wrong by as much.
    const read = size.value.features === own.value.features ? size : layer.absolute(tape, size);
    const small = combine(tape, 1, constants, 16 * underflow, read);
    return combine(tape, 1 + SLACK, own, 1, small);
  }

  /** How much larger a sum of `terms` non-negative numbers may be than it was computed. */
  growth(terms: number): number {
    return 1 + this.#gamma(terms + this.#terms);
  }

  /** The radius of rows, at least what it was computed from: sums over features and layers, and the norm at the input. */
  radius(tape: Tape, radius: Variable, order: NormOrder): Variable {
    const features = this.#longest;
    // Squares of small numbers underflow.
    const squares = order === 2 ? Math.sqrt(features * this.#own.underflow) * 2 : 0;
    const least = squares + 4 * (features + this.#terms) * this.#own.underflow;
    return scaleBy(tape, radius, this.growth(features), least);
  }

  /** A radius around the centre from which ℓ = v̂ − r and u = v̂ + r, rounded, still enclose the node. */
  outward(tape: Tape, { centre, radius, error }: Rounded): Variable {
    const grown = 1 + 16 * this.#own.roundoff;
    const total = error ? combine(tape, grown, radius, grown, error) : scaleBy(tape, radius, grown);
    const size = apply(tape, { kind: "abs" }, centre);
    return combine(tape, 1, total, 4 * this.#own.roundoff, size);
  }

  /** Norms along so many columns, at least what they were computed from: sums, and squares that underflow. */
  ofColumns(tape: Tape, norms: Variable, columns: number): Variable {
    const floor = 4 * Math.sqrt((columns + 1) * this.#own.underflow);
    return scaleBy(tape, norms, this.growth(columns), floor);
  }

  /**
   * What projections R may be off by that noise was added to: R was computed out of d ⊙ R′ (`pushed`), whose error is
   * `passed`, and ρ ⊙ C; random numbers are taken for those that their generator means, to this many digits.
   */
  ofNoise(tape: Tape, projections: Variable, pushed?: Variable, passed?: Variable): Variable {
    const size = apply(tape, { kind: "abs" }, projections);
    const both = pushed ? add(tape, size, apply(tape, { kind: "abs" }, pushed)) : size;
    const error = scaleBy(tape, both, NOISE * this.#own.roundoff, 8 * this.#own.underflow);
    return passed ? add(tape, error, apply(tape, { kind: "abs" }, passed)) : error;
  }

  /** Error and rounding of projections that go through a layer, to be taken through its magnitudes. */
  ofProjections(
    tape: Tape,
    layer: AffineDual | ParallelDual,
    projections: Variable,
    error: Variable,
  ): Variable {
    const terms =
      layer.kind === "affine" ? (layer.roundings?.forward ?? projections.value.features + UNKNOWN) : 1;
    const size = apply(tape, { kind: "abs" }, projections);
    const share = this.#gamma(terms + 4);
    return scaleBy(tape, combine(tape, share, size, 1, error), 1 + SLACK, 4 * this.#own.underflow);
  }

  /** A sum of magnitudes, not below it for having been rounded. */
  ofSum(tape: Tape, x: Variable): Variable {
    return scaleBy(tape, x, 1 + SLACK, 8 * this.#own.underflow);
  }

  /** A mean that logarithms and exponentials were taken for. */
  ofEstimate(tape: Tape, estimate: Variable): Variable {
    return scaleBy(tape, estimate, 1 + 2 ** 10 * this.#own.roundoff, 8 * this.#own.underflow);
  }

  /** What a difference of numbers may be off by whose magnitudes add up to this. */
  share(tape: Tape, size: Variable): Variable {
    return scaleBy(tape, size, 8 * this.#own.roundoff, 8 * this.#own.underflow);
  }

  /** A radius with rounding taken in. */
  merged(tape: Tape, radius: Variable, error: Variable): Variable {
    return combine(tape, 1 + 8 * this.#own.roundoff, radius, 1, error);
  }

  /** x made larger by its last roundings. */
  up(tape: Tape, x: Variable, factor = 4): Variable {
    const size = apply(tape, { kind: "abs" }, x);
    const raised = combine(tape, 1, x, factor * this.#own.roundoff, size);
    return scaleBy(tape, raised, 1, 4 * this.#own.underflow);
  }

  /** x made smaller by its last roundings, `factor` of them. */
  down(tape: Tape, x: Variable, factor = 4): Variable {
    const size = apply(tape, { kind: "abs" }, x);
    const lowered = combine(tape, 1, x, -factor * this.#own.roundoff, size);
    return scaleBy(tape, lowered, 1, -4 * this.#own.underflow);
  }

  /**
   * What cᵀz may be off by at a node with this box: e there, and the rounding of sums of so many terms. `[n, examples]`, to
   * be weighed with |c|.
   */
  ofObjective(tape: Tape, { size, error }: Gathered, terms: number): Variable {
    const share = this.#gamma(terms + 8);
    const both = error ? combine(tape, share, size, 1, error) : scaleBy(tape, size, share);
    return scaleBy(tape, both, 1 + SLACK, 8 * this.#own.underflow);
  }

  /** What the radius of the box between an activation's values at ℓ and u must gain, all of them being rounded. */
  ofInterval(tape: Tape, box: Rounded, rounding: FunctionRounding): Variable {
    const relative = rounding === "exact" ? 0 : 2 * this.#deployed.roundoff;
    const share = 8 * this.#own.roundoff + relative;
    const approximate = rounding === "approximate" ? this.#deployed.functions + 4 * this.#own.functions : 0;
    const least = approximate + 8 * this.#own.underflow + this.#deployed.underflow + this.#deployed.flushed;
    return scaleBy(tape, this.magnitude(tape, box), share, least);
  }

  /** The floor of √Σ(w r)² in place of what squares lose that underflow, r being at most `most`, or as small as this. */
  ofSquares(features: number, most: number): { readonly floor: number; readonly least: number } {
    const least = Math.sqrt(this.#own.underflow) * 2 ** 14;
    return { floor: Math.sqrt(features) * least * (2 + most), least };
  }

  #gamma(roundings: number): number {
    return accumulated(roundings, this.#own);
  }

  #zeros(tape: Tape, like: Variable): Variable {
    const { features, rows } = like.value;
    return tape.own(tape.backend.filled(features, rows, 0));
  }
}

/** See `ActivationDefinition.rounding`. */
export type FunctionRounding = ActivationDefinition<never>["rounding"];

/** An enclosed layer whose lines may be moved apart. */
export type Widening =
  | ParallelDual
  | (Required<Pick<TwoLineDual, "absolute" | "constants">> & { kind: "two-lines" });

function constantsOf(tape: Tape, layer: Widening): Variable {
  if (layer.kind === "two-lines") return layer.constants(tape);
  if (layer.constants) return layer.constants(tape);
  return add(tape, apply(tape, { kind: "abs" }, layer.shift), layer.radius);
}

/** The layer with so much more around its lines. A layer that cannot move its own collects it by itself. */
export function widened(tape: Tape, layer: ParallelDual, by: Variable): ParallelDual {
  if (layer.widened) return layer.widened(tape, by);
  const { step: _step, crop: _crop, ...rest } = layer;
  return {
    ...rest,
    radius: add(tape, layer.radius, by),
    widening: { own: layer.radius, by },
    back(piece, nu, owners, want) {
      const own = layer.back(piece, nu, owners, want);
      const more = norm(piece, nu, by, owners, 1);
      return { ...own, radius: own.radius ? add(piece, own.radius, more) : more };
    },
  };
}
