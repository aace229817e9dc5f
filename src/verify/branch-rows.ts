import { Tape } from "../autodiff/index.js";
import type { Backend, FloatArray, Tensor } from "../compute/backend.js";
import type { Activation } from "../compute/elementwise.js";
import { indexedOwners, OWN, SHARED } from "../compute/owners.js";
import { type Ball, boxBall, releaseBall } from "../dual/ball.js";
import { sizeOf } from "../network/shape.js";
import { splitPoint } from "./branch-choice.js";
import {
  addWeights,
  boundOnce,
  type DualRows,
  lowerName,
  type NamedConstraint,
  SHARES,
  upperName,
} from "./dual-rows.js";
import { FreeVariables } from "./free-variables.js";
import type { OutputCase } from "./question.js";
import { type AffineLayers, Relaxation } from "./relaxation.js";
import type { InputRegion, NodeBounds } from "./root-bounds.js";
import type { Subject } from "./subject.js";

/** One decision of a branch: the input of an activation's neuron lies above or below a value. */
export interface Split {
  readonly node: number;
  readonly neuron: number;
  readonly side: "above" | "below";
  readonly value: number;
}

/** A part of a box: the inputs at which all decisions hold. */
export interface Branch {
  readonly splits: readonly Split[];
  /** Of the case's largest row, from below. */
  readonly bound: number;
  /** Where the climb of its bound goes on; null for CROWN's lines. */
  readonly warm: WarmStart | null;
  /** Its own pre-activation bounds at the box's open neurons, by node; null for the box's. */
  readonly bounds: NodeBounds | null;
}

/** Free variables of a branch as its parent left them. */
export interface WarmStart {
  /** Weights of lower and upper lines at the neurons that are open in the whole box. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** One a decision. */
  readonly multipliers: Float32Array;
  readonly shares: Float32Array;
}

/** What all branches of a box have in common. */
export interface BranchedBox {
  readonly subject: Subject;
  readonly affine: AffineLayers;
  readonly region: InputRegion;
  readonly bounds: NodeBounds;
  readonly case: OutputCase;
  /** By activation, the neurons whose lines are open in the whole box. */
  readonly open: ReadonlyMap<number, Int32Array>;
}

/** By how much bounds must cross, in units of their size, so that rounding is not taken for a contradiction. */
const EMPTY = 1e-9;

/** Branches as the columns of one relaxation, each with its row. */
export class BranchRows implements Disposable {
  readonly branches: readonly Branch[];
  readonly #relaxation: Relaxation;
  readonly #empty = new Set<number>();
  #rows: DualRows | null = null;
  readonly #box: BranchedBox;
  readonly #ball: Ball;
  readonly #tape: Tape;
  readonly #places = new Map<
    string,
    { readonly index: Int32Array; readonly branch: Int32Array; readonly split: Int32Array }
  >();

  readonly #bounds: Map<number, { lower: Tensor; upper: Tensor }>;

  private constructor(box: BranchedBox, branches: readonly Branch[]) {
    const { subject, affine, region } = box;
    this.#box = box;
    this.branches = branches;
    const count = branches.length;
    this.#tape = new Tape(subject.backend, { record: false });
    this.#ball = boxBall(
      subject.backend,
      repeated(region.lower, count),
      repeated(region.upper, count),
      count,
    );
    this.#bounds = this.#boundTensors(count);
    this.#relaxation = new Relaxation(subject, affine, this.#bounds, this.#ball);
  }

  /**
   * Branches between lines over their bounds. With `refresh` the pre-activation bounds above a branch's last decision are
   * computed again, by CROWN's lines over what is decided.
   */
  static async of(
    box: BranchedBox,
    branches: readonly Branch[],
    { refresh }: { readonly refresh: boolean },
  ): Promise<BranchRows> {
    const made = new BranchRows(box, branches);
    if (refresh) await made.#refresh();
    made.#begin();
    return made;
  }

  /** Columns of branches that have no input: their decisions contradict one another. */
  get empty(): ReadonlySet<number> {
    return this.#empty;
  }

  get rows(): DualRows {
    return this.#rows as DualRows;
  }

  /** Pre-activation bounds of each branch at the box's open neurons. */
  async ownBounds(): Promise<NodeBounds[]> {
    const { subject, open } = this.#box;
    const { backend, network } = subject;
    const count = this.branches.length;
    const found = this.branches.map(() => new Map<number, { lower: Float64Array; upper: Float64Array }>());
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

  #begin(): void {
    const { subject, case: own } = this.#box;
    const { backend } = subject;
    const count = this.branches.length;
    const free = new FreeVariables(backend);
    const constraints = this.#constraints(free, count);
    this.#weights(free, this.#relaxation, count);
    free.add(SHARES, this.#shares(count), "share");
    this.#rows = {
      relaxation: this.#relaxation,
      objective: {
        kind: "shared",
        node: subject.network.output,
        matrix: this.#keep(transposed(backend, own)),
        bounds: this.#keep(backend.upload(own.rows, 1, own.bounds)),
      },
      owners: OWN,
      rows: count,
      free,
      constraints,
    };
  }

  /** Layer by layer, two rows for every neuron that is open in a branch whose last decision lies below. */
  async #refresh(): Promise<void> {
    const { subject, open } = this.#box;
    const { backend, network } = subject;
    const count = this.branches.length;
    for (const [activation, neurons] of open) {
      const node = network.nodes[activation].inputs[0] as number;
      const tensors = this.#bounds.get(node);
      if (!tensors || neurons.length === 0 || this.#relaxation.choices(node).length === 0) continue;
      const [lower, upper] = [await backend.read(tensors.lower), await backend.read(tensors.upper)];
      const places: number[] = [];
      for (const [column, { splits }] of this.branches.entries()) {
        const last = splits.at(-1);
        if (!last || last.node > node) continue;
        for (const neuron of neurons) {
          const at = neuron * count + column;
          if (splitPoint(network.nodes[activation].layer as Activation, lower[at], upper[at]) !== null)
            places.push(at);
        }
      }
      if (places.length === 0) continue;
      const found = await this.#crownRows(node, lower.length / count, places);
      const low = places.map((at, i) => Math.max(lower[at], found[2 * i]));
      const high = places.map((at, i) => Math.min(upper[at], -found[2 * i + 1]));
      // Bounds that cross say that no input meets the decisions; lines need an interval all the same.
      const crossed = low.map((value, i) => value > high[i]);
      for (const [i, at] of places.entries()) {
        if (low[i] - high[i] > EMPTY * (1 + Math.abs(low[i]))) this.#empty.add(at % count);
      }
      const fixed = (values: readonly number[], before: FloatArray) =>
        values.map((value, i) => (crossed[i] ? before[places[i]] : value));
      this.#bounds.set(node, {
        lower: this.#keep(replaced(backend, this.#taken(tensors.lower), places, fixed(low, lower))),
        upper: this.#keep(replaced(backend, this.#taken(tensors.upper), places, fixed(high, upper))),
      });
    }
  }

  /** Bounds of z and of −z, in turn, at `places` (neuron · branches + branch) of a node. */
  async #crownRows(node: number, features: number, places: readonly number[]): Promise<FloatArray> {
    const { backend } = this.#box.subject;
    const count = this.branches.length;
    const rows = 2 * places.length;
    const owners = indexedOwners(Int32Array.from({ length: rows }, (_, i) => places[i >> 1] % count));
    using free = new FreeVariables(backend);
    addWeights(free, this.#relaxation, node, owners, rows);
    const index = Int32Array.from({ length: rows }, (_, i) => Math.floor(places[i >> 1] / count) * rows + i);
    const signs = Array.from({ length: rows }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const nu = replaced(backend, backend.filled(features, rows, 0), index, signs);
    try {
      return await boundOnce({
        relaxation: this.#relaxation,
        objective: { kind: "fixed", node, nu },
        owners,
        rows,
        free,
        constraints: [],
      });
    } finally {
      nu.dispose();
    }
  }

  /** A tensor that is no longer the tape's to release. */
  #taken(tensor: Tensor): Tensor {
    return this.#tape.release({ value: tensor, tracked: false });
  }

  /** Where the variables stand now, one a branch. */
  async warmStarts(): Promise<WarmStart[]> {
    const { free } = this.rows;
    const { backend } = this.#box.subject;
    const count = this.branches.length;
    const values = new Map<string, FloatArray>();
    for (const name of free.names) values.set(name, await backend.read(free.get(name)));
    const shares = values.get(SHARES) as FloatArray;
    const starts = this.branches.map(({ splits }, column) => ({
      weights: new Map<string, Float32Array>(),
      multipliers: new Float32Array(splits.length),
      shares: Float32Array.from({ length: shares.length / count }, (_, k) => shares[k * count + column]),
    }));
    for (const [node, neurons] of this.#box.open) {
      for (const name of [lowerName(node), upperName(node)]) {
        const all = values.get(name);
        if (!all) continue;
        for (const [column, { weights }] of starts.entries()) {
          weights.set(
            name,
            Float32Array.from(neurons, (neuron) => all[neuron * count + column]),
          );
        }
      }
    }
    for (const [name, { index, branch, split }] of this.#places) {
      const all = values.get(name) as FloatArray;
      for (let i = 0; i < index.length; i++) starts[branch[i]].multipliers[split[i]] = all[index[i]];
    }
    return starts;
  }

  [Symbol.dispose](): void {
    this.#rows?.free[Symbol.dispose]();
    this.#relaxation[Symbol.dispose]();
    this.#tape.dispose();
    releaseBall(this.#ball);
  }

  #keep(tensor: Tensor): Tensor {
    return this.#tape.own(tensor).value;
  }

  /** The whole box's bounds, cut where a branch has decided. */
  #boundTensors(count: number): Map<number, { lower: Tensor; upper: Tensor }> {
    const { subject, bounds, open } = this.#box;
    const { backend, network } = subject;
    const cuts = new Map<string, Map<number, number>>();
    for (const [activation, neurons] of open) {
      const node = network.nodes[activation].inputs[0] as number;
      const [above, below] = [new Map<number, number>(), new Map<number, number>()];
      for (const [column, branch] of this.branches.entries()) {
        const own = branch.bounds?.get(node);
        if (!own) continue;
        for (const [i, neuron] of neurons.entries()) {
          above.set(neuron * count + column, own.lower[i]);
          below.set(neuron * count + column, own.upper[i]);
        }
      }
      cuts.set(`${node} above`, above);
      cuts.set(`${node} below`, below);
    }
    for (const [column, { splits }] of this.branches.entries()) {
      for (const { node, neuron, side, value } of splits) {
        const key = `${network.nodes[node].inputs[0]} ${side}`;
        const cut = cuts.get(key) ?? new Map<number, number>();
        const place = neuron * count + column;
        const before = cut.get(place) ?? value;
        cut.set(place, (side === "above" ? Math.max : Math.min)(before, value));
        cuts.set(key, cut);
      }
    }
    const tensors = new Map<number, { lower: Tensor; upper: Tensor }>();
    for (const [node, { lower, upper }] of bounds) {
      const side = (values: Float64Array, name: Split["side"]): Tensor => {
        const root = backend.upload(values.length, 1, values);
        const all = backend.spread(root, SHARED, count);
        root.dispose();
        const cut = cuts.get(`${node} ${name}`);
        return this.#keep(
          cut && cut.size > 0 ? replaced(backend, all, [...cut.keys()], [...cut.values()]) : all,
        );
      };
      tensors.set(node, { lower: side(lower, "above"), upper: side(upper, "below") });
    }
    return tensors;
  }

  /** One multiplier for each decision, where it is. */
  #constraints(free: FreeVariables, count: number): NamedConstraint[] {
    const { backend, network } = this.#box.subject;
    const groups = new Map<
      string,
      {
        node: number;
        side: Split["side"];
        splits: Map<number, { branch: number; split: number; value: number }>;
      }
    >();
    for (const [branch, { splits }] of this.branches.entries()) {
      for (const [split, { node, neuron, side, value }] of splits.entries()) {
        const key = `multiplier ${node} ${side}`;
        const group = groups.get(key) ?? { node, side, splits: new Map() };
        // The last decision about a neuron is the narrowest.
        group.splits.set(neuron * count + branch, { branch, split, value });
        groups.set(key, group);
      }
    }
    return [...groups].map(([multipliers, { node, side, splits }]) => {
      const features = sizeOf(network.nodes[node].shape);
      const index = Int32Array.from(splits.keys());
      const list = [...splits.values()];
      const zeros = () => backend.filled(features, count, 0);
      const start = list.map(({ branch, split }) => this.branches[branch].warm?.multipliers[split] ?? 0);
      free.add(multipliers, replaced(backend, zeros(), index, start), "multiplier");
      this.#places.set(multipliers, {
        index,
        branch: Int32Array.from(list, ({ branch }) => branch),
        split: Int32Array.from(list, ({ split }) => split),
      });
      const values = list.map(({ value }) => value);
      return {
        node,
        side,
        multipliers,
        marks: this.#keep(
          replaced(
            backend,
            zeros(),
            index,
            list.map(() => 1),
          ),
        ),
        values: values.every((value) => value === 0)
          ? null
          : this.#keep(replaced(backend, zeros(), index, values)),
      };
    });
  }

  #weights(free: FreeVariables, relaxation: Relaxation, count: number): void {
    const { subject, open } = this.#box;
    const { backend } = subject;
    for (const node of relaxation.choices()) {
      const { start, lower, upper } = relaxation.enclosure(node);
      const neurons = open.get(node) ?? new Int32Array(0);
      const warm = (name: string, cold: () => Tensor): Tensor => {
        const index: number[] = [];
        const value: number[] = [];
        for (const [column, branch] of this.branches.entries()) {
          const own = branch.warm?.weights.get(name);
          if (!own) continue;
          for (const [i, neuron] of neurons.entries()) {
            index.push(neuron * count + column);
            value.push(own[i]);
          }
        }
        return index.length === 0 ? cold() : replaced(backend, cold(), index, value);
      };
      if (lower.length === 2) {
        const name = lowerName(node);
        free.add(
          name,
          warm(name, () => backend.scaleBy(start.value, 1, 0)),
          "unit",
        );
      }
      if (upper.length === 2) {
        const name = upperName(node);
        free.add(
          name,
          warm(name, () => backend.filled(start.value.features, count, 1)),
          "unit",
        );
      }
    }
  }

  #shares(count: number): Tensor {
    const { subject, case: own } = this.#box;
    const values = new Float64Array(own.rows * count);
    for (const [column, { warm }] of this.branches.entries()) {
      for (let row = 0; row < own.rows; row++)
        values[row * count + column] = warm?.shares[row] ?? 1 / own.rows;
    }
    return subject.backend.upload(own.rows, count, values);
  }
}

/** Cᵀ `[outputs, rows]`. */
function transposed(backend: Backend, { coefficients, rows, outputs }: OutputCase): Tensor {
  const values = new Float64Array(coefficients.length);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputs; k++) values[k * rows + row] = coefficients[row * outputs + k];
  }
  return backend.upload(outputs, rows, values);
}

/** x with entries `index` (feature · rows + row) replaced; takes x over. */
function replaced(backend: Backend, x: Tensor, index: ArrayLike<number>, values: readonly number[]): Tensor {
  const { features, rows } = x;
  const flat = backend.reshape(x, features * rows, 1);
  const entries = backend.upload(values.length, 1, values);
  const made = backend.replace(flat, Int32Array.from(index), entries);
  const result = backend.reshape(made, features, rows);
  for (const tensor of [x, flat, entries, made]) tensor.dispose();
  return result;
}

/** `[features]` → `[features, count]`. */
function repeated(values: Float64Array, count: number): Float64Array {
  const all = new Float64Array(values.length * count);
  for (let f = 0; f < values.length; f++) all.fill(values[f], f * count, (f + 1) * count);
  return all;
}
