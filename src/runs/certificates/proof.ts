import type { SplitPlace, SplitSides } from "../../verify/proof.js";

/** Slopes of an activation's lines, one for each listed neuron; `adaptive`: what leaves the smaller area below a kink at 0. */
export interface LineSlopes {
  /** Of lower lines; absent: the chord's. */
  readonly lower?: ArrayLike<number> | "adaptive";
  /** Of upper lines; absent: the chord's. */
  readonly upper?: ArrayLike<number>;
}

/** Rows for the inputs of an activation's listed neurons. */
export interface ProofRows {
  /**
   * Lower slopes for each row alone: for every listed neuron in turn, first of the row that bounds its input from below, then of
   * that from above, one slope for each listed neuron of all activations before it, in the network's order.
   */
  readonly slopes?: ArrayLike<number>;
}

/** How bounds are found; activations by the numbers of their nodes. */
export interface ProofPlan {
  readonly rows: ReadonlyMap<number, ProofRows>;
  /** Of the lines that all rows from here on go through. */
  readonly slopes: ReadonlyMap<number, LineSlopes>;
}

/** What all parts of a tree have. */
interface PlannedPart {
  /** By which its bounds are found anew, within those of the part that it is of; absent: they are cut, and go on by intervals. */
  readonly plan?: ProofPlan;
}

/** A part of the region that bounds prove. */
export interface ProofLeaf extends PlannedPart {
  readonly kind: "leaf";
  /** Weights of the case's rows, at least 0; all 0 where the decisions contradict one another. Absent: the best row alone. */
  readonly shares?: ArrayLike<number>;
  /** At least 0, one for each decision on the way, in their order. Absent: all 0. */
  readonly multipliers?: ArrayLike<number>;
  /** Other slopes for its row alone. */
  readonly slopes?: ReadonlyMap<number, LineSlopes>;
}

/** A decision and its sides. */
export type ProofSplit = PlannedPart & SplitPlace & SplitSides<ProofTree>;

/** How a region is taken apart, and every part proved. */
export type ProofTree = ProofLeaf | ProofSplit;
