import type { Backend, Tensor } from "../compute/backend.js";

/** One tensor per parameter, of its shape, as optimizers remember them; zero at first. */
export class Slot {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly #backend: Backend;
  readonly #own: Map<string, Tensor>;

  constructor(backend: Backend, parameters: ReadonlyMap<string, Tensor>, trained: readonly string[]) {
    this.#backend = backend;
    this.#own = new Map(
      trained.map((name) => {
        const { features, rows } = parameters.get(name) as Tensor;
        return [name, backend.filled(features, rows, 0)];
      }),
    );
    this.tensors = this.#own;
  }

  get(name: string): Tensor {
    return this.#own.get(name) as Tensor;
  }

  /** Puts a tensor in the old one's place. */
  replace(name: string, tensor: Tensor): void {
    this.#own.get(name)?.dispose();
    this.#own.set(name, tensor);
  }

  /** Takes up the values of a checkpoint. */
  restore(values: ReadonlyMap<string, ArrayLike<number>>): void {
    for (const [name, { features, rows }] of [...this.#own]) {
      const own = values.get(name);
      if (own) this.replace(name, this.#backend.upload(features, rows, own));
    }
  }

  dispose(): void {
    for (const tensor of this.#own.values()) tensor.dispose();
  }
}
