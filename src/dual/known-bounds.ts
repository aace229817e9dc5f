import { apply, maximum, subtract, type Tape } from "../autodiff/index.js";
import type { Settled } from "./bounders/bounder.js";
import type { BoxState } from "./box.js";
import type { Bounds } from "./dual-layer.js";
import type { Rounding } from "./rounding.js";

/** Bounds of a node that hold already, `[n, examples]`; its box is what they leave around this network's own centre. */
export function settleKnown(
  tape: Tape,
  rounding: Rounding | null,
  box: BoxState,
  known: Bounds<Float64Array>,
): Settled {
  const { features, rows } = box.centre.value;
  const [lower, upper] = [known.lower, known.upper].map((values) =>
    tape.own(tape.backend.upload(features, rows, values)),
  );
  const width = maximum(tape, subtract(tape, upper, box.centre), subtract(tape, box.centre, lower));
  const radius = apply(tape, { kind: "relu" }, rounding?.up(tape, width) ?? width);
  return { box: { ...box, radius, precision: "dual" }, bounds: { lower, upper } };
}
