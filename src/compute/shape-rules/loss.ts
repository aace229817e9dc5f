import { checkIndex, checkSame, checkShape, type Shape, shapeMismatch } from "../shape-checks.js";
import { entrywise } from "./entries.js";

// Loss and optimizer.

function checkLabels(operation: string, logits: Shape, labels: Int32Array): void {
  if (labels.length !== logits.rows) {
    throw shapeMismatch(operation, `${logits.rows} labels`, `${labels.length}`);
  }
  checkIndex(operation, "labels", labels, 0, logits.features);
}

export function softmaxCrossEntropy(logits: Shape, labels: Int32Array): Shape {
  checkLabels("softmaxCrossEntropy", logits, labels);
  return { features: 1, rows: logits.rows };
}

export function softmaxCrossEntropyGradient(logits: Shape, labels: Int32Array, g: Shape): Shape {
  checkLabels("softmaxCrossEntropyGradient", logits, labels);
  checkShape("softmaxCrossEntropyGradient", "g", g, 1, logits.rows);
  return entrywise(logits);
}

export function adamStep(parameter: Shape, gradient: Shape, first: Shape, second: Shape): Shape {
  return checkSame("adamStep", parameter, gradient, first, second);
}
