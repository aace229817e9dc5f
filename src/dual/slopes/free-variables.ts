import type { Backend, Tensor } from "../../compute/backend.js";

/** Where a variable of the dual may lie: weights in [0, 1], multipliers at 0 or above, shares that add up to 1 a column. */
export type Domain = "unit" | "multiplier" | "share";

interface Entry {
  value: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
  readonly domain: Domain;
}

const BETA1 = 0.9;
const BETA2 = 0.999;

/**
 * The variables of a dual that are free within their domains, whatever their values the bound is one; moved uphill by Adam
 * and put back.
 */
export class FreeVariables implements Disposable {
  readonly #backend: Backend;
  readonly #entries = new Map<string, Entry>();
  #step = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Takes over the tensor. */
  add(name: string, value: Tensor, domain: Domain): void {
    const zeros = () => this.#backend.filled(value.features, value.rows, 0);
    this.#entries.set(name, { value, first: zeros(), second: zeros(), domain });
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  get(name: string): Tensor {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`no free variable ${name}`);
    return entry.value;
  }

  /** Puts another value in a variable's place; takes the tensor over. */
  set(name: string, value: Tensor): void {
    const entry = this.#entries.get(name);
    if (!entry) throw new Error(`no free variable ${name}`);
    entry.value.dispose();
    entry.value = value;
  }

  /** One step up the gradients, by name; takes them over. Variables without a gradient stay. */
  async climb(
    gradients: ReadonlyMap<string, Tensor>,
    rates: Readonly<Record<Domain, number>>,
  ): Promise<void> {
    this.#step += 1;
    for (const [name, gradient] of gradients) {
      const entry = this.#entries.get(name);
      if (!entry) throw new Error(`no free variable ${name}`);
      const backend = this.#backend;
      const down = backend.scaleBy(gradient, -1, 0);
      gradient.dispose();
      backend.adamStep(entry.value, down, entry.first, entry.second, {
        rate: rates[entry.domain],
        beta1: BETA1,
        beta2: BETA2,
        epsilon: 1e-8,
        weightDecay: 0,
        step: this.#step,
      });
      down.dispose();
      const moved = entry.value;
      entry.value = await this.#putBack(moved, entry.domain);
      moved.dispose();
    }
  }

  [Symbol.dispose](): void {
    for (const { value, first, second } of this.#entries.values()) {
      for (const tensor of [value, first, second]) tensor.dispose();
    }
    this.#entries.clear();
  }

  async #putBack(value: Tensor, domain: Domain): Promise<Tensor> {
    const backend = this.#backend;
    switch (domain) {
      case "unit":
        return backend.apply({ kind: "hardtanh", minimum: 0, maximum: 1 }, value);
      case "multiplier":
        return backend.apply({ kind: "relu" }, value);
      case "share": {
        const values = Float64Array.from(await backend.read(value));
        projectColumns(values, value.features, value.rows);
        return backend.upload(value.features, value.rows, values);
      }
      default:
        return domain satisfies never;
    }
  }
}

/** Each column onto the simplex: the nearest point whose entries are not negative and add up to 1. */
export function projectColumns(values: Float64Array, features: number, rows: number): void {
  const column = new Float64Array(features);
  for (let row = 0; row < rows; row++) {
    for (let f = 0; f < features; f++) column[f] = values[f * rows + row];
    const sorted = Float64Array.from(column).sort().reverse();
    let [sum, shift] = [0, 0];
    for (let k = 0; k < features; k++) {
      sum += sorted[k];
      const candidate = (sum - 1) / (k + 1);
      if (sorted[k] > candidate) shift = candidate;
    }
    for (let f = 0; f < features; f++) values[f * rows + row] = Math.max(0, column[f] - shift);
  }
}
