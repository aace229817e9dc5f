import {
  dot,
  gather,
  reshape,
  scatterAdd,
  select,
  subtract,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import { OWN, type Owners, repeatOwners } from "../compute/owners.js";
import { ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { type DualGraph, propagateBack } from "./backward.js";
import type { Ball } from "./ball.js";
import type { BoxState } from "./box.js";
import type { Bounds } from "./dual-layer.js";
import { type Stream, streamRadius } from "./generators.js";
import type { LayerReport } from "./planner.js";

/**
 * `parallel` is the paper's bound. `adaptive` takes lines of two slopes (the lower by the larger area) and intersects
 * every bound with interval arithmetic.
 */
export type BoundMethod = "parallel" | "adaptive";
export const BOUND_METHODS: readonly BoundMethod[] = ["parallel", "adaptive"];

export interface DualOptions {
  /** Default `parallel`. */
  readonly method?: BoundMethod;
  /** `backward` (default) bounds open neurons one by one; `forward` pushes all generators (`parallel` only). */
  readonly direction?: "backward" | "forward";
  /** Bound every neuron, also those whose lines the cheap box has fixed already. For inspection and tests. */
  readonly complete?: boolean;
  /** Told of every activation as it is bounded. The work is then timed, and waits for itself more often. */
  readonly onLayer?: (report: LayerReport) => void;
  /** Bytes that the rows being bounded at once may take; more rows are taken in pieces. Default 64 MiB. */
  readonly pieceBytes?: number;
}

/** A node on the way forward: its box and, in the forward direction, its generators. */
export interface NodeState extends BoxState {
  readonly streams: readonly Stream[];
}

/**
 * The dual network of any feed-forward graph over a ball, built layer by layer (Theorem 1, Algorithm 1 without
 * projections). Bounds are exact in the paper's sense: no estimate enters.
 */
export class DualNetwork {
  /** Pre-activation bounds by node: the bounds of the input of each activation, `[n, examples]`. */
  readonly preActivation: ReadonlyMap<number, Bounds>;
  /** How many neurons needed a backward row, by node, all examples together. */
  readonly openCounts: ReadonlyMap<number, number>;
  readonly network: Network;
  readonly ball: Ball;
  readonly method: BoundMethod;
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #output: NodeState;
  readonly #forward: boolean;

  constructor(parts: {
    tape: Tape;
    graph: DualGraph;
    ball: Ball;
    method: BoundMethod;
    output: NodeState;
    forward: boolean;
    preActivation: ReadonlyMap<number, Bounds>;
    openCounts: ReadonlyMap<number, number>;
  }) {
    this.#tape = parts.tape;
    this.#graph = parts.graph;
    this.#output = parts.output;
    this.#forward = parts.forward;
    this.network = parts.graph.network;
    this.ball = parts.ball;
    this.method = parts.method;
    this.preActivation = parts.preActivation;
    this.openCounts = parts.openCounts;
  }

  /** J: a lower bound of cᵀf(z) over each row's ball: c `[classes, R]` → `[1, R]`. Always by the backward direction. */
  lowerBound(c: Variable, owners: Owners): Variable {
    const tape = this.#tape;
    const start = { node: this.network.output, nu: c };
    if (this.method === "parallel") {
      const { radius } = propagateBack(tape, this.#graph, start, owners, { centre: false });
      return subtract(tape, dot(tape, c, this.#output.centre, owners), radius);
    }
    const { centre, radius } = propagateBack(tape, this.#graph, start, owners, { centre: true });
    return subtract(tape, centre as Variable, radius);
  }

  /** Lower bounds of z_label − z_j for every class j, 0 at the label: `[classes, examples]`. */
  margins(labels: Int32Array): Variable {
    const { classes } = this.network;
    const { examples } = this.ball;
    checkLabels(labels, classes, examples);
    if (this.#forward) return this.#forwardMargins(labels);
    const tape = this.#tape;
    // One row for every class but the label, whose margin is 0; `place` is where its bound belongs.
    const rows = examples * (classes - 1);
    const c = new Float64Array(classes * rows);
    const place = new Int32Array(rows);
    let row = 0;
    labels.forEach((label, b) => {
      for (let j = 0; j < classes; j++) {
        if (j === label) continue;
        c[label * rows + row] = 1;
        c[j * rows + row] = -1;
        place[row] = j * examples + b;
        row += 1;
      }
    });
    const objective = tape.own(tape.backend.upload(classes, rows, c));
    const lower = this.lowerBound(objective, repeatOwners(classes - 1));
    const placed = scatterAdd(tape, reshape(tape, lower, rows, 1), place, classes * examples);
    return reshape(tape, placed, classes, examples);
  }

  #forwardMargins(labels: Int32Array): Variable {
    const tape = this.#tape;
    const { examples } = this.ball;
    const { classes } = this.network;
    const labelIndex = tape.own(tape.backend.upload(1, examples, labels)).value;
    const everyClass = new Int32Array(classes);
    const against = (x: Variable, owners: Owners): Variable =>
      subtract(tape, gather(tape, select(tape, x, labelIndex, owners, 0), everyClass), x);
    const streams = this.#output.streams.map((stream) => ({
      ...stream,
      generators: against(stream.generators, stream.owners),
    }));
    const radius = streamRadius(tape, streams, classes, examples);
    return subtract(tape, against(this.#output.centre, OWN), radius);
  }
}

function checkLabels(labels: Int32Array, classes: number, examples: number): void {
  if (classes < 2)
    throw new UsageError(`margins: a classifier has two outputs or more, this network has ${classes}`);
  if (labels.length !== examples) throw new ShapeError(`labels: expected ${examples}, got ${labels.length}`);
  const bad = labels.findIndex((label) => label < 0 || label >= classes);
  if (bad >= 0)
    throw new UsageError(`labels: label ${labels[bad]} of example ${bad} is not among ${classes} classes`);
}
