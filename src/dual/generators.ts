import { add, gather, normRows, reshape, scatterAdd, type Tape, type Variable } from "../autodiff/index.js";
import type { NormOrder } from "../compute/backend.js";
import { indexedOwners, type Owners } from "../compute/owners.js";
import { sizeOf } from "../network/shape.js";
import { boundLayer, type DualGraph } from "./dual-graph.js";
import type { DualLayer } from "./dual-layer.js";
import { ErrorPass } from "./error-pass.js";

/**
 * Columns of a zonotope that arose at one node: the input's, or an activation's, pushed forward to where they stand.
 * `[features, columns]`, each column an example's own.
 */
export interface Stream {
  readonly origin: number;
  readonly generators: Variable;
  readonly owners: Owners;
  /** How the columns combine to a radius: the dual norm at the input, 1 for activations. */
  readonly order: NormOrder;
  /** How far the columns may be from what they were rounded from, where projections are to bound. */
  readonly error?: Variable;
}

/** diag(radius) as columns: one for each feature and example whose radius is not zero; `[n, examples]` → `[n, columns]`. */
export async function freshStream(
  tape: Tape,
  origin: number,
  radius: Variable,
  order: NormOrder,
): Promise<Stream> {
  const { features, rows: examples } = radius.value;
  const values = await tape.backend.read(radius.value);
  const entries: number[] = [];
  for (let b = 0; b < examples; b++) {
    for (let f = 0; f < features; f++) {
      const entry = f * examples + b;
      // NaN is not zero: it must reach the bounds.
      if (values[entry] !== 0) entries.push(entry);
    }
  }
  const index = Int32Array.from(entries);
  const columns = index.length;
  const flat = gather(tape, reshape(tape, radius, features * examples, 1), index);
  const place = index.map((entry, column) => Math.floor(entry / examples) * columns + column);
  const placed = scatterAdd(tape, flat, place, features * columns);
  return {
    origin,
    generators: reshape(tape, placed, features, columns),
    owners: indexedOwners(index.map((entry) => entry % examples)),
    order,
  };
}

/**
 * Generators of the ball and of every activation on the way to a node, each node's made once (Algorithm 1 without
 * projections). Lines must be parallel.
 */
export class GeneratorPass {
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #streams: (readonly Stream[])[] = [];
  /** Rounding, which goes along. */
  readonly errors: ErrorPass;

  constructor(tape: Tape, graph: DualGraph) {
    this.#tape = tape;
    this.#graph = graph;
    this.errors = new ErrorPass(tape, graph);
  }

  /** The streams that arrive at a node. Layers up to it must be bound. */
  async at(node: number): Promise<readonly Stream[]> {
    for (let at = this.#streams.length; at <= node; at++) this.#streams.push(await this.#made(at));
    return this.#streams[node];
  }

  async #made(node: number): Promise<readonly Stream[]> {
    const { network, ballRadius, dualOrder } = this.#graph;
    if (node === 0) return [await freshStream(this.#tape, 0, ballRadius, dualOrder)];
    const layer = boundLayer(this.#graph, node);
    if (layer.kind === "two-lines") throw new Error(`node ${node} has two lines, which push no generators`);
    const inputs = network.nodes[node].inputs as readonly number[];
    const pushed = pushStreams(
      this.#tape,
      layer,
      inputs.map((input) => this.#streams[input]),
      inputs.map((input) => sizeOf(network.nodes[input].shape)),
    );
    if (layer.kind === "affine") return pushed;
    return [...pushed, await freshStream(this.#tape, node, layer.widening?.own ?? layer.radius, 1)];
  }

  /**
   * A radius that streams make at a node, with all rounding so far: it goes along as a box, since its generators would be as
   * many as there are neurons.
   */
  roundedUp(radius: Variable, node: number): Variable {
    const { rounding } = this.#graph;
    if (!rounding) return radius;
    const columns = this.#streams[node].reduce((sum, { generators }) => sum + generators.value.rows, 0);
    const own = rounding.ofColumns(this.#tape, radius, columns);
    const errors = this.errors.at(node);
    return errors ? rounding.merged(this.#tape, own, errors) : own;
  }
}

/** The streams after a layer. Where several inputs meet, streams of one origin meet too; a branch without one adds nothing. */
export function pushStreams(
  tape: Tape,
  layer: DualLayer,
  inputs: readonly (readonly Stream[])[],
  inputFeatures: readonly number[],
): Stream[] {
  const origins = new Map<number, Stream>();
  for (const stream of inputs.flat()) origins.set(stream.origin, stream);
  return [...origins.values()].map((sample) => {
    const columns = sample.generators.value.rows;
    const parts = inputs.map((streams, i) => {
      const own = streams.find(({ origin }) => origin === sample.origin);
      return own?.generators ?? tape.own(tape.backend.filled(inputFeatures[i], columns, 0));
    });
    return { ...sample, generators: layer.push(tape, parts, sample.owners) };
  });
}

/** ‖input generators‖ in the dual norm + Σ|activation generators|: `[features, examples]`. */
export function streamRadius(
  tape: Tape,
  streams: readonly Stream[],
  features: number,
  examples: number,
): Variable {
  let total = tape.own(tape.backend.filled(features, examples, 0));
  for (const { generators, owners, order } of streams) {
    if (generators.value.rows > 0)
      total = add(tape, total, normRows(tape, generators, owners, examples, order));
  }
  return total;
}
