import { Tape } from "../autodiff/index.js";
import type { Backend, FloatArray, Tensor } from "../compute/backend.js";
import { OWN } from "../compute/owners.js";
import type { PieceLimits } from "../dual/pieces.js";
import {
  type DualRows,
  lowerName,
  type NamedConstraint,
  SHARES,
  upperName,
} from "../dual/slopes/dual-rows.js";
import { FreeVariables } from "../dual/slopes/free-variables.js";
import { sizeOf } from "../network/shape.js";
import { roundUp } from "../threat/outward.js";
import type { Branch, BranchedBox, NeuronSplit, WarmStart } from "./branch.js";
import { BranchBounds } from "./branch-bounds.js";
import { filledWith, replaced } from "./entries.js";
import type { OutputCase } from "./question.js";

/** Where the multipliers of a free variable belong: entry, branch, decision. */
interface Places {
  readonly index: Int32Array;
  readonly branch: Int32Array;
  readonly split: Int32Array;
}

/** Branches and the rows that bound the case on each, with variables that begin where their parents' ended. */
export class BranchRows implements Disposable {
  readonly bounds: BranchBounds;
  readonly rows: DualRows;
  readonly #box: BranchedBox;
  readonly #branches: readonly Branch[];
  readonly #tape: Tape;
  readonly #places = new Map<string, Places>();

  private constructor(box: BranchedBox, branches: readonly Branch[], bounds: BranchBounds) {
    const { subject, case: own } = box;
    const { backend, network } = subject;
    this.#box = box;
    this.#branches = branches;
    this.bounds = bounds;
    this.#tape = new Tape(backend, { record: false });
    const free = new FreeVariables(backend);
    const constraints = this.#constraints(free);
    this.#weights(free);
    free.add(SHARES, this.#shares(), "share");
    this.rows = {
      relaxation: bounds.relaxation,
      objective: {
        kind: "shared",
        node: network.output,
        matrix: this.#keep(transposed(backend, own)),
        // Upwards, so that less is proved.
        bounds: this.#keep(
          backend.upload(
            own.rows,
            1,
            own.bounds.map((bound) => roundUp(bound, backend.dtype)),
          ),
        ),
      },
      owners: OWN,
      rows: branches.length,
      free,
      constraints,
    };
  }

  /** With `refresh` the bounds above each branch's last decision are computed again. Throws the reason of the limits' signal. */
  static async of(
    box: BranchedBox,
    branches: readonly Branch[],
    { refresh, limits = {} }: { readonly refresh: boolean; readonly limits?: PieceLimits },
  ): Promise<BranchRows> {
    const bounds = new BranchBounds(box, branches);
    try {
      if (refresh) await bounds.refresh(limits);
      return new BranchRows(box, branches, bounds);
    } catch (error) {
      bounds[Symbol.dispose]();
      throw error;
    }
  }

  /** Of a single branch: shares of the case's rows and multipliers of its decisions, none negative. */
  setVariables(shares: readonly number[], multipliers: readonly number[]): void {
    const { backend } = this.#box.subject;
    const { free } = this.rows;
    free.set(SHARES, backend.upload(shares.length, 1, shares));
    for (const [name, { index, split }] of this.#places) {
      const own = Array.from(split, (at) => multipliers[at]);
      free.set(name, filledWith(backend, free.get(name).features, 1, index, own));
    }
  }

  /** Where the variables stand now, one per branch. */
  async warmStarts(): Promise<WarmStart[]> {
    const { free } = this.rows;
    const { backend } = this.#box.subject;
    const count = this.#branches.length;
    const values = new Map<string, FloatArray>();
    for (const name of free.names) values.set(name, await backend.read(free.get(name)));
    const shares = values.get(SHARES) as FloatArray;
    const starts = this.#branches.map(({ splits }, column) => ({
      weights: new Map<string, Float32Array>(),
      multipliers: new Float32Array(splits.length),
      shares: Float32Array.from({ length: shares.length / count }, (_, k) => shares[k * count + column]),
    }));
    for (const [node, neurons] of this.#box.unstable) {
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
    this.rows.free[Symbol.dispose]();
    this.#tape.dispose();
    this.bounds[Symbol.dispose]();
  }

  #keep(tensor: Tensor): Tensor {
    return this.#tape.own(tensor).value;
  }

  /** One multiplier for each decision, where it is. */
  #constraints(free: FreeVariables): NamedConstraint[] {
    const { backend, network } = this.#box.subject;
    const count = this.#branches.length;
    return [...this.#decisions()].map(([multipliers, { node, side, byPlace }]) => {
      const features = sizeOf(network.nodes[node].shape);
      const index = Int32Array.from(byPlace.keys());
      const list = [...byPlace.values()];
      const entries = (values: readonly number[]) => filledWith(backend, features, count, index, values);
      const start = list.map(({ branch, split }) => this.#branches[branch].warm?.multipliers[split] ?? 0);
      free.add(multipliers, entries(start), "multiplier");
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
        marks: this.#keep(entries(list.map(() => 1))),
        values: values.every((value) => value === 0) ? null : this.#keep(entries(values)),
      };
    });
  }

  /** The decisions of all branches by activation and side, named as their multipliers are. */
  #decisions(): ReadonlyMap<string, Decisions> {
    const count = this.#branches.length;
    const groups = new Map<string, Decisions>();
    for (const [branch, { splits }] of this.#branches.entries()) {
      for (const [split, { node, neuron, side, value }] of splits.entries()) {
        const key = `multiplier ${node} ${side}`;
        const group = groups.get(key) ?? { node, side, byPlace: new Map() };
        // The last decision about a neuron is the narrowest.
        group.byPlace.set(neuron * count + branch, { branch, split, value });
        groups.set(key, group);
      }
    }
    return groups;
  }

  #weights(free: FreeVariables): void {
    const { backend } = this.#box.subject;
    const { relaxation } = this.bounds;
    const count = this.#branches.length;
    for (const node of relaxation.choices()) {
      const { start, lower, upper } = relaxation.enclosure(node);
      if (lower.length === 2) {
        free.add(
          lowerName(node),
          this.#warm(node, lowerName(node), backend.scaleBy(start.value, 1, 0)),
          "unit",
        );
      }
      if (upper.length === 2) {
        const ones = backend.filled(start.value.features, count, 1);
        free.add(upperName(node), this.#warm(node, upperName(node), ones), "unit");
      }
    }
  }

  /** Weights as parents left them, those of `cold` where there are none; takes `cold` over. */
  #warm(node: number, name: string, cold: Tensor): Tensor {
    const { subject, unstable } = this.#box;
    const count = this.#branches.length;
    const neurons = unstable.get(node) ?? new Int32Array(0);
    const warm = this.#branches.map((branch) => branch.warm?.weights.get(name));
    const size = neurons.length * warm.filter((own) => own !== undefined).length;
    if (size === 0) return cold;
    const [index, values] = [new Int32Array(size), new Float64Array(size)];
    let at = 0;
    for (let column = 0; column < count; column++) {
      const own = warm[column];
      if (!own) continue;
      for (let i = 0; i < neurons.length; i++, at++) {
        index[at] = neurons[i] * count + column;
        values[at] = own[i];
      }
    }
    return replaced(subject.backend, cold, index, values);
  }

  #shares(): Tensor {
    const { subject, case: own } = this.#box;
    const count = this.#branches.length;
    const values = new Float64Array(own.rows * count);
    for (const [column, { warm }] of this.#branches.entries()) {
      for (let row = 0; row < own.rows; row++)
        values[row * count + column] = warm?.shares[row] ?? 1 / own.rows;
    }
    return subject.backend.upload(own.rows, count, values);
  }
}

interface Decisions {
  readonly node: number;
  readonly side: NeuronSplit["side"];
  readonly byPlace: Map<number, { readonly branch: number; readonly split: number; readonly value: number }>;
}

/** Cᵀ `[outputs, rows]`. */
function transposed(backend: Backend, { coefficients, rows, outputs }: OutputCase): Tensor {
  const values = new Float64Array(coefficients.length);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputs; k++) values[k * rows + row] = coefficients[row * outputs + k];
  }
  return backend.upload(outputs, rows, values);
}
