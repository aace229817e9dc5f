import type { Shape } from "../shape.js";

/**
 * Takes terms wᵢⱼ xⱼ of one weight: of `count` outputs i, the first of them `output` and each `outputStep` behind the last, with
 * features j likewise. Features of several inputs are counted one behind the other.
 */
export type TakeTerms = (
  weight: number,
  count: number,
  output: number,
  outputStep: number,
  feature: number,
  featureStep: number,
) => void;

/** An affine layer as the sums that running it takes: zᵢ = Σⱼ wᵢⱼ xⱼ + bᵢ. */
export interface Sums {
  /** All terms, each once. */
  each(take: TakeTerms): void;
  /** bᵢ; 0 where it is left out. */
  offset?(output: number): number;
  /** The magnitudes that meet in bᵢ, where it is computed and they may cancel; |bᵢ| where it is left out. */
  offsetSize?(output: number): number;
  /**
   * How many roundings a term may see beside those of the additions, by any of the usual formulas: of its weight, of the
   * product. 0 where numbers are added as they are, or moved.
   */
  readonly roundings: number;
  /** One term an output at most: the layer may be folded into the sums before it. */
  readonly diagonal: boolean;
}

/** What a layer's sums are made of. */
export interface SumsContext {
  readonly inputShapes: readonly Shape[];
  readonly outputShape: Shape;
  /** A parameter of the layer by its name within the layer, row-major. */
  parameter(name: string): ArrayLike<number>;
}

/** A weight that is rounded to the evaluation's numbers, and the product. */
export const WEIGHT_AND_PRODUCT = 2;

/**
 * A scale that is computed, by at most five roundings, its product, a shift that is computed as well; or the same folded into
 * the weights before.
 */
export const COMPUTED_SCALE = 10;

/** Every output is an input feature, or the constant where its source is −1. */
export function moved(sources: ArrayLike<number>, constant = 0): Sums {
  return {
    each(take) {
      for (let i = 0; i < sources.length; i++) if (sources[i] >= 0) take(1, 1, i, 1, sources[i], 1);
    },
    offset: (output) => (sources[output] < 0 ? constant : 0),
    // Only a constant can be rounded; where single precision has it, every evaluation does.
    roundings: Math.fround(constant) === constant ? 0 : 1,
    diagonal: true,
  };
}

/** The features of all inputs one behind the other, as they are. */
export function unmoved(size: number): Sums {
  return { each: (take) => take(1, size, 0, 1, 0, 1), roundings: 0, diagonal: true };
}
