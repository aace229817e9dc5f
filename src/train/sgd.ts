import type { Backend, Tensor } from "../compute/backend.js";
import type { MutableParameters, Optimizer, OptimizerState } from "./optimizer.js";
import { Slot } from "./slots.js";

/**
 * Gradient descent with momentum and weight decay: v ← μ·v + (g + λ·w), w ← w − rate·v. Without momentum nothing is
 * remembered but zeros.
 */
export class Sgd implements Optimizer {
  readonly #backend: Backend;
  readonly #momentum: number;
  readonly #weightDecay: number;
  readonly #velocity: Slot;
  #step = 0;

  constructor(
    backend: Backend,
    parameters: ReadonlyMap<string, Tensor>,
    trained: readonly string[],
    { momentum, weightDecay }: { readonly momentum: number; readonly weightDecay: number },
  ) {
    this.#backend = backend;
    this.#momentum = momentum;
    this.#weightDecay = weightDecay;
    this.#velocity = new Slot(backend, parameters, trained);
  }

  get step(): number {
    return this.#step;
  }

  get slots(): Optimizer["slots"] {
    return new Map([["velocity", this.#velocity.tensors]]);
  }

  restore({ step, slots }: OptimizerState): void {
    this.#step = step;
    this.#velocity.restore(slots.get("velocity") ?? new Map());
  }

  update(parameters: MutableParameters, gradients: ReadonlyMap<string, Tensor>, rate: number): void {
    this.#step += 1;
    for (const [name, gradient] of gradients) {
      const own = parameters.get(name) as Tensor;
      const decayed = this.#backend.combine(1, gradient, this.#weightDecay, own);
      const velocity = this.#backend.combine(this.#momentum, this.#velocity.get(name), 1, decayed);
      parameters.set(name, this.#backend.combine(1, own, -rate, velocity));
      this.#velocity.replace(name, velocity);
      decayed.dispose();
      own.dispose();
    }
  }

  dispose(): void {
    this.#velocity.dispose();
  }
}
