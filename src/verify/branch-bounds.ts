import { Tape } from "../autodiff/index.js";
import type { Backend, FloatArray, Tensor } from "../compute/backend.js";
import type { Activation } from "../compute/elementwise.js";
import { indexedOwners, SHARED } from "../compute/owners.js";
import { costBelow } from "../dual/cost.js";
import type { Bounds, NodeBounds } from "../dual/dual-layer.js";
import { betweenPieces, type PieceLimits, rowsAtOnce } from "../dual/pieces.js";
import { addWeights, boundOnce } from "../dual/slopes/dual-rows.js";
import { FreeVariables } from "../dual/slopes/free-variables.js";
import { Relaxation } from "../dual/slopes/relaxation.js";
import { sizeOf } from "../network/shape.js";
import { type Ball, boxBall, releaseBall } from "../threat/ball.js";
import type { Branch, BranchedBox } from "./branch.js";
import { splitPoint } from "./branch-choice.js";
import { filledWith, replaced } from "./entries.js";
import type { RecordedCrossing } from "./proof.js";

/** Branches as the columns of one relaxation: the box's pre-activation bounds, cut where each has decided. */
export class BranchBounds implements Disposable {
  readonly relaxation: Relaxation;
  readonly #box: BranchedBox;
  readonly #branches: readonly Branch[];
  readonly #ball: Ball;
  readonly #tape: Tape;
  readonly #bounds: Map<number, Bounds<Tensor>>;
  readonly #empty = new Map<number, RecordedCrossing>();

  constructor(box: BranchedBox, branches: readonly Branch[]) {
    const { subject, affine, region, rounding } = box;
    const { backend } = subject;
    const count = branches.length;
    this.#box = box;
    this.#branches = branches;
    this.#tape = new Tape(backend, { record: false });
    this.#ball = spreadBall(backend, region, count);
    this.#bounds = this.#cutBounds();
    this.relaxation = new Relaxation(subject, affine, this.#bounds, this.#ball, rounding);
  }

  /**
   * Columns of branches that have no input: their decisions contradict one another, as far as `refresh` has seen, and the
   * neuron that shows it.
   */
  get empty(): ReadonlyMap<number, RecordedCrossing> {
    return this.#empty;
  }

  /**
   * Computes the bounds above each branch's last decision again, layer by layer: two rows, between CROWN's lines over what
   * is decided, for every neuron that is still unstable. Before the relaxation's lines are first asked for. Throws
   * the reason of the limits' signal.
   */
  async refresh(limits: PieceLimits = {}): Promise<void> {
    const { subject, unstable } = this.#box;
    const { backend, network } = subject;
    const count = this.#branches.length;
    for (const [activation, neurons] of unstable) {
      const { layer, inputs } = network.nodes[activation];
      const node = inputs[0] as number;
      const tensors = this.#bounds.get(node);
      if (!tensors || neurons.length === 0 || this.relaxation.choices(node).length === 0) continue;
      const [lower, upper] = [await backend.read(tensors.lower), await backend.read(tensors.upper)];
      const places: number[] = [];
      for (const [column, { splits }] of this.#branches.entries()) {
        const last = splits.at(-1);
        if (!last || last.node > node) continue;
        for (const neuron of neurons) {
          const at = neuron * count + column;
          if (splitPoint(layer as Activation, lower[at], upper[at]) !== null) places.push(at);
        }
      }
      if (places.length === 0) continue;
      const found = await this.#crownRows(node, lower.length / count, places, limits);
      const low = places.map((at, i) => Math.max(lower[at], found[2 * i]));
      const high = places.map((at, i) => Math.min(upper[at], -found[2 * i + 1]));
      for (const [i, at] of places.entries()) {
        // Bounds that cross say that no input meets the decisions; lines need an interval all the same.
        // Overflow contradicts nothing, and where rounding is not counted it may have made them cross.
        const crossed = low[i] - high[i];
        if (this.#box.rounding && Number.isFinite(crossed) && crossed > 0) {
          const value = low[i] / 2 + high[i] / 2;
          this.#empty.set(at % count, {
            ...{ kind: "crossing", node: activation, neuron: Math.floor(at / count), value },
          });
        }
        if (low[i] > high[i]) [low[i], high[i]] = [lower[at], upper[at]];
      }
      this.#bounds.set(node, {
        lower: this.#keep(replaced(backend, this.#taken(tensors.lower), places, low)),
        upper: this.#keep(replaced(backend, this.#taken(tensors.upper), places, high)),
      });
    }
  }

  /** Pre-activation bounds of each branch at the box's unstable neurons, by activation: several may read one node. */
  async read(): Promise<NodeBounds<Float64Array>[]> {
    const { subject, unstable } = this.#box;
    const { backend, network } = subject;
    const count = this.#branches.length;
    const found = this.#branches.map(() => new Map<number, Bounds<Float64Array>>());
    for (const [activation, neurons] of unstable) {
      const node = network.nodes[activation].inputs[0] as number;
      const tensors = this.#bounds.get(node);
      if (!tensors) continue;
      const [lower, upper] = [await backend.read(tensors.lower), await backend.read(tensors.upper)];
      for (const [column, own] of found.entries()) {
        const pick = (values: FloatArray) =>
          Float64Array.from(neurons, (neuron) => values[neuron * count + column]);
        own.set(activation, { lower: pick(lower), upper: pick(upper) });
      }
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.relaxation[Symbol.dispose]();
    this.#tape.dispose();
    releaseBall(this.#ball);
  }

  /** Bounds of z and of −z, in turn, at `places` (neuron · branches + branch) of a node; piece after piece. */
  async #crownRows(
    node: number,
    features: number,
    places: readonly number[],
    limits: PieceLimits,
  ): Promise<Float64Array> {
    const { network } = this.#box.subject;
    const sizes = network.nodes.slice(0, node + 1).map(({ shape }) => sizeOf(shape));
    // A row has weights of its own at every activation.
    const way = {
      features: sizes.reduce((sum, size) => sum + size, 0),
      multiplyAdds: 2 * costBelow(network, node),
    };
    const found = new Float64Array(2 * places.length);
    for (let begin = 0, end = 0; begin < places.length; begin = end) {
      await betweenPieces(this.#tape, limits.signal);
      end = Math.min(places.length, begin + rowsAtOnce(this.#tape, way, limits));
      found.set(await this.#crownPiece(node, features, places.slice(begin, end)), 2 * begin);
    }
    return found;
  }

  async #crownPiece(node: number, features: number, places: readonly number[]): Promise<FloatArray> {
    const { backend } = this.#box.subject;
    const count = this.#branches.length;
    const rows = 2 * places.length;
    const owners = indexedOwners(Int32Array.from({ length: rows }, (_, i) => places[i >> 1] % count));
    using free = new FreeVariables(backend);
    addWeights(free, this.relaxation, node, owners, rows);
    const index = Int32Array.from({ length: rows }, (_, i) => Math.floor(places[i >> 1] / count) * rows + i);
    const signs = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const nu = filledWith(backend, features, rows, index, signs);
    const { relaxation } = this;
    const objective = { kind: "fixed", node, nu } as const;
    try {
      return await boundOnce({ relaxation, objective, owners, rows, free, constraints: [] });
    } finally {
      nu.dispose();
    }
  }

  #cutBounds(): Map<number, Bounds<Tensor>> {
    const { subject, bounds } = this.#box;
    const { backend } = subject;
    const count = this.#branches.length;
    const tensors = new Map<number, Bounds<Tensor>>();
    for (const [node, own] of bounds) {
      const [lower, upper] = [own.lower, own.upper].map((values) => {
        const root = backend.upload(values.length, 1, values);
        const all = backend.spread(root, SHARED, count);
        root.dispose();
        return all;
      });
      const cut = this.#cutsOf(node, count);
      tensors.set(node, {
        lower: this.#keep(cut ? replaced(backend, lower, cut.index, cut.lower) : lower),
        upper: this.#keep(cut ? replaced(backend, upper, cut.index, cut.upper) : upper),
      });
    }
    return tensors;
  }

  /** Where a node's bounds differ from the box's, and what they are. */
  #cutsOf(
    node: number,
    count: number,
  ): { readonly index: Int32Array; readonly lower: Float64Array; readonly upper: Float64Array } | null {
    const { subject, unstable, bounds } = this.#box;
    const { nodes } = subject.network;
    const root = bounds.get(node);
    const above = [...unstable].filter(([activation]) => nodes[activation].inputs[0] === node);
    if (!root || above.length === 0) return null;
    const neurons = Int32Array.from(new Set(above.flatMap(([, own]) => [...own])));
    const placeOf = new Map(Array.from(neurons, (neuron, i) => [neuron, i]));
    const inherited = above.map(([activation, own]) => ({
      activation,
      places: own.map((neuron) => placeOf.get(neuron) as number),
    }));
    const size = neurons.length * count;
    const [index, lower, upper] = [new Int32Array(size), new Float64Array(size), new Float64Array(size)];
    for (const [column, branch] of this.#branches.entries()) {
      const from = column * neurons.length;
      for (let i = 0; i < neurons.length; i++) {
        index[from + i] = neurons[i] * count + column;
        lower[from + i] = root.lower[neurons[i]];
        upper[from + i] = root.upper[neurons[i]];
      }
      for (const { activation, places } of inherited) {
        const own = branch.bounds?.get(activation);
        if (!own) continue;
        for (let i = 0; i < places.length; i++) {
          lower[from + places[i]] = own.lower[i];
          upper[from + places[i]] = own.upper[i];
        }
      }
      for (const { node: activation, neuron, side, value } of branch.splits) {
        if (nodes[activation].inputs[0] !== node) continue;
        const at = from + (placeOf.get(neuron) as number);
        if (side === "above") lower[at] = Math.max(lower[at], value);
        else upper[at] = Math.min(upper[at], value);
      }
    }
    return { index, lower, upper };
  }

  #keep(tensor: Tensor): Tensor {
    return this.#tape.own(tensor).value;
  }

  /** A tensor that is no longer the tape's to release. */
  #taken(tensor: Tensor): Tensor {
    return this.#tape.release({ value: tensor, tracked: false });
  }
}

/** The same box for every column. */
function spreadBall(backend: Backend, { lower, upper }: Bounds<Float64Array>, count: number): Ball {
  const one = boxBall(backend, lower, upper, 1);
  const [centre, radius] = [one.centre, one.radius].map((x) => backend.spread(x, SHARED, count));
  releaseBall(one);
  return { ...one, centre, radius, examples: count };
}
