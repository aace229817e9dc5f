import type { Backend, Tensor } from "../compute/backend.js";
import type { Weights } from "../network/weights.js";
import { downloadWeights } from "../network/weights.js";
import type { MutableParameters } from "./optimizer.js";

/** How many epochs' weights were averaged, and their mean. */
export interface AverageState {
  readonly count: number;
  readonly weights: Weights;
}

/** The mean of weights, running statistics included, at the ends of epochs. */
export class WeightAverage {
  readonly #backend: Backend;
  readonly #means = new Map<string, Tensor>();
  #count = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Takes in weights as they stand. */
  add(parameters: MutableParameters): void {
    this.#count += 1;
    for (const [name, value] of parameters) {
      const before = this.#means.get(name);
      const mean = before
        ? this.#backend.combine(1 - 1 / this.#count, before, 1 / this.#count, value)
        : this.#backend.scaleBy(value, 1, 0);
      before?.dispose();
      this.#means.set(name, mean);
    }
  }

  /** Puts the mean in the place of the weights; they stay as they are where nothing was taken in. */
  replace(parameters: MutableParameters): void {
    for (const [name, mean] of this.#means) {
      parameters.get(name)?.dispose();
      parameters.set(name, mean);
    }
    this.#means.clear();
    this.#count = 0;
  }

  /** Null where nothing was taken in. */
  async state(): Promise<AverageState | null> {
    if (this.#count === 0) return null;
    return { count: this.#count, weights: await downloadWeights(this.#backend, this.#means) };
  }

  /** Goes on where `state` stopped, with the shapes of these parameters. */
  restore({ count, weights }: AverageState, parameters: MutableParameters): void {
    this.dispose();
    this.#count = count;
    for (const [name, { features, rows }] of parameters) {
      const values = weights.get(name);
      if (values) this.#means.set(name, this.#backend.upload(features, rows, values));
    }
  }

  dispose(): void {
    for (const mean of this.#means.values()) mean.dispose();
    this.#means.clear();
    this.#count = 0;
  }
}
