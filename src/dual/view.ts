import type { Tape, Variable } from "../autodiff/index.js";
import type { BackwardStep } from "../compute/backend.js";
import type { Owners } from "../compute/owners.js";
import { boundLayer, type DualGraph } from "./dual-graph.js";
import type { BackStep, Want } from "./dual-layer.js";
import type { Seen } from "./patch.js";

/** Columns as lines of a matrix, so that they need not be made first. */
export interface Lines {
  readonly matrix: Variable;
  readonly index: Int32Array;
}

/**
 * How rows ν see the nodes that they pass on their way back: whole (`wholeRows`), or through a window each
 * (`rowsThroughPatches`). The walk itself (`propagateBack`) is the same for all views: it hands ν from node to node and never
 * looks into it.
 */
export interface View {
  /** ν at a node's input for unit vectors of the node's features `index`; undefined where its layer has no such short cut. */
  units(tape: Tape, node: number, index: Int32Array): Variable | undefined;
  /** The same as lines of a matrix; undefined where there is none. */
  lines(node: number, index: Int32Array): Lines | undefined;
  /** A step of equation 8: ν through the layer at a node to each of its inputs. */
  back(tape: Tape, node: number, nu: Variable, want: Want): BackStep;
  /** The same through a layer that has a `step`, as steps that keep no record; none where ν passes as it is. */
  steps(tape: Tape, node: number): readonly BackwardStep[];
  /** What rows see of the ball's centre or radius, `[features, examples]`. */
  atInput(tape: Tape, coefficients: Variable): Seen;
}

/** Rows that see all of every node, each of its owner's example. */
export function wholeRows(graph: DualGraph, owners: Owners): View {
  const affineAt = (node: number) => {
    const layer = graph.layers[node];
    return layer?.kind === "affine" ? layer : undefined;
  };
  return {
    units: (tape, node, index) => affineAt(node)?.select?.(tape, index),
    lines(node, index) {
      const matrix = affineAt(node)?.lines;
      return matrix && { matrix, index };
    },
    back: (tape, node, nu, want) => boundLayer(graph, node).back(tape, nu, owners, want),
    steps: (_tape, node) => [boundLayer(graph, node).step?.(owners) ?? []].flat(),
    atInput: (_tape, values) => ({ values, owners }),
  };
}
