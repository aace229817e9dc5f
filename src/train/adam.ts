import type { Backend, Tensor } from "../compute/backend.js";
import type { Parameters } from "../network/weights.js";

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/** What Adam remembers of a parameter: running means of the gradient and of its square. */
export interface Moments {
  readonly first: Tensor;
  readonly second: Tensor;
}

/** Adam (Kingma & Ba 2015) over a network's trained parameters. Its moments are part of a checkpoint. */
export class Adam {
  readonly moments: ReadonlyMap<string, Moments>;
  readonly #backend: Backend;
  readonly #options: Required<AdamOptions>;
  #step = 0;

  constructor(
    backend: Backend,
    parameters: Parameters,
    trained: readonly string[],
    options: AdamOptions = {},
  ) {
    this.#backend = backend;
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options };
    this.moments = new Map(
      trained.map((name) => {
        const { features, rows } = parameters.get(name) as Tensor;
        return [
          name,
          { first: backend.filled(features, rows, 0), second: backend.filled(features, rows, 0) },
        ];
      }),
    );
  }

  /** How many updates were made. */
  get step(): number {
    return this.#step;
  }

  /** Takes up the state of a checkpoint. */
  restore(
    step: number,
    moments: ReadonlyMap<string, { first: ArrayLike<number>; second: ArrayLike<number> }>,
  ): void {
    this.#step = step;
    const mutable = this.moments as Map<string, Moments>;
    for (const [name, { first, second }] of moments) {
      const old = this.moments.get(name);
      if (!old) continue;
      const { features, rows } = old.first;
      mutable.set(name, {
        first: this.#backend.upload(features, rows, first),
        second: this.#backend.upload(features, rows, second),
      });
      old.first.dispose();
      old.second.dispose();
    }
  }

  /** One update of every parameter that has a gradient. */
  update(parameters: Parameters, gradients: ReadonlyMap<string, Tensor>, rate: number): void {
    this.#step += 1;
    for (const [name, gradient] of gradients) {
      const { first, second } = this.moments.get(name) as Moments;
      const settings = { ...this.#options, rate, step: this.#step };
      this.#backend.adamStep(parameters.get(name) as Tensor, gradient, first, second, settings);
    }
  }

  dispose(): void {
    for (const { first, second } of this.moments.values()) {
      first.dispose();
      second.dispose();
    }
  }
}
