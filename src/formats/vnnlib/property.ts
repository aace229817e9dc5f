/** Σ coefficient·Y_output ≤ bound, or < bound if strict. */
export interface OutputConstraint {
  readonly terms: readonly { readonly output: number; readonly coefficient: number }[];
  readonly bound: number;
  readonly strict: boolean;
}

/**
 * lower ≤ X ≤ upper, both finite, one entry per input. A box is closed even where the file says < or >: it then holds
 * more points than the file asks for, so a proof that it has no counterexample stays sound, while a counterexample
 * on the very boundary of the box may be none of the file's.
 */
export interface InputBox {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * One disjunct of a property's disjunctive normal form: its counterexamples are the inputs of the box whose outputs
 * meet every constraint, or all inputs of the box if there is no constraint.
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
}
