import { apply, maximum, subtract, type Tape, type Variable } from "../autodiff/index.js";
import type { Settled } from "./bounders/bounder.js";
import type { BoxState } from "./box.js";
import type { Bounds } from "./dual-layer.js";
import type { Rounding } from "./rounding.js";

/**
 * Bounds of a node that hold already, `[n, examples]`; its box is what they leave around this network's own centre. Where roundings are
 * counted they are moved outward by that of their upload.
 */
export function settleKnown(
  tape: Tape,
  rounding: Rounding | null,
  box: BoxState,
  known: Bounds<Float64Array>,
): Settled {
  const { features, rows } = box.centre.value;
  const uploaded = (values: Float64Array): Variable => tape.own(tape.backend.upload(features, rows, values));
  const [below, above] = [uploaded(known.lower), uploaded(known.upper)];
  const isRounded = rounding !== null && tape.backend.dtype === "float32";
  const lower = isRounded ? rounding.down(tape, below) : below;
  const upper = isRounded ? rounding.up(tape, above) : above;
  const width = maximum(tape, subtract(tape, upper, box.centre), subtract(tape, box.centre, lower));
  const radius = apply(tape, { kind: "relu" }, rounding?.up(tape, width) ?? width);
  return { box: { ...box, radius, precision: "dual" }, bounds: { lower, upper } };
}
