import type { Backend, Tensor } from "../compute/backend.js";
import type { MutableParameters, Optimizer, OptimizerState } from "./optimizer.js";
import { Slot } from "./slots.js";

/** Adam (Kingma & Ba 2015) over a network's trained parameters: running means of the gradient and of its square. */
export class Adam implements Optimizer {
  readonly #backend: Backend;
  readonly #weightDecay: number;
  readonly #first: Slot;
  readonly #second: Slot;
  #step = 0;

  constructor(
    backend: Backend,
    parameters: ReadonlyMap<string, Tensor>,
    trained: readonly string[],
    { weightDecay }: { readonly weightDecay: number },
  ) {
    this.#backend = backend;
    this.#weightDecay = weightDecay;
    this.#first = new Slot(backend, parameters, trained);
    this.#second = new Slot(backend, parameters, trained);
  }

  get step(): number {
    return this.#step;
  }

  get slots(): Optimizer["slots"] {
    return new Map([
      ["first", this.#first.tensors],
      ["second", this.#second.tensors],
    ]);
  }

  restore({ step, slots }: OptimizerState): void {
    this.#step = step;
    this.#first.restore(slots.get("first") ?? new Map());
    this.#second.restore(slots.get("second") ?? new Map());
  }

  update(parameters: MutableParameters, gradients: ReadonlyMap<string, Tensor>, rate: number): void {
    this.#step += 1;
    const settings = {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: this.#weightDecay,
      rate,
      step: this.#step,
    };
    for (const [name, gradient] of gradients) {
      const own = parameters.get(name) as Tensor;
      this.#backend.adamStep(own, gradient, this.#first.get(name), this.#second.get(name), settings);
    }
  }

  dispose(): void {
    this.#first.dispose();
    this.#second.dispose();
  }
}
