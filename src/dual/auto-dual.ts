import { add, minimum, scaleShift, type Tape, type Variable } from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { OWN, SHARED } from "../compute/owners.js";
import { ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { formatShape, sizeOf } from "../network/shape.js";
import type { Bindings } from "../network/weights.js";
import type { Ball } from "../threat/ball.js";
import type { DualGraph } from "./backward.js";
import { affineRadius, boundsOf, boxOf, lazyBox, precisionAfter } from "./box.js";
import {
  type AffineDual,
  type BoundLayer,
  type Bounds,
  type EnclosedDual,
  NeuronState,
} from "./dual-layer.js";
import {
  type BoundMethod,
  DualNetwork,
  type DualOptions,
  type LastBox,
  type NodeState,
} from "./dual-network.js";
import type { Estimator } from "./estimator.js";
import { forwardRadius } from "./forward-radius.js";
import { freshStream, pushStreams, type Stream, streamRadius } from "./generators.js";
import { ruleOf } from "./layers/index.js";
import { refineAdaptive, refineParallel, unsettled } from "./open-neurons.js";
import {
  type LayerReport,
  type NodeDemand,
  type NodePlan,
  planNode,
  planSketch,
  type SketchDemand,
} from "./planner.js";
import { Sketcher } from "./sketch.js";

/**
 * Builds the dual network of `network` over `ball` (Theorem 1, Algorithm 1).
 *
 * One pass forward: affine layers act on a centre and a box; at each activation the box decides most neurons, the
 * rest are bounded exactly, then the activation is enclosed. It waits for the backend wherever it looks at a box.
 * Throws `UsageError` for options that do not go together, `ShapeError` for a ball of another size than the input.
 */
export async function buildDual(
  tape: Tape,
  network: Network,
  bindings: Bindings,
  ball: Ball,
  options: DualOptions = {},
): Promise<DualNetwork> {
  return new DualBuilder(tape, network, bindings, ball, options).build();
}

const DEFAULT_PIECE_BYTES = 64 * 2 ** 20;

/** What loose bounds leave to be settled, as an activation's rule says. */
type StateTest = (lower: FloatArray, upper: FloatArray) => Uint8Array;

class DualBuilder {
  readonly #tape: Tape;
  readonly #network: Network;
  readonly #bindings: Bindings;
  readonly #ball: Ball;
  readonly #method: BoundMethod;
  readonly #forward: boolean;
  readonly #complete: boolean;
  readonly #pieceBytes: number;
  readonly #onLayer: DualOptions["onLayer"];
  readonly #graph: DualGraph & { readonly layers: (BoundLayer | undefined)[] };
  readonly #states: NodeState[] = [];
  readonly #preActivation = new Map<number, Bounds>();
  readonly #openCounts = new Map<number, number>();
  readonly #plans = new Map<number, NodePlan>();
  readonly #estimator: Estimator | null;
  readonly #sketcher: Sketcher | null;

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
    this.#onLayer = options.onLayer;
    this.#graph = {
      network,
      layers: network.nodes.map(() => undefined),
      ballCentre: tape.constant(ball.centre),
      ballRadius: tape.constant(ball.radius),
      dualOrder: ball.dualOrder,
    };
    this.#estimator = options.estimator ?? null;
    if (this.#estimator && (this.#forward || this.#method !== "parallel")) {
      throw new UsageError(
        "projections: expected the parallel bound, backward; no other has radii that are estimated",
      );
    }
    this.#sketcher = this.#estimator ? new Sketcher(tape, this.#graph, this.#estimator) : null;
  }

  async build(): Promise<DualNetwork> {
    const { ballCentre: centre, ballRadius: radius, dualOrder } = this.#graph;
    const streams = this.#forward ? [await freshStream(this.#tape, 0, radius, dualOrder)] : [];
    this.#states[0] = { centre, radius, precision: "independent", streams };
    const { backend } = this.#tape;
    let before = this.#onLayer ? await backend.finish() : 0;
    for (let node = 1; node <= this.#network.output; node++) {
      await this.#bindNode(node);
      if (!this.#onLayer || this.#graph.layers[node]?.kind === "affine") continue;
      const now = await backend.finish();
      this.#onLayer(this.#reportOf(node, now - before));
      before = now;
    }
    return new DualNetwork({
      tape: this.#tape,
      graph: this.#graph,
      ball: this.#ball,
      method: this.#method,
      output: this.#states[this.#network.output],
      forward: this.#forward,
      lastBox: this.#lastBox(),
      preActivation: this.#preActivation,
      openCounts: this.#openCounts,
      estimated: [...this.#plans].filter(([, { way }]) => way === "sketch").map(([node]) => node),
      estimator: this.#estimator,
    });
  }

  #lastBox(): LastBox | null {
    const node = this.#graph.layers.findLastIndex((layer) => layer !== undefined && layer.kind !== "affine");
    return node < 0 || this.#forward ? null : { node, box: this.#states[node] };
  }

  #reportOf(node: number, seconds: number): LayerReport {
    const { name, inputs } = this.#network.nodes[node];
    const [input] = inputs as readonly number[];
    const plan = this.#plans.get(input);
    return {
      name,
      way: plan?.way ?? "box",
      neurons: sizeOf(this.#network.nodes[input].shape) * this.#ball.examples,
      open: this.#openCounts.get(input) ?? 0,
      rows: plan?.rows ?? 0,
      multiplyAdds: plan?.multiplyAdds ?? 0,
      seconds,
    };
  }

  async #bindNode(node: number): Promise<void> {
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
    const { state, bounds } = await this.#refined(input, (lower, upper) =>
      rule.states(layer, context, lower, upper, this.#ball.examples),
    );
    this.#preActivation.set(input, bounds);
    const bound =
      this.#method === "parallel"
        ? rule.parallel(this.#tape, layer, context, bounds)
        : rule.adaptive(this.#tape, layer, context, bounds);
    this.#graph.layers[node] = bound;
    this.#states[node] = await this.#enclosedState(node, bound, state, () =>
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
    const box = lazyBox(centre, precision, () =>
      fixed
        ? tape.aside((aside) => affineRadius(aside, layer, inputs, norm))
        : affineRadius(tape, layer, inputs, norm),
    );
    return Object.assign(box, { streams: this.#push(node, layer, inputs) });
  }

  async #enclosedState(
    node: number,
    layer: EnclosedDual,
    input: NodeState,
    interval: () => Bounds,
  ): Promise<NodeState> {
    const tape = this.#tape;
    const precision = input.precision === "loose" ? "loose" : "exact";
    if (this.#method === "adaptive") return { ...boxOf(tape, interval()), precision, streams: [] };
    if (layer.kind !== "parallel") throw new Error("the parallel bound takes parallel lines only");
    const streams = this.#push(node, layer, [input]);
    if (this.#forward) streams.push(await freshStream(tape, node, layer.radius, 1));
    const centre = add(tape, layer.push(tape, [input.centre], OWN), layer.shift);
    const box = lazyBox(centre, precision, () => add(tape, layer.absolute(tape, input.radius), layer.radius));
    return Object.assign(box, { streams });
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
  async #refined(
    node: number,
    statesOf: StateTest,
  ): Promise<{ readonly state: NodeState; readonly bounds: Bounds }> {
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
    const forced = this.#forcedSketch(node, state);
    if (forced) {
      this.#plans.set(node, planSketch(this.#graph, node, forced));
      return { state, bounds: this.#estimated(node, state) };
    }
    const loose = boundsOf(tape, state);
    if (state.precision !== "loose") return { state, bounds: loose };
    const states = await this.#neuronStates(statesOf, loose);
    const { open, passing } = unsettled(states, examples, this.#network.nodes[node].shape);
    this.#openCounts.set(node, open.index.length);
    const graph = this.#graph;
    const plan = planNode(graph, this.#demand(node, open.index.length, passing.index.length));
    this.#plans.set(node, plan);
    const { chain } = plan;
    if (this.#method === "adaptive") {
      if (open.index.length === 0) return { state, bounds: loose };
      return { state, bounds: refineAdaptive(tape, graph, node, chain, state, open, this.#pieceBytes) };
    }
    if (plan.way === "sketch") return { state, bounds: this.#estimated(node, state) };
    if (plan.way === "forward") {
      const exact: NodeState = {
        ...state,
        radius: await forwardRadius(tape, graph, node),
        precision: "exact",
      };
      return { state: exact, bounds: boundsOf(tape, exact) };
    }
    let refined = state;
    if (passing.index.length > 0 && plan.tightening) {
      // These widths decide what is open further on and nothing else: no gradient passes through them.
      const radius = tape.aside(
        (aside) => refineParallel(aside, graph, node, chain, state, passing, this.#pieceBytes).radius,
      );
      refined = { ...state, radius };
    }
    if (open.index.length > 0) {
      const tight = refineParallel(tape, graph, node, chain, refined, open, this.#pieceBytes);
      refined = { ...refined, ...tight };
    }
    // What is flat ends here, so its loose width does no harm; what passes on was not recorded, so it stays loose.
    const precision = passing.index.length === 0 ? "exact" : "loose";
    return { state: { ...refined, precision }, bounds: boundsOf(tape, refined) };
  }

  /** The projections of a node that is projected whatever its bounds are, as one wider than the projection dimension. */
  #forcedSketch(node: number, { precision }: NodeState): SketchDemand | null {
    const estimator = this.#estimator;
    if (!estimator || estimator.when === "cheaper") return null;
    if (precision !== "loose" && !estimator.firstLayer) return null;
    const wide = sizeOf(this.#network.nodes[node].shape) > estimator.dimension;
    return wide || estimator.when === "always" ? this.#sketchDemand(estimator) : null;
  }

  #sketchDemand({ dimension, sketches, independent }: Estimator): SketchDemand {
    const reached = independent ? 0 : (this.#sketcher as Sketcher).reached;
    return { rows: dimension * sketches * this.#ball.examples, reached };
  }

  /**
   * Bounds by projections. The box keeps its own radius: unlike an estimate it holds for the lines below. Where estimates
   * are bounds, with high probability, the better of both counts.
   */
  #estimated(node: number, { centre, radius: box }: NodeState): Bounds {
    const tape = this.#tape;
    const estimate: Variable = (this.#sketcher as Sketcher).radius(node);
    const bound = this.#estimator?.guarantee === "probability";
    return boundsOf(tape, { centre, radius: bound ? minimum(tape, estimate, box) : estimate });
  }

  #demand(node: number, open: number, passing: number): NodeDemand {
    const { examples } = this.#ball;
    const { nodes, inputShape } = this.#network;
    const generators = new Map([[0, sizeOf(inputShape) * examples]]);
    // Only neurons that were open can have a radius of their own; where nothing was looked at, each may.
    for (const input of this.#preActivation.keys()) {
      const activation = nodes.findIndex(({ inputs }) => (inputs as readonly number[]).includes(input));
      generators.set(activation, this.#openCounts.get(input) ?? sizeOf(nodes[input].shape) * examples);
    }
    const widest = Math.max(...nodes.slice(0, node + 1).map(({ shape }) => sizeOf(shape)));
    const entryBytes = this.#tape.backend.dtype === "float64" ? 8 : 4;
    return {
      node,
      examples,
      open,
      passing,
      generators: this.#method === "parallel" && !this.#tape.recording ? generators : null,
      mostGenerators: this.#pieceBytes / (2 * widest * entryBytes),
      ...(this.#estimator?.when === "cheaper" && { sketch: this.#sketchDemand(this.#estimator) }),
    };
  }

  /** What is left to settle of each neuron: on request, everything. */
  async #neuronStates(statesOf: StateTest, { lower, upper }: Bounds): Promise<Uint8Array> {
    const { features, rows } = lower.value;
    if (this.#complete) return new Uint8Array(features * rows).fill(NeuronState.open);
    const { backend } = this.#tape;
    return statesOf(...(await Promise.all([backend.read(lower.value), backend.read(upper.value)])));
  }
}
