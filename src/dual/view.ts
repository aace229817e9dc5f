import type { Tape, Variable } from "../autodiff/index.js";
import type { BackwardStep } from "../compute/backend.js";
import type { Owners } from "../compute/owners.js";
import { boundLayer, type DualGraph } from "./dual-graph.js";
import type { BackStep, FeaturePart, Want } from "./dual-layer.js";
import type { Seen } from "./patch.js";

/** Whether rows are at a node's value, or have passed its layer already. */
interface RowsAt {
  readonly at: "value" | "input";
}

/** Rows that start as unit vectors. */
export interface Units extends RowsAt {
  readonly nu: Variable;
}

/** The same as lines of a matrix, so that they need not be made first. */
export interface Lines extends RowsAt {
  readonly matrix: Variable;
  readonly index: Int32Array;
}

/**
 * How rows ν see the nodes that they pass on their way back: whole (`wholeRows`), or through a window each
 * (`rowsThroughPatches`). The walk itself (`propagateBack`) is the same for all views: it hands ν from node to node and never
 * looks into it.
 */
export interface View {
  /** Unit vectors of a node's features `index`; undefined where there is no short cut to them. */
  units(tape: Tape, node: number, index: Int32Array): Units | undefined;
  /** The same as lines of a matrix; undefined where there is none. */
  lines(tape: Tape, node: number, index: Int32Array): Lines | undefined;
  /** A step of equation 8: ν through the layer at a node to each of its inputs. */
  back(tape: Tape, node: number, nu: Variable, want: Want): BackStep;
  /** Whether the layer at a node can be passed by steps that keep no record. */
  hasSteps(node: number): boolean;
  /** ν through such a layer of one input, or to where the inputs of one meet. */
  steps(tape: Tape, node: number, want: Want): readonly BackwardStep[];
  /** Of ν after these steps, what each of the node's inputs gets. */
  parts(node: number): readonly FeaturePart[];
  /** What rows see of the ball's centre or radius, `[features, examples]`. */
  atInput(tape: Tape, coefficients: Variable): Seen;
  /** The same for steps that keep no record, which read it where it is. */
  readAtInput(coefficients: Variable): Seen;
}

/** Rows that see all of every node, each of its owner's example. */
export function wholeRows(graph: DualGraph, owners: Owners): View {
  const affineAt = (node: number) => {
    const layer = graph.layers[node];
    return layer?.kind === "affine" ? layer : undefined;
  };
  const partsOf = (node: number): readonly FeaturePart[] | undefined => {
    const layer = affineAt(node);
    return layer?.parts?.();
  };
  return {
    units(tape, node, index) {
      const nu = affineAt(node)?.select?.(tape, index);
      return nu && { nu, at: "input" };
    },
    lines(_tape, node, index) {
      const matrix = affineAt(node)?.lines;
      return matrix && { matrix, index, at: "input" };
    },
    back: (tape, node, nu, want) => boundLayer(graph, node).back(tape, nu, owners, want),
    hasSteps: (node) => hasSteps(graph, node),
    steps: (_tape, node, want) => boundLayer(graph, node).steps?.(owners, want) ?? [],
    parts: (node) => partsOf(node) ?? graph.network.nodes[node].inputs.map(() => null),
    atInput: (_tape, values) => ({ values, owners }),
    readAtInput: (values) => ({ values, owners }),
  };
}

/** Whether whole rows can pass the layer at a node by steps that keep no record. */
export function hasSteps({ layers }: DualGraph, node: number): boolean {
  const layer = layers[node];
  return layer?.steps !== undefined || (layer?.kind === "affine" && layer.parts !== undefined);
}
