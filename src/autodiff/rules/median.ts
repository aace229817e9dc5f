import type { Tensor } from "../../compute/backend.js";
import type { Tape, Variable } from "../tape.js";

/** The median of |x| over each run of `times` rows, and which row of the run holds it: `[f, C·times]` → each `[f, C]`. */
export function medianRows(
  tape: Tape,
  x: Variable,
  times: number,
): { readonly value: Variable; readonly index: Tensor } {
  const { backend } = tape;
  const median = backend.medianRows(x.value, times);
  // Which row holds a median has no derivative: gradients stop here.
  const index = tape.own(median.index).value;
  const value = tape.record(median.value, [x], (g) => [backend.medianRowsGradient(x.value, index, g, times)]);
  return { value, index };
}

/** The geometric mean of |x| over each run of `times` rows, off the record: `[f, C·times]` → `[f, C]`. */
export function geometricMeanRows(tape: Tape, x: Variable, times: number): Variable {
  return tape.own(tape.backend.geometricMeanRows(x.value, times));
}
