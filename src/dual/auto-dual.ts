import { add, type Tape, type Variable } from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { letIn } from "../compute/deadline.js";
import { OWN } from "../compute/owners.js";
import type { Layer } from "../network/layer.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Bindings } from "../network/weights.js";
import type { Ball } from "../threat/ball.js";
import type { Bounder, NodeToBound, Settled } from "./bounders/bounder.js";
import { boundersOf } from "./bounders/index.js";
import { type BoxState, boundsOf, lazyBox } from "./box.js";
import { boxLayer } from "./box-layer.js";
import { affineBox, intervalBox } from "./box-states.js";
import { checkOptions } from "./check-options.js";
import type { DualGraph } from "./dual-graph.js";
import {
  type AffineDual,
  type BoundLayer,
  type Bounds,
  type EnclosedDual,
  NeuronState,
} from "./dual-layer.js";
import { DualNetwork, type LastBox } from "./dual-network.js";
import type { BoundMethod, DualOptions } from "./dual-options.js";
import { GeneratorPass } from "./generators.js";
import { settleKnown } from "./known-bounds.js";
import { ruleOf } from "./layers/index.js";
import { type Unsettled, unsettled } from "./neuron-lists.js";
import { namingLayer } from "./out-of-memory.js";
import { ballOf, outward } from "./outward.js";
import { type LayerReport, type NodePlan, planAtSight, planNode } from "./planner.js";
import { Rounding } from "./rounding.js";

/**
 * Builds the dual network of `network` over `ball` (Theorem 1, Algorithm 1).
 *
 * One pass forward: affine layers act on a centre and a box; at each activation the bounds of its input are settled, then
 * the activation is enclosed. It waits for the backend wherever it looks at a box.
 * Throws `UsageError` for options that do not go together, `ShapeError` for a ball of another size than the input, and the
 * reason of `signal` where that aborts.
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

/** What loose bounds leave to be settled, as an activation's rule says. */
type StateTest = (lower: FloatArray, upper: FloatArray) => Uint8Array;

class DualBuilder {
  readonly #tape: Tape;
  readonly #network: Network;
  readonly #bindings: Bindings;
  readonly #ball: Ball;
  readonly #options: DualOptions;
  readonly #method: BoundMethod;
  readonly #graph: DualGraph & {
    readonly layers: (BoundLayer | undefined)[];
    readonly errors: (Variable | undefined)[];
  };
  readonly #rounding: Rounding | null;
  /** What underflows in the steps of ν through all layers so far, `[1, examples]`. */
  #floor: Variable | undefined;
  readonly #states: BoxState[] = [];
  readonly #preActivation = new Map<number, Bounds>();
  readonly #unstableCounts = new Map<number, number>();
  readonly #plans = new Map<number, NodePlan>();
  /** Of the forward direction, in which generators go along with the centre. */
  readonly #generators: GeneratorPass | null;
  readonly #bounders: readonly Bounder[];

  constructor(tape: Tape, network: Network, bindings: Bindings, ball: Ball, options: DualOptions) {
    checkOptions(network, ball, options);
    this.#tape = tape;
    this.#network = network;
    this.#bindings = bindings;
    this.#ball = ball;
    this.#options = options;
    this.#method = options.method ?? "parallel";
    const { rounding } = options;
    this.#rounding = rounding
      ? new Rounding(tape.backend.dtype, network, rounding, { summed: this.#method === "adaptive" })
      : null;
    this.#graph = {
      network,
      layers: network.nodes.map(() => undefined),
      errors: network.nodes.map(() => undefined),
      ...ballOf(tape, ball, this.#rounding),
    };
    this.#generators = options.direction === "forward" ? new GeneratorPass(tape, this.#graph) : null;
    this.#bounders = boundersOf(tape, this.#graph, options.estimator ?? null, this.#generators);
  }

  async build(): Promise<DualNetwork> {
    const { ballCentre: centre, ballRadius: radius, inputError: error } = this.#graph;
    const chain = error && this.#rounding?.chainAtInput(this.#tape, { centre, radius, error });
    this.#states[0] = { centre, radius, precision: "independent", error, chain };
    await this.#generators?.at(0);
    const tape = this.#tape;
    const { backend } = tape;
    const { onLayer, signal, estimator } = this.#options;
    const { output } = this.#network;
    let before = onLayer ? await backend.finish() : 0;
    for (let node = 1; node <= output; node++) {
      await letIn(signal);
      await namingLayer(this.#network, node, async () => {
        await this.#bindNode(node);
        // What was only queued has taken nothing yet.
        if (this.#options.budget && !tape.recording) await backend.finish();
      });
      if (!onLayer || this.#graph.layers[node]?.kind === "affine") continue;
      const now = await backend.finish();
      onLayer(this.#reportOf(node, now - before));
      before = now;
    }
    // An objective's own small numbers may be lost as well.
    const rounding = this.#rounding;
    this.#floor = rounding?.floorOf(tape, this.#states[output], this.#floor);
    return new DualNetwork({
      tape: this.#tape,
      graph: this.#graph,
      ball: this.#ball,
      method: this.#method,
      states: this.#states,
      floor: this.#floor,
      streams: (await this.#generators?.at(output)) ?? null,
      generators: this.#generators,
      lastBox: this.#lastBox(),
      preActivation: this.#preActivation,
      unstableCounts: this.#unstableCounts,
      estimated: [...this.#plans].filter(([, { way }]) => way === "sketch").map(([node]) => node),
      estimator: estimator ?? null,
      limits: this.#options,
    });
  }

  #lastBox(): LastBox | null {
    const node = this.#graph.layers.findLastIndex((layer) => layer !== undefined && layer.kind !== "affine");
    return node < 0 || this.#generators ? null : { node, box: this.#states[node] };
  }

  #reportOf(node: number, seconds: number): LayerReport {
    const { name, inputs } = this.#network.nodes[node];
    const [input] = inputs as readonly number[];
    const { way, rows, multiplyAdds } = this.#plans.get(input) as NodePlan;
    const neurons = sizeOf(this.#network.nodes[input].shape) * this.#ball.examples;
    const unstable = this.#unstableCounts.get(input) ?? 0;
    return { name, way, neurons, unstable, rows, multiplyAdds, seconds };
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
      await this.#generators?.at(node);
      return;
    }
    const [input] = this.#network.nodes[node].inputs;
    const { box, bounds } = await this.#settle(input, (lower, upper) =>
      rule.states(layer, context, lower, upper, this.#ball.examples),
    );
    this.#preActivation.set(input, bounds);
    if (this.#method === "interval")
      return this.#bindBox(node, layer, box, bounds, rule.interval(this.#tape, layer, context, bounds));
    const parallel = () => rule.parallel(this.#tape, layer, context, bounds);
    const own = this.#method === "parallel" ? parallel() : rule.adaptive(this.#tape, layer, context, bounds);
    const rounding = this.#rounding;
    let bound = own;
    if (rounding) {
      this.#floor = rounding.floorOf(this.#tape, box, this.#floor);
      bound = outward(this.#tape, rounding, own, parallel, rounding.gathered(box), layer, bounds);
    }
    this.#graph.layers[node] = bound;
    await this.#generators?.at(node);
    this.#states[node] = this.#enclosedState(bound, layer, box, bounds, () =>
      rule.interval(this.#tape, layer, context, bounds),
    );
  }

  /** Of interval arithmetic: an activation is the box of its values. */
  #bindBox(node: number, layer: Layer, input: BoxState, bounds: Bounds, image: Bounds): void {
    const tape = this.#tape;
    const rounding = this.#rounding;
    const box = intervalBox(tape, rounding, layer, bounds, image);
    this.#floor = rounding?.floorOf(tape, input, this.#floor);
    this.#graph.layers[node] = boxLayer(box);
    this.#states[node] = { ...box, precision: "loose" };
  }

  #affineState(node: number, layer: AffineDual): BoxState {
    const inputs = this.#network.nodes[node].inputs.map((i) => this.#states[i]);
    const [ball, rounding, floor] = [this.#ball, this.#rounding, this.#floor];
    // A loose radius only decides which neurons are unstable; in the paper's bound no gradient passes through it.
    const isFixed = this.#method === "parallel";
    const found = affineBox(this.#tape, layer, inputs, { ball, rounding, floor, isFixed });
    this.#floor = found.floor;
    this.#graph.errors[node] = found.state.error;
    return found.state;
  }

  #enclosedState(
    bound: EnclosedDual,
    layer: Layer,
    input: BoxState,
    bounds: Bounds,
    interval: () => Bounds,
  ): BoxState {
    const tape = this.#tape;
    const precision = input.precision === "loose" ? "loose" : "dual";
    if (this.#method === "adaptive") {
      return { ...intervalBox(tape, this.#rounding, layer, bounds, interval()), precision };
    }
    if (bound.kind !== "parallel") throw new Error("the parallel bound takes parallel lines only");
    const centre = add(tape, bound.push(tape, [input.centre], OWN), bound.shift);
    return lazyBox(centre, precision, () => add(tape, bound.absolute(tape, input.radius), bound.radius));
  }

  /** The bounds of a node's value, the dual network's own wherever that can still change the lines of what reads it. */
  async #settle(node: number, statesOf: StateTest): Promise<Settled> {
    const known = this.#options.known?.get(node);
    if (known) return this.#asBox(node, settleKnown(this.#tape, this.#rounding, this.#states[node], known));
    const place = this.#nodeToBound(node);
    if (this.#method === "interval") {
      // Neurons are counted where somebody wants to hear of them.
      if (this.#options.onLayer) await this.#unsettled(place, statesOf);
      return this.#asBox(node, { box: place.box, bounds: place.loose });
    }
    const plan = planAtSight(this.#bounders, place) ?? (await this.#planned(place, statesOf));
    this.#plans.set(node, plan);
    return plan.bound();
  }

  /** A node's box; where no affine layer's rounding is with it, with what underflows on the way of its rows. */
  #withFloor(node: number): BoxState {
    const box = this.#states[node];
    if (!this.#rounding || box.error || !this.#floor || node === 0) return box;
    const error = this.#rounding.everywhere(this.#tape, this.#floor, sizeOf(this.#network.nodes[node].shape));
    return lazyBox(box.centre, box.precision, () => box.radius, { error });
  }

  #asBox(node: number, settled: Settled): Settled {
    this.#plans.set(node, { way: "box", rows: 0, multiplyAdds: 0, bound: () => settled });
    return settled;
  }

  async #planned(place: NodeToBound, statesOf: StateTest): Promise<NodePlan> {
    return planNode(this.#bounders, place, await this.#unsettled(place, statesOf));
  }

  async #unsettled({ node, examples, loose }: NodeToBound, statesOf: StateTest): Promise<Unsettled> {
    const states = await this.#neuronStates(statesOf, loose);
    const neurons = unsettled(states, examples, this.#network.nodes[node].shape);
    this.#unstableCounts.set(node, neurons.unstable.index.length);
    return neurons;
  }

  /** What is left to settle of each neuron: on request, everything. */
  async #neuronStates(statesOf: StateTest, { lower, upper }: Bounds): Promise<Uint8Array> {
    const { features, rows } = lower.value;
    if (this.#options.complete) return new Uint8Array(features * rows).fill(NeuronState.unstable);
    const { backend } = this.#tape;
    return statesOf(...(await Promise.all([backend.read(lower.value), backend.read(upper.value)])));
  }

  #nodeToBound(node: number): NodeToBound {
    const tape = this.#tape;
    const { examples } = this.#ball;
    const { pieceBytes, budget, signal } = this.#options;
    const box = this.#withFloor(node);
    const rounding = this.#rounding;
    const { nodes } = this.#network;
    // Only neurons that were unstable can have a radius of their own; where nothing was looked at, each may.
    const bounded = [...this.#preActivation.keys()].map((before): [number, number] => [
      before,
      this.#unstableCounts.get(before) ?? sizeOf(nodes[before].shape) * examples,
    ]);
    let loose: Bounds | undefined;
    return {
      ...{ tape, graph: this.#graph, node, examples, box, pieceBytes, budget, signal },
      lines: this.#method === "parallel" ? "parallel" : "two-lines",
      bounded: new Map(bounded),
      get loose() {
        loose ??= boundsOf(tape, box, rounding);
        return loose;
      },
    };
  }
}
