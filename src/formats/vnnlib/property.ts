/**
 * Σ coefficient·Y_output + Σ coefficient·X_input ≤ bound, or < bound if strict. Without outputs it is a relation of inputs alone.
 */
export interface OutputConstraint {
  readonly terms: readonly { readonly output: number; readonly coefficient: number }[];
  /** Absent where no input takes part. */
  readonly inputs?: readonly InputTerm[];
  readonly bound: number;
  readonly strict: boolean;
}

/** coefficient·X_input. */
export interface InputTerm {
  readonly input: number;
  readonly coefficient: number;
}

/**
 * lower ≤ X ≤ upper, both finite, one entry per input; < where a bound is strict. A bound that lies between two numbers
 * which doubles can stand for is the outer of the two, and strict.
 */
export interface InputBox {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Whether inputs are above their lower bound, one entry per input; absent where none has to be. */
  readonly lowerStrict?: readonly boolean[];
  /** Whether inputs are below their upper bound; absent where none has to be. */
  readonly upperStrict?: readonly boolean[];
}

/**
 * One disjunct of a property's disjunctive normal form: its counterexamples are the inputs of the box that meet every
 * constraint with their outputs, or all inputs of the box if there is no constraint. A box without points has none.
 */
export interface PropertyCase {
  readonly box: InputBox;
  readonly constraints: readonly OutputConstraint[];
}

/**
 * A VNN-LIB property. It holds if no case has a counterexample. Cases may share a box, and constraints, as objects.
 */
export interface Property {
  /** How many there are, X_0 and on. */
  readonly inputs: number;
  /** How many there are, Y_0 and on. */
  readonly outputs: number;
  readonly cases: readonly PropertyCase[];
  /**
   * Whether bounds of inputs, and relations of inputs alone, are the shortest decimals of their doubles, as in a file: 0.1 is
   * then a tenth, which lies half a unit in the last place away from any double at most. Else they are the doubles themselves.
   */
  readonly decimal?: boolean;
}
