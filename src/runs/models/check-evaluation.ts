import { UsageError } from "../../errors.js";
import { arithmeticOfWeights, type Weights } from "../../network/weights.js";
import type { Evaluation } from "../../threat/evaluation.js";

/** The arithmetic of models' own files: double precision where any of their weights has it. */
export function arithmeticOfStages(stages: readonly { readonly weights: Weights }[]): Evaluation {
  return stages.some(({ weights }) => arithmeticOfWeights(weights) === "float64") ? "float64" : "float32";
}

/**
 * Throws a `UsageError` where an evaluation in single precision is asked of weights that single precision does not have: a
 * machine would round them, and so run another network than the one that is bounded. `what` names the option.
 */
export function checkEvaluation(
  what: string,
  evaluation: Evaluation | null | undefined,
  stages: readonly { readonly path: string; readonly weights: Weights }[],
): void {
  if (evaluation !== "float32" && evaluation !== "float32-ftz") return;
  for (const { path, weights } of stages) {
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
