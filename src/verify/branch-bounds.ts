import { Tape } from "../autodiff/index.js";
import type { FloatArray, Tensor } from "../compute/backend.js";
import type { Activation } from "../compute/elementwise.js";
import { indexedOwners, SHARED } from "../compute/owners.js";
import { type Ball, boxBall, releaseBall } from "../dual/ball.js";
import type { Branch, BranchedBox, Split } from "./branch.js";
import { splitPoint } from "./branch-choice.js";
import { addWeights, boundOnce } from "./dual-rows.js";
import { filledWith, replaced } from "./entries.js";
import { FreeVariables } from "./free-variables.js";
import { Relaxation } from "./relaxation.js";
import type { NodeBounds } from "./root-bounds.js";

/** By how much bounds must cross, in units of their size, so that rounding is not taken for a contradiction. */
const EMPTY = 1e-9;

/** Branches as the columns of one relaxation: the box's pre-activation bounds, cut where each has decided. */
export class BranchBounds implements Disposable {
  readonly relaxation: Relaxation;
  readonly #box: BranchedBox;
  readonly #branches: readonly Branch[];
  readonly #ball: Ball;
  readonly #tape: Tape;
  readonly #bounds: Map<number, { lower: Tensor; upper: Tensor }>;
  readonly #empty = new Set<number>();

  constructor(box: BranchedBox, branches: readonly Branch[]) {
    const { subject, affine, region } = box;
    const { backend } = subject;
    const count = branches.length;
    this.#box = box;
    this.#branches = branches;
    this.#tape = new Tape(backend, { record: false });
    this.#ball = boxBall(backend, repeated(region.lower, count), repeated(region.upper, count), count);
    this.#bounds = this.#cutBounds();
    this.relaxation = new Relaxation(subject, affine, this.#bounds, this.#ball);
  }

  /** Columns of branches that have no input: their decisions contradict one another, as far as `refresh` has seen. */
  get empty(): ReadonlySet<number> {
    return this.#empty;
  }

  /**
   * Computes the bounds above each branch's last decision again, layer by layer: two rows, between CROWN's lines over what
   * is decided, for every neuron that is still open. Before the relaxation's lines are first asked for.
   */
  async refresh(): Promise<void> {
    const { subject, open } = this.#box;
    const { backend, network } = subject;
    const count = this.#branches.length;
    for (const [activation, neurons] of open) {
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
      const found = await this.#crownRows(node, lower.length / count, places);
      const low = places.map((at, i) => Math.max(lower[at], found[2 * i]));
      const high = places.map((at, i) => Math.min(upper[at], -found[2 * i + 1]));
      for (const [i, at] of places.entries()) {
        // Bounds that cross say that no input meets the decisions; lines need an interval all the same.
        if (low[i] - high[i] > EMPTY * (1 + Math.abs(low[i]))) this.#empty.add(at % count);
        if (low[i] > high[i]) [low[i], high[i]] = [lower[at], upper[at]];
      }
      this.#bounds.set(node, {
        lower: this.#keep(replaced(backend, this.#taken(tensors.lower), places, low)),
        upper: this.#keep(replaced(backend, this.#taken(tensors.upper), places, high)),
      });
    }
  }

  /** Pre-activation bounds of each branch at the box's open neurons. */
  async read(): Promise<NodeBounds[]> {
    const { subject, open } = this.#box;
    const { backend, network } = subject;
    const count = this.#branches.length;
    const found = this.#branches.map(() => new Map<number, { lower: Float64Array; upper: Float64Array }>());
    for (const [activation, neurons] of open) {
      const node = network.nodes[activation].inputs[0] as number;
      const tensors = this.#bounds.get(node);
      if (!tensors) continue;
      const [lower, upper] = [await backend.read(tensors.lower), await backend.read(tensors.upper)];
      for (const [column, own] of found.entries()) {
        const pick = (values: FloatArray) =>
          Float64Array.from(neurons, (neuron) => values[neuron * count + column]);
        own.set(node, { lower: pick(lower), upper: pick(upper) });
      }
    }
    return found;
  }

  [Symbol.dispose](): void {
    this.relaxation[Symbol.dispose]();
    this.#tape.dispose();
    releaseBall(this.#ball);
  }

  /** Bounds of z and of −z, in turn, at `places` (neuron · branches + branch) of a node. */
  async #crownRows(node: number, features: number, places: readonly number[]): Promise<FloatArray> {
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

  #cutBounds(): Map<number, { lower: Tensor; upper: Tensor }> {
    const { subject, bounds } = this.#box;
    const { backend } = subject;
    const count = this.#branches.length;
    const cuts = this.#cuts();
    const tensors = new Map<number, { lower: Tensor; upper: Tensor }>();
    for (const [node, { lower, upper }] of bounds) {
      const side = (values: Float64Array, name: Split["side"]): Tensor => {
        const root = backend.upload(values.length, 1, values);
        const all = backend.spread(root, SHARED, count);
        root.dispose();
        const cut = cuts.get(`${node} ${name}`);
        const some = cut && cut.size > 0;
        return this.#keep(some ? replaced(backend, all, [...cut.keys()], [...cut.values()]) : all);
      };
      tensors.set(node, { lower: side(lower, "above"), upper: side(upper, "below") });
    }
    return tensors;
  }

  /** Where bounds differ from the box's: by node and side, values by place. */
  #cuts(): ReadonlyMap<string, ReadonlyMap<number, number>> {
    const { subject, open } = this.#box;
    const { nodes } = subject.network;
    const count = this.#branches.length;
    const cuts = new Map<string, Map<number, number>>();
    const cutOf = (node: number, side: Split["side"]): Map<number, number> => {
      const key = `${node} ${side}`;
      const cut = cuts.get(key) ?? new Map<number, number>();
      cuts.set(key, cut);
      return cut;
    };
    for (const [column, branch] of this.#branches.entries()) {
      for (const [activation, neurons] of open) {
        const node = nodes[activation].inputs[0] as number;
        const own = branch.bounds?.get(node);
        if (!own) continue;
        for (const [i, neuron] of neurons.entries()) {
          cutOf(node, "above").set(neuron * count + column, own.lower[i]);
          cutOf(node, "below").set(neuron * count + column, own.upper[i]);
        }
      }
      for (const { node: activation, neuron, side, value } of branch.splits) {
        const cut = cutOf(nodes[activation].inputs[0] as number, side);
        const place = neuron * count + column;
        const narrower = side === "above" ? Math.max : Math.min;
        cut.set(place, narrower(cut.get(place) ?? value, value));
      }
    }
    return cuts;
  }

  #keep(tensor: Tensor): Tensor {
    return this.#tape.own(tensor).value;
  }

  /** A tensor that is no longer the tape's to release. */
  #taken(tensor: Tensor): Tensor {
    return this.#tape.release({ value: tensor, tracked: false });
  }
}

/** `[features]` → `[features, count]`. */
function repeated(values: Float64Array, count: number): Float64Array {
  const all = new Float64Array(values.length * count);
  for (let f = 0; f < values.length; f++) all.fill(values[f], f * count, (f + 1) * count);
  return all;
}
