import { checkIndex, checkSame, checkShape, type Size, shapeMismatch } from "../shape-checks.js";
import { entrywise } from "./entries.js";

// Loss and optimizer.

function checkLabels(operation: string, logits: Size, labels: Int32Array): void {
  if (labels.length !== logits.rows) {
    throw shapeMismatch(operation, `${logits.rows} labels`, `${labels.length}`);
  }
  checkIndex(operation, "labels", labels, 0, logits.features);
}

export function softmaxCrossEntropy(logits: Size, labels: Int32Array): Size {
  checkLabels("softmaxCrossEntropy", logits, labels);
  return { features: 1, rows: logits.rows };
}

export function softmaxCrossEntropyGradient(logits: Size, labels: Int32Array, g: Size): Size {
  checkLabels("softmaxCrossEntropyGradient", logits, labels);
  checkShape("softmaxCrossEntropyGradient", "g", g, 1, logits.rows);
  return entrywise(logits);
}

/** What is written must be four tensors: each entry is read after others were written. */
export function adamStep(parameter: Size, gradient: Size, first: Size, second: Size): Size {
  const count = new Set([parameter, gradient, first, second]).size;
  if (count < 4) throw shapeMismatch("adamStep", "four tensors", `${count}, one of them in several places`);
  return checkSame("adamStep", parameter, gradient, first, second);
}
