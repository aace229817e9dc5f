import { apply, type Tape, type Variable } from "../../autodiff/index.js";

/**
 * |W|, as a layer takes it on the tape that asks. Where the tape that the layer is bound on keeps no record, all have one, made
 * when the first asks; elsewhere gradients must pass.
 */
export function magnitudeOf(bound: Tape, weight: Variable): (tape: Tape) => Variable {
  let shared: Variable | undefined;
  return (tape) => {
    if (bound.recording || tape.recording) return apply(tape, { kind: "abs" }, weight);
    shared ??= apply(bound, { kind: "abs" }, weight);
    return shared;
  };
}
