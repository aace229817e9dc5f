import {
  add,
  addNoise,
  apply,
  concat,
  maximum,
  normRows,
  slice,
  spread,
  spreadNoise,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { Tensor } from "../compute/backend.js";
import { type Owners, repeatOwners } from "../compute/owners.js";
import { UsageError } from "../errors.js";
import { sizeOf } from "../network/shape.js";
import { boundLayer, type DualGraph } from "./dual-graph.js";
import type { AffineDual, ParallelDual } from "./dual-layer.js";
import { distributionOf, type Estimator } from "./estimator.js";
import { pushStreams, type Stream } from "./generators.js";

/**
 * Estimated radii of nodes by random projections (Theorem 2, Algorithm 1): instead of generators, r random sums of them
 * are pushed forward, an activation adding ρ ⊙ C of its own.
 */
export class Sketcher {
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #estimator: Estimator;
  /** Projections that are pushed on from node to node. */
  readonly #shared: SketchPass;
  /** Nodes up to here have been projected before. */
  reached = 0;
  /** Estimates of one example so far. */
  estimates = 0;

  /** Throws `UsageError` for a ball whose dual norm is no sum. */
  constructor(tape: Tape, graph: DualGraph, estimator: Estimator) {
    if (graph.dualOrder !== 1 && graph.dualOrder !== 2) {
      throw new UsageError(
        "projections: expected an linf or l2 ball, got l1, whose dual norm no projection estimates; take deterministic bounds",
      );
    }
    this.#tape = tape;
    this.#graph = graph;
    this.#estimator = estimator;
    this.#shared = new SketchPass(tape, graph, estimator, -1, 0);
  }

  /** Estimates of all radii of a node, `[n, examples]`. Layers below must be bound. */
  radius(node: number): Variable {
    const { sketches, independent, budget } = this.#estimator;
    const tape = this.#tape;
    let terms: readonly Variable[] = [];
    if (independent) {
      for (let sketch = 0; sketch < sketches; sketch++) {
        const own = this.#aside(node, sketch);
        terms = terms.length === 0 ? own : terms.map((term, i) => maximum(tape, term, own[i]));
      }
    } else {
      this.reached = Math.max(this.reached, node);
      terms = this.#estimates(tape, this.#shared.at(node));
    }
    this.estimates += terms.length * terms[0].value.features;
    if (budget !== undefined && this.estimates > budget) {
      throw new Error(`projections: ${this.estimates} estimates, where the guarantee has room for ${budget}`);
    }
    return terms.slice(1).reduce((sum, term) => add(tape, sum, term), terms[0]);
  }

  /** The estimates of one sketch, whose projections are forgotten. */
  #aside(node: number, sketch: number): Variable[] {
    const tape = this.#tape;
    const features = sizeOf(this.#graph.network.nodes[node].shape);
    const stacked = tape.checkpoint((piece) => {
      const pass = new SketchPass(piece, this.#graph, this.#estimator, node, sketch);
      const terms = this.#estimates(piece, pass.at(node));
      return terms.length === 1 ? terms[0] : concat(piece, terms);
    });
    const count = stacked.value.features / features;
    if (count === 1) return [stacked];
    return Array.from({ length: count }, (_, i) => slice(tape, stacked, i * features, features));
  }

  #estimates(tape: Tape, streams: readonly Stream[]): Variable[] {
    return streams.map(({ generators, order, error }) => {
      // No projection is larger than it was computed and what that may be off by.
      const size = error && add(tape, apply(tape, { kind: "abs" }, generators), error);
      const estimate = this.#estimator.estimate(tape, size ?? generators, order as 1 | 2);
      return size && this.#graph.rounding ? this.#graph.rounding.ofEstimate(tape, estimate) : estimate;
    });
  }
}

/** ρ of the lines themselves: rounding goes along as a box (`ErrorPass`). */
function ownRadius({ widening, radius }: ParallelDual): Variable {
  return widening?.own ?? radius;
}

function tensorOf({ generators }: Stream): Tensor {
  return generators.value;
}

/** Where the joint stream of activations begins if the input has one of another kind. */
const ACTIVATIONS = -1;

/** Projections on the way to a node, made once per node. Streams hold projections in place of generators. */
class SketchPass {
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #estimator: Estimator;
  readonly #target: number;
  readonly #sketch: number;
  readonly #streams: (readonly Stream[])[];
  /** Whether estimates are to be bounds, so that rounding counts. */
  readonly #bounds: boolean;

  constructor(tape: Tape, graph: DualGraph, estimator: Estimator, target: number, sketch: number) {
    this.#tape = tape;
    this.#graph = graph;
    this.#estimator = estimator;
    this.#target = target;
    this.#sketch = sketch;
    this.#streams = [];
    this.#bounds = estimator.guarantee === "probability";
  }

  at(node: number): readonly Stream[] {
    for (let at = this.#streams.length; at <= node; at++) {
      this.#streams.push(this.#made(at));
      this.#forget(at);
    }
    return this.#streams[node];
  }

  /** Frees the projections that no node after this one reads. A reshape has the same ones as what it reshapes. */
  #forget(node: number): void {
    const { nodes } = this.#graph.network;
    const isRead = (made: number) =>
      made === node ||
      nodes.some(({ inputs }, later) => later > node && (inputs as readonly number[]).includes(made));
    const kept = new Set(
      this.#streams.filter((_, made) => isRead(made)).flatMap((streams) => streams.map(tensorOf)),
    );
    for (const input of nodes[node].inputs as readonly number[]) {
      const done = this.#streams[input].filter((stream) => !kept.has(tensorOf(stream)));
      this.#tape.discard(...done.map(({ generators }) => generators));
    }
  }

  #made(node: number): readonly Stream[] {
    const { network, ballRadius, dualOrder } = this.#graph;
    if (node === 0) return [this.#fresh(0, ballRadius, dualOrder as 1 | 2)];
    const layer = boundLayer(this.#graph, node);
    if (layer.kind === "two-lines") throw new Error(`node ${node} has two lines, which push no projections`);
    const inputs = network.nodes[node].inputs as readonly number[];
    const before = inputs.map((input) => this.#streams[input]);
    const features = inputs.map((input) => sizeOf(network.nodes[input].shape));
    const push = (streams: readonly (readonly Stream[])[]) =>
      this.#withErrors(layer, streams, features, pushStreams(this.#tape, layer, streams, features));
    if (layer.kind === "affine") return push(before);
    if (this.#estimator.form === "per-term") {
      return [...push(before), this.#fresh(node, ownRadius(layer), 1)];
    }
    const [streams] = before;
    const joint = streams.find(({ order }) => order === 1);
    const others = push([streams.filter((stream) => stream !== joint)]);
    if (!joint) return [...others, this.#fresh(node, ownRadius(layer), 1, ACTIVATIONS)];
    const generators = this.#spread(node, layer, joint);
    const { rounding } = this.#graph;
    if (!joint.error || !rounding) return [...others, { ...joint, generators }];
    const pushed = layer.push(this.#tape, [joint.generators], joint.owners);
    const passed = this.#passed(layer, joint.error, joint.owners);
    return [
      ...others,
      { ...joint, generators, error: rounding.ofNoise(this.#tape, generators, pushed, passed) },
    ];
  }

  /** Projections after a layer with what they may be off by: so much of |A| |R| and of what came along. */
  #withErrors(
    layer: AffineDual | ParallelDual,
    before: readonly (readonly Stream[])[],
    features: readonly number[],
    after: readonly Stream[],
  ): Stream[] {
    const { rounding } = this.#graph;
    if (!rounding || !this.#bounds) return [...after];
    const tape = this.#tape;
    return after.map((stream) => {
      const own = before.map((streams) => streams.find(({ origin }) => origin === stream.origin));
      const zeros = (i: number) =>
        tape.own(tape.backend.filled(features[i], stream.generators.value.rows, 0));
      const errors = own.map((input, i) =>
        input?.error ? rounding.ofProjections(tape, layer, input.generators, input.error) : zeros(i),
      );
      const error =
        layer.kind === "affine"
          ? layer.absolute(tape, errors, 1)
          : this.#passed(layer, errors[0], stream.owners);
      return { ...stream, error: rounding.ofSum(tape, error) };
    });
  }

  /** Errors through |d|. Where lines mix features none may cancel another: of an example the largest of each feature counts. */
  #passed(layer: ParallelDual, error: Variable, owners: Owners): Variable {
    const tape = this.#tape;
    if (layer.coupling === "diagonal") return apply(tape, { kind: "abs" }, layer.push(tape, [error], owners));
    const largest = normRows(tape, error, owners, layer.radius.value.rows, Number.POSITIVE_INFINITY);
    return spread(tape, layer.absolute(tape, largest), owners, error.value.rows);
  }

  /** d ⊙ R + ρ ⊙ C. */
  #spread(node: number, layer: ParallelDual, { generators, owners }: Stream): Variable {
    const tape = this.#tape;
    const { dimension } = this.#estimator;
    const noise = this.#noise("cauchy", node);
    if (layer.slope) return addNoise(tape, generators, layer.slope, ownRadius(layer), dimension, noise);
    const pushed = layer.push(tape, [generators], owners);
    return add(tape, pushed, spreadNoise(tape, ownRadius(layer), dimension, noise));
  }

  #fresh(node: number, radius: Variable, order: 1 | 2, origin = node): Stream {
    const { dimension } = this.#estimator;
    const noise = this.#noise(distributionOf(order), node);
    const generators = spreadNoise(this.#tape, radius, dimension, noise);
    const owners = repeatOwners(dimension);
    const { rounding } = this.#graph;
    if (!rounding || !this.#bounds) return { origin, generators, owners, order };
    return { origin, generators, owners, order, error: rounding.ofNoise(this.#tape, generators) };
  }

  #noise(distribution: "cauchy" | "normal", node: number) {
    return this.#estimator.noise(distribution, node, this.#target, this.#sketch);
  }
}
