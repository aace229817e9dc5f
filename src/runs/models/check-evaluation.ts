import { UsageError } from "../../errors.js";
import { arithmeticOfModel, type Model } from "../../network/weights.js";
import type { Evaluation } from "../../threat/evaluation.js";

/** The arithmetic of models' own files: double precision where any of them computes in it. */
export function arithmeticOfStages(stages: readonly Pick<Model, "weights" | "arithmetic">[]): Evaluation {
  return stages.some((model) => arithmeticOfModel(model) === "float64") ? "float64" : "float32";
}

/**
 * Throws a `UsageError` where an evaluation in single precision is asked of weights that single precision does not have: a
 * machine would round them, and so run another network than the one that is bounded. `what` names the option.
 */
export function checkEvaluation(
  what: string,
  evaluation: Evaluation | null | undefined,
  stages: readonly (Pick<Model, "weights" | "arithmetic"> & { readonly path: string })[],
): void {
  if (evaluation !== "float32" && evaluation !== "float32-ftz") return;
  for (const { path, weights, arithmetic } of stages) {
    // What its importer brought together stays within the roundings that a layer may have.
    if (arithmetic === "float32") continue;
    for (const [name, values] of weights) {
      if (values instanceof Float32Array) continue;
      const value = values.find((own) => Math.fround(own) !== own);
      if (value === undefined) continue;
      throw new UsageError(
        `${what}: ${evaluation} would run another network: weight ${name} of ${path} has ${value}, which is no float32 ` +
          "number; take float64 or real, or write the model with float32 weights",
      );
    }
  }
}
