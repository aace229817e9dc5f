import type { Backend, FloatArray, Tensor } from "../compute/backend.js";

/** Which optimizer, and its own settings. */
export type OptimizerSettings =
  | { readonly kind: "adam"; readonly weightDecay: number }
  | { readonly kind: "sgd"; readonly momentum: number; readonly weightDecay: number };

/** Parameters by name on a backend; an update may put new tensors in the old ones' places. */
export type MutableParameters = Map<string, Tensor>;

/** What an optimizer remembers, parameter by parameter, slot by slot (`first`, `velocity`, …): part of a checkpoint. */
export type OptimizerSlots = ReadonlyMap<string, ReadonlyMap<string, ArrayLike<number>>>;

/** What an optimizer needs in order to go on with the same numbers. */
export interface OptimizerState {
  /** Updates so far. */
  readonly step: number;
  /** Slot → parameter → values. */
  readonly slots: OptimizerSlots;
}

/** Moves parameters along their gradients. */
export interface Optimizer {
  /** Updates so far. */
  readonly step: number;
  /** What it remembers, on the backend. */
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, Tensor>>;
  /** Takes up the state of a checkpoint. */
  restore(state: OptimizerState): void;
  /** One update of every parameter that has a gradient. */
  update(parameters: MutableParameters, gradients: ReadonlyMap<string, Tensor>, rate: number): void;
  dispose(): void;
}

/** A copy of what an optimizer remembers. */
export async function readState(backend: Backend, { step, slots }: Optimizer): Promise<OptimizerState> {
  const copy = new Map<string, Map<string, FloatArray>>();
  for (const [slot, tensors] of slots) {
    const values = new Map<string, FloatArray>();
    for (const [name, tensor] of tensors) values.set(name, await backend.read(tensor));
    copy.set(slot, values);
  }
  return { step, slots: copy };
}
