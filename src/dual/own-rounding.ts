import { add, apply, combine, scaleBy, type Tape, type Variable, weightedSum } from "../autodiff/index.js";
import { type Arithmetic, accumulated, IEEE } from "../compute/arithmetic.js";
import type { Dtype, NormOrder, Weighted } from "../compute/backend.js";
import { largestOf } from "../compute/extremes.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { AffineChain } from "./affine-chain.js";
import type { AffineDual, Bounds, ParallelDual } from "./dual-layer.js";

/** What a node's numbers are: v̂ and r of its box, and the rounding e that no radius has taken in yet, `[n, examples]`. */
export interface Rounded {
  readonly centre: Variable;
  readonly radius: Variable;
  readonly error?: Variable | undefined;
  /** Of an affine layer's output. */
  readonly chain?: AffineChain | undefined;
}

/** The same without the box: what no value of the node exceeds, and e; `[n, examples]`, or `[n, 1]` for all of a region. */
export interface Gathered {
  /** Terms whose sum it is. */
  readonly size: Terms;
  readonly error: Variable | undefined;
}

export type Terms = readonly Weighted<Variable>[];

/** Bounds on rounding are themselves computed with rounding; they are made larger by this fraction, which covers it. */
export const SLACK = 2 ** -6;
/** A custom layer whose roundings are not known may have this many beside those of a dense matrix. */
export const UNKNOWN = 64;
/** Random numbers are the values of functions that are right to so many roundings. */
const NOISE = 64;

/**
 * The rounding of bounds themselves, in the arithmetic of the backend that computes them: what was computed in it becomes a bound
 * again by moving it outward.
 */
export class OwnRounding {
  protected readonly own: Arithmetic;
  /** The longest sum over features that a walk takes. */
  protected readonly longest: number;
  /** All features of all nodes: no more columns go forward. */
  readonly #all: number;
  /** The terms that a walk's running sums have. */
  protected readonly terms: number;
  /** The most layers that read one node: as many ν are added there. */
  protected readonly readers: number;

  constructor(dtype: Dtype, { nodes }: Network) {
    this.own = IEEE[dtype];
    this.longest = largestOf(nodes.map(({ shape }) => sizeOf(shape)));
    this.#all = nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.terms = 2 * nodes.length + 8;
    const readers = nodes.map(() => 0);
    for (const { inputs } of nodes) for (const input of inputs) readers[input] += 1;
    this.readers = largestOf(readers);
  }

  /** m = |v̂| + r + e, which no value of the node exceeds. */
  magnitude(tape: Tape, box: Rounded): Variable {
    return weightedSum(tape, this.magnitudes(box));
  }

  /** Terms whose sum is so many times m. */
  protected magnitudes({ centre, radius, error }: Rounded, weight = 1): Terms {
    const size = [
      { weight, x: centre, absolute: true },
      { weight, x: radius },
    ];
    return error ? [...size, { weight, x: error }] : size;
  }

  /** Both of a node. */
  gathered(box: Rounded): Gathered {
    return { size: this.magnitudes(box), error: box.error };
  }

  /** What x̂ᵀν may be off by, as a radius at the input: it is a sum of terms of either sign. */
  ofCentre(tape: Tape, centre: Variable): Variable {
    const size = apply(tape, { kind: "abs" }, centre);
    const share = this.gamma(centre.value.features + this.terms);
    return scaleBy(tape, size, share * (1 + SLACK), 4 * this.own.underflow);
  }

  /**
   * What a constraint's multipliers β may be off by, to be weighed with them: e of the node that it is about, and the rounding
   * of ν and of the sum of their values, of so many terms and of this size.
   */
  ofConstraint(tape: Tape, gathered: Gathered): Variable {
    const share = (16 + 2 * this.readers) * this.own.roundoff;
    return weightedSum(tape, sharesOf(gathered, share, 1 + SLACK), 8 * this.own.underflow);
  }

  /** The share of a sum's terms that its rounding may come to, and that of the sums that it enters. */
  ofTerms(terms: number): number {
    return this.gamma(terms + this.terms + 8) * (1 + SLACK);
  }

  /** How much larger a sum of `terms` non-negative numbers may be than it was computed. */
  growth(terms: number): number {
    return 1 + this.gamma(terms + this.terms);
  }

  /** The radius of rows, at least what it was computed from: sums over features and layers, and the norm at the input. */
  radius(tape: Tape, radius: Variable, order: NormOrder): Variable {
    const features = this.longest;
    // Squares of small numbers underflow.
    const squares = order === 2 ? Math.sqrt(features * this.own.underflow) * 2 : 0;
    const least = squares + 4 * (features + this.terms) * this.own.underflow;
    return scaleBy(tape, radius, this.growth(features), least);
  }

  /** ℓ and u of a node: v̂ ∓ (r + e), and farther out by what these sums may be off by. */
  outward(tape: Tape, { centre, radius, error }: Rounded): Bounds {
    const radii = error ? [radius, error] : [radius];
    return { lower: this.below(tape, centre, radii), upper: this.#end(tape, centre, radii, 1) };
  }

  /** At most the centre less all of at most three radii. */
  below(tape: Tape, centre: Variable, radii: readonly Variable[]): Variable {
    return this.#end(tape, centre, radii, -1);
  }

  #end(tape: Tape, centre: Variable, radii: readonly Variable[], sign: 1 | -1): Variable {
    const { roundoff, underflow } = this.own;
    const terms: Terms = [
      { weight: 1, x: centre },
      ...radii.map((x) => ({ weight: sign * (1 + 16 * roundoff), x })),
      { weight: sign * 8 * roundoff, x: centre, absolute: true },
    ];
    return weightedSum(tape, terms, sign * 4 * underflow);
  }

  /** Norms along so many columns, at least what they were computed from: sums, and squares that underflow. */
  ofColumns(tape: Tape, norms: Variable, columns: number): Variable {
    const floor = 4 * Math.sqrt((columns + 1) * this.own.underflow);
    return scaleBy(tape, norms, this.growth(columns), floor);
  }

  /**
   * What projections R may be off by that noise was added to: R was computed out of d ⊙ R′ (`pushed`), whose error is
   * `passed`, and ρ ⊙ C; random numbers are taken for those that their generator means, to this many digits.
   */
  ofNoise(tape: Tape, projections: Variable, pushed?: Variable, passed?: Variable): Variable {
    const size = apply(tape, { kind: "abs" }, projections);
    const both = pushed ? add(tape, size, apply(tape, { kind: "abs" }, pushed)) : size;
    const error = scaleBy(tape, both, NOISE * this.own.roundoff, 8 * this.own.underflow);
    return passed ? add(tape, error, apply(tape, { kind: "abs" }, passed)) : error;
  }

  /** Error and rounding of projections that go through a layer, to be taken through its magnitudes. */
  ofProjections(
    tape: Tape,
    layer: AffineDual | ParallelDual,
    projections: Variable,
    error: Variable,
  ): Variable {
    const unknown = projections.value.features + UNKNOWN;
    const alone = layer.coupling === "diagonal" ? 1 : unknown;
    const terms = layer.kind === "affine" ? (layer.roundings?.forward ?? unknown) : alone;
    const size = apply(tape, { kind: "abs" }, projections);
    const share = this.gamma(terms + 4);
    return scaleBy(
      tape,
      combine(tape, share, size, 1, error),
      1 + SLACK,
      4 * (this.longest + 8) * this.own.underflow,
    );
  }

  /** A sum of magnitudes, not below it for having been rounded, with what underflows in all columns that go along. */
  ofSum(tape: Tape, x: Variable): Variable {
    return scaleBy(tape, x, 1 + SLACK, 4 * (this.longest + 8) * this.#all * this.own.underflow);
  }

  /** A mean that logarithms and exponentials were taken for, or squares, which underflow. */
  ofEstimate(tape: Tape, estimate: Variable): Variable {
    return scaleBy(tape, estimate, 1 + 2 ** 10 * this.own.roundoff, 4 * Math.sqrt(this.own.underflow));
  }

  /** What a difference of numbers may be off by whose magnitudes add up to this. */
  share(tape: Tape, size: Variable): Variable {
    return scaleBy(tape, size, 8 * this.own.roundoff, 8 * this.own.underflow);
  }

  /** A radius with rounding taken in. */
  merged(tape: Tape, radius: Variable, error: Variable): Variable {
    return combine(tape, 1 + 8 * this.own.roundoff, radius, 1, error);
  }

  /** x made larger by its last roundings. */
  up(tape: Tape, x: Variable, factor = 4): Variable {
    return this.#moved(tape, x, factor);
  }

  /** x made smaller by its last roundings, `factor` of them. */
  down(tape: Tape, x: Variable, factor = 4): Variable {
    return this.#moved(tape, x, -factor);
  }

  #moved(tape: Tape, x: Variable, factor: number): Variable {
    const terms = [
      { weight: 1, x },
      { weight: factor * this.own.roundoff, x, absolute: true },
    ];
    return weightedSum(tape, terms, Math.sign(factor) * 4 * this.own.underflow);
  }

  /**
   * What cᵀz may be off by at a node with this box: e there, and the rounding of sums of so many terms. `[n, examples]`, to
   * be weighed with |c|.
   */
  ofObjective(tape: Tape, gathered: Gathered, terms: number): Variable {
    return weightedSum(tape, sharesOf(gathered, this.gamma(terms + 8), 1 + SLACK), 8 * this.own.underflow);
  }

  /** The floor of √Σ(w r)² in place of what squares lose that underflow, r being at most `most`, or as small as this. */
  ofSquares(features: number, most: number): { readonly floor: number; readonly least: number } {
    const least = Math.sqrt(this.own.underflow) * 2 ** 14;
    return { floor: Math.sqrt(features) * least * (2 + most), least };
  }

  /** Small, but a normal number: with others processors are slower. */
  protected get normal(): number {
    return (64 * this.own.underflow) / this.own.roundoff;
  }

  /** γ of so many roundings. */
  protected gamma(roundings: number): number {
    return accumulated(roundings, this.own);
  }
}

/** Terms of so many times the error and this share of the size. */
export function sharesOf({ size, error }: Gathered, share: number, times: number): Terms {
  const isError = (x: Variable): boolean => x === error;
  const own = size.map(({ weight, ...term }) => ({
    ...term,
    weight: (weight * share + (isError(term.x) ? 1 : 0)) * times,
  }));
  return !error || size.some(({ x }) => isError(x)) ? own : [...own, { weight: times, x: error }];
}
