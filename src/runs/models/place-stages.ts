import type { Stage } from "../cascade/certify-cascade.js";
import type { Backend } from "../compute/backend.js";
import { type Model, releaseParameters, uploadWeights } from "../network/weights.js";
import type { PlacedModel } from "./certification.js";

/** Puts all stages on a backend, until disposed. */
export function placeStages(backend: Backend, models: readonly Model[]): PlacedModel & Disposable {
  const stages = models.map(
    (model): Stage => ({ network: model.network, parameters: uploadWeights(backend, model) }),
  );
  return {
    backend,
    stages,
    [Symbol.dispose]() {
      for (const { parameters } of stages) releaseParameters(parameters);
    },
  };
}
