import { mean, scaleBy, softmaxCrossEntropy, type Tape, type Variable } from "../../autodiff/index.js";

/** The mean cross-entropy of logits `[classes, examples]` against labels: `[1, 1]`. */
export function standardLoss(tape: Tape, logits: Variable, labels: Int32Array): Variable {
  return mean(tape, softmaxCrossEntropy(tape, logits, labels));
}

/**
 * The robust loss (Section 2.1, equation 3): the mean cross-entropy of −J, where J `[classes, examples]` are the lower
 * bounds of z_label − z_j. It bounds the loss under any attack within the ball from above: `[1, 1]`.
 */
export function robustLoss(tape: Tape, margins: Variable, labels: Int32Array): Variable {
  return mean(tape, softmaxCrossEntropy(tape, scaleBy(tape, margins, -1), labels));
}
