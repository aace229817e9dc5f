import type { Backend, Tensor } from "../compute/backend.js";
import { Adam } from "./adam.js";
import type { Optimizer, OptimizerSettings } from "./optimizer.js";
import { Sgd } from "./sgd.js";

export function createOptimizer(
  backend: Backend,
  parameters: ReadonlyMap<string, Tensor>,
  trained: readonly string[],
  settings: OptimizerSettings,
): Optimizer {
  switch (settings.kind) {
    case "adam":
      return new Adam(backend, parameters, trained, settings);
    case "sgd":
      return new Sgd(backend, parameters, trained, settings);
    default:
      return settings satisfies never;
  }
}

/** The slots' names of each kind of optimizer: what a checkpoint must hold. */
export function slotNames({ kind }: OptimizerSettings): readonly string[] {
  switch (kind) {
    case "adam":
      return ["first", "second"];
    case "sgd":
      return ["velocity"];
    default:
      return kind satisfies never;
  }
}
