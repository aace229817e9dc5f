export type { NdArray } from "./array.js";
export { evaluateNode } from "./evaluate-node.js";
export type { NodeEvaluation, OperatorEvaluation } from "./evaluation.js";
export { FoldingBudget, storedNumbers } from "./folding-budget.js";
export { GraphEvaluator, type GraphEvaluatorSettings } from "./graph-evaluator.js";
export { EVALUATED } from "./operators/index.js";
export { arrayOfTensor } from "./tensor.js";
