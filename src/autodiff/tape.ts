import type { Backend, Tensor } from "../compute/backend.js";
import { BackendError } from "../errors.js";

/**
 * A tensor in a computation. `tracked` says whether a gradient is wanted for it; a result is tracked if any of its
 * arguments is and its tape records.
 */
export interface Variable {
  readonly value: Tensor;
  readonly tracked: boolean;
}

/**
 * A vector-Jacobian product: from the gradient of an operation's result to the gradients of its arguments, in their
 * order. `needs[i]` is false where no gradient is wanted; the answer there may be null.
 */
export type VectorJacobianProduct = (g: Tensor, needs: readonly boolean[]) => readonly (Tensor | null)[];

/** The same for an operation of several results: their gradients in order, zeros where none has arrived. */
export type JointVectorJacobianProduct = (
  g: readonly Tensor[],
  needs: readonly boolean[],
) => readonly (Tensor | null)[];

interface Entry {
  readonly outputs: readonly Variable[];
  readonly backward: (g: readonly Tensor[], accumulate: Accumulate) => void;
  /** Makes another gradient of the result's, which is waited for before it goes back. */
  readonly exchange?: Exchange;
}

/** From a gradient to the one that goes on; the given one stays its giver's. */
type Exchange = (g: Tensor) => Promise<Tensor>;

/** A walk backwards that stops for every gradient to be exchanged, and goes on with the other one. */
type Walk = Generator<() => Promise<Tensor>, void, Tensor>;

type Accumulate = (variable: Variable, g: Tensor) => void;

/**
 * Records the operations that a dual or primal network consists of, and walks them backwards.
 *
 * The tape owns every tensor that its operations make and releases them in `dispose`; leaves (`leaf`, `constant`)
 * stay their maker's. A tape that does not record is the way to compute without gradients: the same code, and
 * `discard` frees what is no longer wanted.
 */
export class Tape implements Disposable {
  /** What computes; every tensor of the tape is on it. */
  readonly backend: Backend;
  /** Whether gradients can be had. */
  readonly recording: boolean;
  readonly #entries: Entry[] = [];
  readonly #owned = new Set<Tensor>();
  readonly #made = new Set<Variable>();

  /** `record: true` where gradients are wanted; results then stay until the tape goes. */
  constructor(backend: Backend, options: { readonly record: boolean }) {
    this.backend = backend;
    this.recording = options.record;
  }

  /** A tensor of the caller's for which a gradient is wanted. */
  leaf(value: Tensor): Variable {
    return { value, tracked: true };
  }

  /** A tensor of the caller's that counts as fixed. */
  constant(value: Tensor): Variable {
    return { value, tracked: false };
  }

  /** A tensor made for this computation: fixed, and released with the tape. */
  own(value: Tensor): Variable {
    this.#owned.add(value);
    return { value, tracked: false };
  }

  /** The same value without its history: gradients stop here. */
  stop(variable: Variable): Variable {
    return variable.tracked ? { value: variable.value, tracked: false } : variable;
  }

  /** Registers an operation's result and how gradients pass back through it. */
  record(value: Tensor, inputs: readonly Variable[], vjp: VectorJacobianProduct): Variable {
    return this.recordMany([value], inputs, ([g], needs) => vjp(g, needs))[0];
  }

  /** Registers an operation of several results: gradients pass back once, when those of all results are there. */
  recordMany(
    values: readonly Tensor[],
    inputs: readonly Variable[],
    vjp: JointVectorJacobianProduct,
  ): readonly Variable[] {
    return this.#enter(values, inputs, (g, accumulate) => {
      const gradients = vjp(
        g,
        inputs.map((input) => input.tracked),
      );
      inputs.forEach((input, i) => {
        const gradient = gradients[i];
        if (!gradient) return;
        if (input.tracked) accumulate(input, gradient);
        else gradient.dispose();
      });
    });
  }

  /**
   * Registers a result that others have a part in, as a sum over several processes has: its gradient is exchanged with them on its way
   * back to `input`, which has the same shape. Every such entry of a tape is exchanged, with zeros where no gradient arrived, so that
   * all who record alike exchange alike. Gradients are then had from `gradientsAwaited` alone.
   * @internal
   */
  recordExchange(value: Tensor, input: Variable, exchange: Exchange): Variable {
    const pass: Entry["backward"] = ([g], accumulate) =>
      accumulate(input, this.backend.reshape(g, g.features, g.rows));
    return this.#enter([value], [input], pass, exchange)[0];
  }

  /**
   * Computes `run` without remembering its inside; the backward pass computes it once more. Memory is then that of
   * the result and one such piece at a time. `run` must give the same result each time.
   */
  checkpoint(run: (tape: Tape) => Variable): Variable {
    if (!this.recording) return this.aside(run);
    const quiet = new Tape(this.backend, { record: false });
    const result = run(quiet).value;
    quiet.#owned.delete(result);
    quiet.dispose();
    const [output] = this.#enter([result], [{ value: result, tracked: true }], ([g], accumulate) => {
      using inner = new Tape(this.backend, { record: true });
      atOnce(inner.#walk(run(inner), g, accumulate));
    });
    return output;
  }

  /** Computes `run` off the record: the result counts as fixed, what it needed on the way is freed at once. */
  aside(run: (tape: Tape) => Variable): Variable {
    const quiet = new Tape(this.backend, { record: false });
    const { value } = run(quiet);
    const made = quiet.#owned.delete(value);
    quiet.dispose();
    if (made) this.#owned.add(value);
    return { value, tracked: false };
  }

  /** Frees a tensor early. Does nothing on a recording tape, which may still need it, or for a caller's tensor. */
  discard(...variables: readonly Variable[]): void {
    if (this.recording) return;
    for (const { value } of variables) if (this.#owned.delete(value)) value.dispose();
  }

  /** Hands a result to the caller, who then releases it. */
  release(variable: Variable): Tensor {
    this.#owned.delete(variable.value);
    return variable.value;
  }

  /**
   * Gradients of a scalar `[1, 1]` result with respect to leaves. The caller owns the gradients; null for a leaf that
   * the result does not depend on. Throws a `BackendError` for another shape, on a tape that does not record, or where gradients
   * are to be exchanged.
   */
  gradients(output: Variable, leaves: readonly Variable[]): (Tensor | null)[] {
    const { walk, wanted } = this.#gradientsOf(output, leaves);
    atOnce(walk);
    return wanted();
  }

  /** The same, with gradients exchanged where that was recorded. */
  async gradientsAwaited(output: Variable, leaves: readonly Variable[]): Promise<(Tensor | null)[]> {
    const { walk, wanted } = this.#gradientsOf(output, leaves);
    let step = walk.next();
    while (!step.done) step = walk.next(await step.value());
    return wanted();
  }

  #gradientsOf(output: Variable, leaves: readonly Variable[]) {
    if (!this.recording) throw new BackendError("gradients need a tape that records");
    if (output.value.features !== 1 || output.value.rows !== 1) {
      throw new BackendError(
        `gradients start from a scalar, got [${output.value.features}, ${output.value.rows}]`,
      );
    }
    const collected = new Map<Variable, Tensor>();
    const seed = this.backend.filled(1, 1, 1);
    return {
      walk: this.#walk(output, seed, (variable, g) => this.#add(collected, variable, g)),
      wanted: () => {
        seed.dispose();
        const wanted = leaves.map((leaf) => collected.get(leaf) ?? null);
        for (const [variable, g] of collected) if (!leaves.includes(variable)) g.dispose();
        return wanted;
      },
    };
  }

  /** Releases every tensor that the tape owns; what `release` handed over is the caller's. */
  dispose(): void {
    for (const tensor of this.#owned) tensor.dispose();
    this.#owned.clear();
    this.#entries.length = 0;
    this.#made.clear();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #enter(
    values: readonly Tensor[],
    inputs: readonly Variable[],
    backward: Entry["backward"],
    exchange?: Exchange,
  ): readonly Variable[] {
    const tracked = this.recording && inputs.some((input) => input.tracked);
    const outputs = values.map((value) => ({ value, tracked }));
    for (const value of values) this.#owned.add(value);
    if (tracked) {
      this.#entries.push({ outputs, backward, ...(exchange && { exchange }) });
      for (const output of outputs) this.#made.add(output);
    }
    return outputs;
  }

  #add(into: Map<Variable, Tensor>, variable: Variable, g: Tensor): void {
    const before = into.get(variable);
    if (!before) {
      into.set(variable, g);
      return;
    }
    into.set(variable, this.backend.combine(1, before, 1, g));
    before.dispose();
    g.dispose();
  }

  /** Passes `g` back from `output`; what reaches variables made elsewhere goes to `outside`. */
  *#walk(output: Variable, g: Tensor, outside: Accumulate): Walk {
    const inside = new Map<Variable, Tensor>();
    const accumulate: Accumulate = (variable, gradient) => {
      if (this.#made.has(variable)) this.#add(inside, variable, gradient);
      else outside(variable, gradient);
    };
    if (!output.tracked) return;
    accumulate(output, this.backend.reshape(g, g.features, g.rows));
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const { outputs, backward, exchange } = this.#entries[i];
      if (!exchange && !outputs.some((made) => inside.has(made))) continue;
      const gradients = outputs.map(
        (made) => inside.get(made) ?? this.backend.filled(made.value.features, made.value.rows, 0),
      );
      for (const made of outputs) inside.delete(made);
      if (exchange) {
        const exchanged: Tensor = yield () => exchange(gradients[0]);
        gradients[0].dispose();
        gradients[0] = exchanged;
      }
      backward(gradients, accumulate);
      for (const gradient of gradients) gradient.dispose();
    }
  }
}

/** A walk on which nothing is exchanged. */
function atOnce(walk: Walk): void {
  if (!walk.next().done) {
    throw new BackendError("gradients that are exchanged with other processes need gradientsAwaited");
  }
}
