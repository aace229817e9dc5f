import type { Tape } from "../../autodiff/index.js";
import type { BoxState } from "../box.js";
import type { DualGraph } from "../dual-graph.js";
import type { Bounds, EnclosedDual } from "../dual-layer.js";
import type { Unsettled } from "../neuron-lists.js";
import type { PieceLimits } from "../pieces.js";

/**
 * How neurons of a node are bounded: `box` by the box alone, which decides them all; `patches` and `backward` row by row,
 * each row cropped to what its neuron sees, or whole; `forward` all at once, by generators from the input; `sketch` all at
 * once, estimated by random projections.
 */
export type Way = "box" | "patches" | "backward" | "forward" | "sketch";

/** A node whose bounds are to be settled, before its neurons are looked at. All layers at and below it are bound. */
export interface NodeToBound extends PieceLimits {
  readonly tape: Tape;
  readonly graph: DualGraph;
  readonly node: number;
  readonly examples: number;
  /** The box. Its radius may be made when it is first asked for. */
  readonly box: BoxState;
  /** The box's bounds. */
  readonly loose: Bounds;
  /** What encloses the activations below. */
  readonly lines: EnclosedDual["kind"];
  /** Nodes that were bounded before, and how many of their neurons may have a radius other than 0. */
  readonly bounded: ReadonlyMap<number, number>;
}

/** The node's neurons by what the box leaves to settle. */
export interface Neurons extends Unsettled {
  /** Whether active neurons are to have a row of their own, too. */
  readonly tightening: boolean;
}

/** What a way takes, all examples together. */
export interface Cost {
  /** Rows or generators. */
  readonly rows: number;
  readonly multiplyAdds: number;
}

/** The box that counts from here on, and the bounds that the activation is enclosed over. */
export interface Settled {
  readonly box: BoxState;
  readonly bounds: Bounds;
}

/**
 * One way of bounding the neurons of a node. All give the same bounds, so that the price alone decides; `sketch` gives
 * estimates of them.
 */
export interface Bounder {
  readonly way: Way;
  /**
   * What it takes where it bounds a node whatever the others ask, so that the neurons are not looked at; null elsewhere.
   * Absent where it never does.
   */
  claim?(node: NodeToBound): Cost | null;
  /** What it takes; null where it does not apply. */
  cost(node: NodeToBound, neurons: Neurons): Cost | null;
  /** Bounds the neurons. A node that was claimed comes with none. Throws the signal's reason where that aborts. */
  bound(node: NodeToBound, neurons: Neurons): Settled | Promise<Settled>;
}

/** How many rows neurons take that are bounded one by one. */
export function rowsOf({ unstable, active, tightening }: Neurons): number {
  return unstable.index.length + (tightening ? active.index.length : 0);
}
