import { type Activation, isActivationKind } from "../activations/index.js";
import {
  add,
  apply,
  combine,
  maximum,
  minimum,
  multiply,
  scaleBy,
  scaleShift,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { Arithmetic } from "../compute/arithmetic.js";
import { largestOf } from "../compute/extremes.js";
import { indexedOwners, SHARED } from "../compute/owners.js";
import type { AffineChain } from "../dual/affine-chain.js";
import { boundByRows } from "../dual/bounders/rows.js";
import { costBelow } from "../dual/cost.js";
import type { DualGraph } from "../dual/dual-graph.js";
import { type BoundLayer, NeuronState, type NodeBounds } from "../dual/dual-layer.js";
import { ruleOf } from "../dual/layers/index.js";
import { unsettled } from "../dual/neuron-lists.js";
import { parallelDual } from "../dual/parallel-dual.js";
import { Rounding } from "../dual/rounding.js";
import { wholeRows } from "../dual/view.js";
import { UnsupportedOperatorError } from "../errors.js";
import type { Layer } from "../network/layer.js";
import type { MaxPoolLayer } from "../network/layers/max-pool.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Bindings } from "../network/weights.js";
import type { Ball } from "../threat/ball.js";
import { arithmeticOf, type Evaluation } from "../threat/evaluation.js";
import { differenceLines, differencePool, SLACK, withError } from "./difference-layers.js";
import { slopeRange } from "./slopes.js";

/** Multiply-adds per example that rows for a node's undecided neurons may take. */
const ROWS_PAY = 2e9;

/** What is known of a node: no evaluation's value exceeds `size`, no two differ by more than `apart`; `[n, examples]`. */
interface NodeState {
  readonly size: Variable;
  readonly apart: Variable;
  readonly chain?: AffineChain | undefined;
}

/** A network whose values are the differences of two evaluations of another one. */
export interface DifferenceNetwork {
  readonly graph: DualGraph;
  /** What no logit of two evaluations differs by more than, by intervals alone: `[classes, examples]`. */
  readonly apart: Variable;
}

/** What the difference network is made of: the network's pre-activation bounds over a ball, that hold for all evaluations. */
export interface DifferenceParts {
  readonly network: Network;
  readonly bindings: Bindings;
  readonly ball: Ball;
  readonly preActivation: NodeBounds;
  readonly evaluation: Exclude<Evaluation, "real">;
  readonly pieceBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The network that two evaluations' differences go through. Let δ be what they differ by at a node, at one input of the ball.
 *
 * - An affine layer: both compute W z + b, each off by at most e (see `Rounding`), so δ′ = W δ + η with |η| ≤ 2e.
 * - An activation: σ(a) − σ(b) is (a − b) times a slope. Both a and b lie within the pre-activation bounds [ℓ, u] of all
 *   evaluations, so the slope lies between the least and the largest over [ℓ, u]; of a ReLU whose sign is known it is 1 or 0.
 *   With their middle s and half their distance h: δ′ = s ⊙ δ ± (h ⊙ |δ| + 2·what computing σ may be off by).
 * - Max pooling: |δ′| is at most the largest |δ| of the window; where one input is the maximum in all evaluations, its own δ.
 *
 * So it is a dual network between parallel lines with all shifts 0, over a box of what rounding at the input may come to, and
 * is bounded by the same walk (Theorem 1): |cᵀδ| ≤ Σ 2eᵀ|ν| + Σ ρᵀ|ν|. The |δ| that radii need come from intervals,
 * |δ′| ≤ |W||δ| + 2e, and for undecided neurons from rows of their own. The tape must compute in double precision: its own
 * rounding is far below what e has for it.
 */
export async function buildDifference(tape: Tape, parts: DifferenceParts): Promise<DifferenceNetwork> {
  return new DifferenceBuilder(tape, parts).build();
}

class DifferenceBuilder {
  readonly #tape: Tape;
  readonly #parts: DifferenceParts;
  readonly #rounding: Rounding;
  readonly #deployed: Arithmetic;
  readonly #states: NodeState[] = [];
  readonly #graph: DualGraph & { readonly layers: (BoundLayer | undefined)[] };

  /** What underflows in rows on their way, whatever they are: see `Rounding.floorOf`. */
  #floor: Variable | undefined;

  constructor(tape: Tape, parts: DifferenceParts) {
    const { network, ball, evaluation } = parts;
    this.#tape = tape;
    this.#parts = parts;
    this.#rounding = new Rounding(tape.backend.dtype, network, evaluation, { summed: false });
    this.#deployed = arithmeticOf(evaluation);
    const box = { centre: tape.constant(ball.centre), radius: tape.constant(ball.radius) };
    const error = this.#rounding.atInput(tape, box);
    const size = this.#up(add(tape, this.#rounding.magnitude(tape, box), error));
    this.#states[0] = { size, apart: scaleBy(tape, error, 2) };
    this.#graph = {
      network,
      layers: network.nodes.map(() => undefined),
      errors: network.nodes.map(() => undefined),
      ballCentre: this.#zeros(0),
      ballRadius: this.#states[0].apart,
      dualOrder: 1,
      rounding: null,
      inputError: undefined,
    };
  }

  async build(): Promise<DifferenceNetwork> {
    const { network, signal } = this.#parts;
    for (let node = 1; node <= network.output; node++) {
      signal?.throwIfAborted();
      const { layer, name } = network.nodes[node];
      if (layer === null) continue;
      if (isActivationKind(layer.kind)) await this.#activation(node, layer as Activation, name);
      else if (layer.kind === "max-pool") await this.#maxPool(node, layer);
      else this.#affine(node, layer, name);
    }
    return { graph: this.#graph, apart: this.#states[network.output].apart };
  }

  #affine(node: number, layer: Layer, name: string): void {
    const tape = this.#tape;
    const { network, bindings, preActivation } = this.#parts;
    const rule = ruleOf(layer);
    if (rule.form !== "affine") {
      throw new UnsupportedOperatorError(
        `${name}: expected a layer whose slopes are known, found ${layer.kind}`,
      );
    }
    const bound = rule.bind(tape, layer, network.context(node, bindings));
    const inputs = network.nodes[node].inputs as readonly number[];
    const sizes = inputs.map((input) => this.#states[input].size);
    const boxes = inputs.map((input) => {
      const { size: centre, chain } = this.#states[input];
      return { centre, radius: this.#zeros(input), chain };
    });
    const features = sizeOf(network.nodes[node].shape);
    const rounding = this.#rounding.affine(tape, bound, boxes, features, this.#floor);
    this.#floor = rounding.floor;
    const error = rounding.error ?? this.#zeros(node);
    const both = scaleBy(tape, error, 2);
    const passed = bound.absolute(
      tape,
      inputs.map((input) => this.#states[input].apart),
      1,
    );
    const met = bound.absolute(tape, sizes, 1);
    const offset = bound.offset && apply(tape, { kind: "abs" }, bound.offset);
    const value = offset ? scaleShift(tape, met, undefined, offset, SHARED) : met;
    let size = this.#up(add(tape, value, error));
    const known = preActivation.get(node);
    if (known) {
      const ends = [known.lower, known.upper].map((end) => apply(tape, { kind: "abs" }, end));
      size = minimum(tape, size, maximum(tape, ends[0], ends[1]));
    }
    this.#graph.layers[node] = withError(bound, both);
    this.#states[node] = { size, apart: this.#up(add(tape, passed, both)), chain: rounding.chain };
  }

  async #activation(node: number, activation: Activation, name: string): Promise<void> {
    const range = slopeRange(activation);
    if (!range) {
      throw new UnsupportedOperatorError(
        `${name}: expected an activation whose slopes are known, found ${activation.kind}`,
      );
    }
    const tape = this.#tape;
    const { backend } = tape;
    const { network, preActivation, ball } = this.#parts;
    const [input] = network.nodes[node].inputs as readonly [number];
    const bounds = preActivation.get(input);
    if (!bounds) throw new Error(`${name}: no bounds of its input`);
    const [lower, upper] = await Promise.all([
      backend.read(bounds.lower.value),
      backend.read(bounds.upper.value),
    ]);
    const slopes = Array.from(lower, (low, i) => range(low, upper[i]));
    const states = Uint8Array.from(slopes, ([least, most]) =>
      least === most ? NeuronState.inactive : NeuronState.unstable,
    );
    const apartBefore = Float64Array.from(await backend.read((await this.#tightened(input, states)).value));
    const lines = differenceLines(activation, this.#deployed, { lower, upper, slopes, apart: apartBefore });
    const upload = (values: Float64Array): Variable =>
      tape.own(backend.upload(values.length / ball.examples, ball.examples, values));
    const [slope, radius] = [upload(lines.slope), upload(lines.radius)];
    const dual = { slope, shift: this.#zeros(node), radius };
    this.#graph.layers[node] = parallelDual(dual, network.nodes[node].shape, (own) => own);
    this.#states[node] = { size: upload(lines.size), apart: upload(lines.apart) };
  }

  async #maxPool(node: number, layer: MaxPoolLayer): Promise<void> {
    const tape = this.#tape;
    const { network, bindings, preActivation, ball } = this.#parts;
    const rule = ruleOf(layer);
    const [input] = network.nodes[node].inputs as readonly [number];
    const bounds = preActivation.get(input);
    if (rule.form !== "enclosed" || !bounds) throw new Error(`node ${node}: no bounds of its input`);
    const context = network.context(node, bindings);
    const [lower, upper] = await Promise.all(
      [bounds.lower, bounds.upper].map(({ value }) => tape.backend.read(value)),
    );
    const states = rule.states(layer, context, lower, upper, ball.examples);
    const before = await this.#tightened(
      input,
      states.map((state) => (state === NeuronState.unstable ? state : NeuronState.inactive)),
    );
    const chosen = rule.parallel(tape, layer, context, bounds);
    // 1 where another input may be the maximum, too; not a number where nothing is known.
    const open = apply(tape, { kind: "sign" }, chosen.radius);
    const decided = scaleBy(tape, open, -1, 1);
    const largest = (x: Variable): Variable =>
      rule.interval(tape, layer, context, { lower: x, upper: x }).upper;
    const least = 2 * (this.#deployed.flushed + this.#deployed.underflow);
    const apart = scaleBy(tape, largest(before), 1, least);
    const size = scaleBy(tape, largest(this.#states[input].size), 1, least);
    // Where windows overlap their ν are added, which rounds.
    const added = 2 * layer.kernel[0] * layer.kernel[1] * arithmeticOf("float64").roundoff;
    const undecided = scaleBy(tape, multiply(tape, open, apart), 1, least);
    const own = combine(tape, 1, undecided, added, size);
    const shift = this.#zeros(node);
    this.#graph.layers[node] = differencePool(chosen, { decided, shift, radius: own });
    this.#states[node] = { size, apart };
  }

  /** |δ| at a node; of undecided neurons by a row each, where activations lie below and that is not too much. */
  async #tightened(node: number, states: Uint8Array): Promise<Variable> {
    const tape = this.#tape;
    const { apart } = this.#states[node];
    const { network, ball, pieceBytes, signal } = this.#parts;
    const { examples } = ball;
    const { unstable } = unsettled(states, examples, network.nodes[node].shape);
    const isFirst = !this.#graph.layers.some((layer) => layer && layer.kind !== "affine");
    const cost = unstable.index.length * costBelow(network, node);
    if (isFirst || unstable.index.length === 0 || cost > ROWS_PAY * examples) return apart;
    const centre = this.#zeros(node);
    const box = { centre, radius: apart, precision: "loose" } as const;
    const none = { index: new Int32Array(0), owner: new Int32Array(0) };
    const settled = await boundByRows(
      {
        ...{ tape, graph: this.#graph, node, examples, box, pieceBytes, signal },
        loose: { lower: centre, upper: centre },
        lines: "parallel",
        bounded: new Map(),
      },
      { unstable, active: none, tightening: false },
      {
        view: (_index, owner) => wholeRows(this.#graph, indexedOwners(owner)),
        features: largestOf(network.nodes.map(({ shape }) => sizeOf(shape))),
        multiplyAdds: costBelow(network, node),
        keepsNothing: false,
      },
    );
    return minimum(tape, apart, this.#up(settled.box.radius));
  }

  /** A sum of magnitudes, not below it for having been rounded. */
  #up(x: Variable): Variable {
    return scaleBy(this.#tape, x, 1 + SLACK, x.value.features * 2 ** -1060);
  }

  #zeros(node: number): Variable {
    const { network, ball } = this.#parts;
    const { shape } = network.nodes[node];
    return this.#tape.own(this.#tape.backend.filled(sizeOf(shape), ball.examples, 0));
  }
}
