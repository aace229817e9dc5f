import { cascadeOf, type LoadedCascade } from "../cascade/folder.js";
import type { Backend } from "../compute/backend.js";
import { kindOf, UsageError } from "../errors.js";
import type { LoadedModel } from "../formats/model-file.js";
import { Network } from "../network/network.js";
import { checkWeights, type Model } from "../network/weights.js";
import { openStages } from "../runs/models/open-model.js";
import { isRecord } from "./check-options.js";

/**
 * A model as the calls of the library take it: a model file, a run folder or a name of the package; a model in memory, a
 * network with its weights; or several of them, the stages of a cascade in order.
 */
export type ModelLike = string | Model | LoadedCascade | readonly (string | Model)[];

/** A model as it is at the moment of the call: what the caller writes into its weights afterwards is nothing to the work. */
export function copyOfModel(model: ModelLike): ModelLike {
  if (Array.isArray(model)) return model.map((part) => copyOfModel(part) as string | Model);
  if (!isModel(model)) return model;
  const { network, weights, arithmetic } = model;
  return { network, weights: copyOfWeights(weights), ...(arithmetic && { arithmetic }) };
}

function copyOfWeights(weights: Model["weights"]): Model["weights"] {
  return new Map(
    Array.from(weights, ([name, values]) => {
      if (values instanceof Float32Array || values instanceof Float64Array) return [name, values.slice()];
      throw new UsageError(
        `weights: ${name}: expected a Float32Array or a Float64Array, found ${kindOf(values)}`,
      );
    }),
  );
}

/**
 * Reads a model, one network or the stages of a cascade, and checks that it can compute on the backend. Throws a `FormatError`
 * for a file that is none, a `UsageError` for anything else.
 */
export async function openOn(backend: Backend, model: ModelLike, what: string): Promise<LoadedCascade> {
  const found = isCascade(model) ? model : await opened(backend, model, what);
  for (const { network, weights, path } of found.stages) checkWeights(network, weights, path, backend.dtype);
  return found;
}

async function opened(
  backend: Backend,
  model: Exclude<ModelLike, LoadedCascade>,
  what: string,
): Promise<LoadedCascade> {
  if (typeof model === "string") return openStages([model], backend);
  const parts: readonly unknown[] = Array.isArray(model) ? model : [model];
  const stages: LoadedModel[] = [];
  for (const part of parts) {
    if (typeof part === "string") stages.push(...(await openStages([part], backend)).stages);
    else if (isModel(part)) stages.push({ ...part, path: IN_MEMORY, sha256: "", metadata: {} });
    else
      throw new UsageError(
        `${what}: expected a path, a name, or a network with its weights, found ${kindOf(part)}`,
      );
  }
  const [first] = stages;
  return cascadeOf(stages.length === 1 ? first.path : parts.map(nameOf).join(", "), stages);
}

const IN_MEMORY = "a model in memory";

function nameOf(part: unknown): string {
  return typeof part === "string" ? part : IN_MEMORY;
}

/** Whether a value is a network with its weights. */
export function isModel(value: unknown): value is Model {
  return isRecord(value) && value.network instanceof Network && value.weights instanceof Map;
}

function isCascade(value: unknown): value is LoadedCascade {
  return (
    isRecord(value) &&
    typeof value.path === "string" &&
    Array.isArray(value.stages) &&
    value.stages.length > 0 &&
    value.stages.every(isModel)
  );
}
