import {
  add,
  dot,
  gather,
  reshape,
  scaleShift,
  scatterAdd,
  select,
  subtract,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { OWN, type Owners, repeatOwners, SHARED } from "../compute/owners.js";
import { ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { formatShape, sizeOf } from "../network/shape.js";
import type { Bindings } from "../network/weights.js";
import { type DualGraph, propagateBack } from "./backward.js";
import type { Ball } from "./ball.js";
import { affineRadius, type BoxState, boundsOf, boxOf, precisionAfter } from "./box.js";
import type { AffineDual, BoundLayer, Bounds, EnclosedDual } from "./dual-layer.js";
import { freshStream, pushStreams, type Stream, streamRadius } from "./generators.js";
import { ruleOf } from "./layers/index.js";
import { openNeurons, refineAdaptive, refineParallel } from "./open-neurons.js";

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
  /** Bytes that the rows being bounded at once may take; more rows are taken in pieces. Default 64 MiB. */
  readonly pieceBytes?: number;
}

/** A node on the way forward: its box and, in the forward direction, its generators. */
interface NodeState extends BoxState {
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

/**
 * Builds the dual network of `network` over `ball`.
 *
 * One pass forward: affine layers act on a centre and a box; at each activation the box decides most neurons, the
 * rest are bounded exactly, then the activation is enclosed. Throws `UsageError` for options that do not go together.
 */
export function buildDual(
  tape: Tape,
  network: Network,
  bindings: Bindings,
  ball: Ball,
  options: DualOptions = {},
): DualNetwork {
  return new DualBuilder(tape, network, bindings, ball, options).build();
}

const DEFAULT_PIECE_BYTES = 64 * 2 ** 20;

/** Flags the inputs whose bounds can still change an activation's lines. */
type OpenTest = (lower: FloatArray, upper: FloatArray) => Uint8Array;

class DualBuilder {
  readonly #tape: Tape;
  readonly #network: Network;
  readonly #bindings: Bindings;
  readonly #ball: Ball;
  readonly #method: BoundMethod;
  readonly #forward: boolean;
  readonly #complete: boolean;
  readonly #pieceBytes: number;
  readonly #graph: DualGraph & { readonly layers: (BoundLayer | undefined)[] };
  readonly #states: NodeState[] = [];
  readonly #preActivation = new Map<number, Bounds>();
  readonly #openCounts = new Map<number, number>();

  constructor(tape: Tape, network: Network, bindings: Bindings, ball: Ball, options: DualOptions) {
    if (ball.centre.features !== sizeOf(network.inputShape)) {
      throw new ShapeError(
        `ball: expected ${formatShape(network.inputShape)} = ${sizeOf(network.inputShape)} features, ` +
          `got ${ball.centre.features}`,
      );
    }
    this.#tape = tape;
    this.#network = network;
    this.#bindings = bindings;
    this.#ball = ball;
    this.#method = options.method ?? "parallel";
    this.#forward = options.direction === "forward";
    this.#complete = options.complete ?? false;
    if (this.#forward && this.#method !== "parallel") {
      throw new UsageError(
        `direction forward needs parallel lines; the ${this.#method} bound has a backward one only`,
      );
    }
    this.#pieceBytes = options.pieceBytes ?? DEFAULT_PIECE_BYTES;
    this.#graph = {
      network,
      layers: network.nodes.map(() => undefined),
      ballCentre: tape.constant(ball.centre),
      ballRadius: tape.constant(ball.radius),
      dualOrder: ball.dualOrder,
    };
  }

  build(): DualNetwork {
    const { ballCentre: centre, ballRadius: radius, dualOrder } = this.#graph;
    const streams = this.#forward ? [freshStream(this.#tape, 0, radius, dualOrder)] : [];
    this.#states[0] = { centre, radius, precision: "independent", streams };
    for (let node = 1; node <= this.#network.output; node++) this.#bindNode(node);
    return new DualNetwork({
      tape: this.#tape,
      graph: this.#graph,
      ball: this.#ball,
      method: this.#method,
      output: this.#states[this.#network.output],
      forward: this.#forward,
      preActivation: this.#preActivation,
      openCounts: this.#openCounts,
    });
  }

  #bindNode(node: number): void {
    const { layer } = this.#network.nodes[node];
    if (layer === null) return;
    const context = this.#network.context(node, this.#bindings);
    const rule = ruleOf(layer);
    if (rule.form === "affine") {
      const bound = rule.bind(this.#tape, layer, context);
      this.#graph.layers[node] = bound;
      this.#states[node] = this.#affineState(node, bound);
      return;
    }
    const [input] = this.#network.nodes[node].inputs;
    const { state, bounds } = this.#refined(input, (lower, upper) =>
      rule.open(layer, context, lower, upper, this.#ball.examples),
    );
    this.#preActivation.set(input, bounds);
    const bound =
      this.#method === "parallel"
        ? rule.parallel(this.#tape, layer, context, bounds)
        : rule.adaptive(this.#tape, layer, context, bounds);
    this.#graph.layers[node] = bound;
    this.#states[node] = this.#enclosedState(node, bound, state, () =>
      rule.interval(this.#tape, layer, context, bounds),
    );
  }

  #affineState(node: number, layer: AffineDual): NodeState {
    const tape = this.#tape;
    const inputs = this.#network.nodes[node].inputs.map((i) => this.#states[i]);
    const pushed = layer.push(
      tape,
      inputs.map(({ centre }) => centre),
      OWN,
    );
    const centre = layer.offset ? scaleShift(tape, pushed, undefined, layer.offset, SHARED) : pushed;
    const { norm } = this.#ball.spec;
    const precision = precisionAfter(layer, inputs, norm);
    // A loose radius only decides which neurons are open; in the paper's bound no gradient passes through it.
    const fixed = precision === "loose" && this.#method === "parallel";
    const radius = fixed
      ? tape.aside((aside) => affineRadius(aside, layer, inputs, norm).radius)
      : affineRadius(tape, layer, inputs, norm).radius;
    return { centre, radius, precision, streams: this.#push(node, layer, inputs) };
  }

  #enclosedState(node: number, layer: EnclosedDual, input: NodeState, interval: () => Bounds): NodeState {
    const tape = this.#tape;
    const precision = input.precision === "loose" ? "loose" : "exact";
    if (this.#method === "adaptive") return { ...boxOf(tape, interval()), precision, streams: [] };
    if (layer.kind !== "parallel") throw new Error("the parallel bound takes parallel lines only");
    const streams = this.#push(node, layer, [input]);
    if (this.#forward) streams.push(freshStream(tape, node, layer.radius, 1));
    return {
      centre: add(tape, layer.push(tape, [input.centre], OWN), layer.shift),
      radius: add(tape, layer.absolute(tape, input.radius), layer.radius),
      precision,
      streams,
    };
  }

  #push(node: number, layer: Parameters<typeof pushStreams>[1], inputs: readonly NodeState[]): Stream[] {
    if (!this.#forward) return [];
    const features = this.#network.nodes[node].inputs.map((i) => sizeOf(this.#network.nodes[i].shape));
    return pushStreams(
      this.#tape,
      layer,
      inputs.map(({ streams }) => streams),
      features,
    );
  }

  /** The bounds of a node's value, exact wherever that can still change the lines of the activation after it. */
  #refined(node: number, isOpen: OpenTest): { readonly state: NodeState; readonly bounds: Bounds } {
    const tape = this.#tape;
    const state = this.#states[node];
    const { examples } = this.#ball;
    if (this.#forward) {
      const features = sizeOf(this.#network.nodes[node].shape);
      const exact: NodeState = {
        ...state,
        radius: streamRadius(tape, state.streams, features, examples),
        precision: "exact",
      };
      return { state: exact, bounds: boundsOf(tape, exact) };
    }
    const loose = boundsOf(tape, state);
    if (state.precision !== "loose") return { state, bounds: loose };
    const open = openNeurons(loose.lower.value.features, examples, this.#openFlags(isOpen, loose));
    this.#openCounts.set(node, open.index.length);
    if (open.index.length === 0) return { state, bounds: loose };
    if (this.#method === "adaptive") {
      return { state, bounds: refineAdaptive(tape, this.#graph, node, state, open, this.#pieceBytes) };
    }
    const refined = { ...state, ...refineParallel(tape, this.#graph, node, state, open, this.#pieceBytes) };
    const complete = open.index.length === loose.lower.value.features * examples;
    return {
      state: { ...refined, precision: complete ? "exact" : "loose" },
      bounds: boundsOf(tape, refined),
    };
  }

  /** Null where all neurons are to be bounded: on request, or where the backend cannot look at its own results. */
  #openFlags(isOpen: OpenTest, { lower, upper }: Bounds): Uint8Array | null {
    const { readNow } = this.#tape.backend;
    if (this.#complete || !readNow) return null;
    return isOpen(readNow(lower.value), readNow(upper.value));
  }
}
