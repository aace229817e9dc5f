import type { Backend } from "../../compute/backend.js";
import { type Model, type PlacedNetwork, placeModel } from "../../network/weights.js";

/** A model on a backend, one network or the stages of a cascade, until it is disposed. */
export interface PlacedStages extends Disposable {
  readonly stages: readonly PlacedNetwork[];
}

/** Puts all stages on a backend. */
export function placeStages(backend: Backend, models: readonly Model[]): PlacedStages {
  const stages = models.map((model) => placeModel(backend, model));
  return {
    stages,
    [Symbol.dispose]() {
      for (const stage of stages) stage[Symbol.dispose]();
    },
  };
}
