import { apply, concat, linear, slice, type Tape, type Variable } from "../../autodiff/index.js";

/** Weights of more entries are taken a part at a time, of which each has no more than this. */
const PART = 2 ** 20;

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

/** |W| x, or W² x, of a matrix; without a copy of a large one, where no gradients are wanted. */
export function matrixMagnitude(
  bound: Tape,
  weight: Variable,
): (tape: Tape, kind: "abs" | "square", x: Variable) => Variable {
  const whole = magnitudeOf(bound, weight);
  const { features: lines, rows: columns } = weight.value;
  const atOnce = Math.max(1, Math.floor(PART / columns));
  return (tape, kind, x) => {
    if (bound.recording || tape.recording || lines <= atOnce) {
      return linear(tape, kind === "abs" ? whole(tape) : apply(tape, { kind }, weight), x);
    }
    const parts: Variable[] = [];
    for (let begin = 0; begin < lines; begin += atOnce) {
      const part = slice(tape, weight, begin, Math.min(atOnce, lines - begin));
      const magnitude = apply(tape, { kind }, part);
      parts.push(linear(tape, magnitude, x));
      tape.discard(part, magnitude);
    }
    const all = concat(tape, parts);
    tape.discard(...parts);
    return all;
  };
}
