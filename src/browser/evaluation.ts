import { arithmeticOfModel, type Model } from "../network/weights.js";
import { checkEvaluation } from "../runs/models/check-evaluation.js";
import type { Evaluation } from "../threat/evaluation.js";

/** The arithmetic that a call's proofs are to hold for; a `UsageError` where the model's weights are not of it. */
export function evaluationFor(call: string, model: Model, asked: Evaluation | undefined): Evaluation {
  checkEvaluation(`${call}: evaluation`, asked, [{ ...model, path: "the model" }]);
  return asked ?? arithmeticOfModel(model);
}
