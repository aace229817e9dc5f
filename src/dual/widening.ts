import type { ActivationDefinition } from "../activations/definition.js";
import { add, norm, type Tape, type Variable } from "../autodiff/index.js";
import type { Weighted } from "../compute/backend.js";
import type { ParallelDual, TwoLineDual } from "./dual-layer.js";

/** See `ActivationDefinition.rounding`. */
export type FunctionRounding = ActivationDefinition<never>["rounding"];

/** An enclosed layer whose lines may be moved apart. */
export type Widening =
  | ParallelDual
  | (Required<Pick<TwoLineDual, "absolute" | "constants">> &
      Pick<TwoLineDual, "magnitude"> & { readonly kind: "two-lines" });

/** Terms whose sum is the magnitude of its constants, each `[out, examples]`: |m| + ρ, or those of both shifts. */
export function constantsOf(tape: Tape, layer: Widening): readonly Weighted<Variable>[] {
  if (layer.kind === "two-lines") return layer.constants(tape);
  if (layer.constants) return layer.constants(tape);
  return [
    { weight: 1, x: layer.shift, absolute: true },
    { weight: 1, x: layer.radius },
  ];
}

/** The layer with so much more around its lines. A layer that cannot move its own collects it by itself. */
export function widened(tape: Tape, layer: ParallelDual, by: Variable): ParallelDual {
  if (layer.widened) return layer.widened(tape, by);
  const { steps: _steps, crop: _crop, ...rest } = layer;
  return {
    ...rest,
    radius: add(tape, layer.radius, by),
    widening: { own: layer.radius, by },
    back(piece, nu, owners, want) {
      const own = layer.back(piece, nu, owners, want);
      const more = norm(piece, nu, by, owners, 1);
      return { ...own, radius: own.radius ? add(piece, own.radius, more) : more };
    },
  };
}
