import { SHARED } from "../../compute/owners.js";
import type { Tape, Variable } from "../tape.js";
import { scaleBy } from "./elementwise.js";
import { sumRows } from "./rows.js";

/** Cross-entropy of each example: logits `[K, C]`, labels `[C]` → `[1, C]`. */
export function softmaxCrossEntropy(tape: Tape, logits: Variable, labels: Int32Array): Variable {
  const { backend } = tape;
  return tape.record(backend.softmaxCrossEntropy(logits.value, labels), [logits], (g) => [
    backend.softmaxCrossEntropyGradient(logits.value, labels, g),
  ]);
}

/** The mean over examples: `[1, C]` → `[1, 1]`. */
export function mean(tape: Tape, x: Variable): Variable {
  return scaleBy(tape, sumRows(tape, x, SHARED, 1), 1 / x.value.rows);
}
