import { activationDefinition, isActivationKind } from "../activations/index.js";
import { add, type Tape, type Variable } from "../autodiff/index.js";
import type { Layer } from "../network/layer.js";
import type { Ball } from "../threat/ball.js";
import type { BoxState } from "./box.js";
import type { DualGraph } from "./dual-graph.js";
import type { Bounds, EnclosedDual, ParallelDual } from "./dual-layer.js";
import type { Gathered } from "./own-rounding.js";
import type { Rounding } from "./rounding.js";
import { type FunctionRounding, type Widening, widened } from "./widening.js";

/** The ball as a dual graph has it: in ℓ∞ rounding at the input is taken into the radius, else it is a radius beside it. */
export function ballOf(
  tape: Tape,
  ball: Ball,
  rounding: Rounding | null,
): Pick<DualGraph, "ballCentre" | "ballRadius" | "dualOrder" | "rounding" | "inputError"> {
  const { dualOrder } = ball;
  const ballCentre = tape.constant(ball.centre);
  const ballRadius = tape.constant(ball.radius);
  const box = { centre: ballCentre, radius: ballRadius };
  if (rounding && dualOrder === 1) {
    const both = rounding.withInput(tape, box);
    return { ballCentre, ballRadius: both, dualOrder, rounding, inputError: undefined };
  }
  return { ...{ ballCentre, ballRadius, dualOrder, rounding }, inputError: rounding?.atInput(tape, box) };
}

/** What an enclosed layer's own evaluation may round. Of a layer that a user defines nothing is known: it rounds. */
export function roundingOf(layer: Layer): FunctionRounding {
  if (isActivationKind(layer.kind))
    return activationDefinition(layer as Parameters<typeof activationDefinition>[0]).rounding;
  return layer.kind === "max-pool" ? "exact" : "approximate";
}

/** Rounding at an activation; none where its value is 0 in any arithmetic, that of a ReLU that is off. */
function whereNotZero(tape: Tape, layer: Layer, by: Variable, upper: Variable): Variable {
  if (layer.kind !== "relu") return by;
  // by · relu′(u): no gradient passes through rounding.
  return tape.own(tape.backend.applyGradient({ kind: "relu" }, upper.value, by.value));
}

/** The box between an activation's values, which were rounded. */
export function outwardBox(
  tape: Tape,
  rounding: Rounding,
  box: Pick<BoxState, "centre" | "radius">,
  layer: Layer,
  bounds: Bounds,
): Pick<BoxState, "centre" | "radius"> {
  const interval = rounding.ofInterval(tape, box, roundingOf(layer), bounds);
  const by = whereNotZero(tape, layer, interval, bounds.upper);
  return { centre: box.centre, radius: add(tape, box.radius, by) };
}

/**
 * An enclosed layer whose lines enclose it in spite of rounding, over an input of which this is known. Two lines of which nothing more is
 * known give way to the parallel ones.
 */
export function outward(
  tape: Tape,
  rounding: Rounding,
  own: EnclosedDual,
  parallel: () => ParallelDual,
  input: Gathered,
  layer: Layer,
  { upper }: Bounds,
): EnclosedDual {
  const where = layer.kind === "relu" ? upper : undefined;
  const extra = (lines: Widening): Variable =>
    tape.stop(rounding.enclosed(tape, lines, input, roundingOf(layer), where));
  if (own.kind === "two-lines") {
    const { absolute, magnitude, constants, widened: moved } = own;
    if (absolute && constants && moved) {
      return moved(tape, extra({ kind: "two-lines", absolute, constants, ...(magnitude && { magnitude }) }));
    }
  }
  const lines = own.kind === "parallel" ? own : parallel();
  return widened(tape, lines, extra(lines));
}
