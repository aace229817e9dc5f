import type { Tensor } from "../../compute/backend.js";
import type { Activation } from "../../compute/elementwise.js";
import type { Conv2dGeometry } from "../../compute/geometry.js";
import type { Owners } from "../../compute/owners.js";
import type { Tape, Variable } from "../tape.js";

/** Slope d, shift m and radius ρ of an elementwise dual layer, each `[n, examples]`. */
export interface ParallelVariables {
  readonly slope: Variable;
  readonly shift: Variable;
  readonly radius: Variable;
}

/** Lower and upper line of an elementwise dual layer, each `[n, examples]`. */
export interface TwoLineVariables {
  readonly lowerSlope: Variable;
  readonly lowerShift: Variable;
  readonly upperSlope: Variable;
  readonly upperShift: Variable;
}

type Ends = { readonly lower: Tensor; readonly upper: Tensor };

/** Records lines over [ℓ, u] under their names. */
function recordLines<K extends string>(
  tape: Tape,
  lower: Variable,
  upper: Variable,
  lines: Readonly<Record<K, Tensor>>,
  gradient: (g: Readonly<Record<K, Tensor>>) => Ends,
): Record<K, Variable> {
  const names = Object.keys(lines) as K[];
  const named = <T>(parts: readonly T[]) =>
    Object.fromEntries(names.map((name, i) => [name, parts[i]])) as Record<K, T>;
  const variables = tape.recordMany(
    names.map((name) => lines[name]),
    [lower, upper],
    (g) => {
      const ends = gradient(named(g));
      return [ends.lower, ends.upper];
    },
  );
  return named(variables);
}

/** Two parallel lines around an activation over [ℓ, u] (Corollary 2, Appendix B). */
export function parallelLines(
  tape: Tape,
  f: Activation,
  lower: Variable,
  upper: Variable,
): ParallelVariables {
  const { backend } = tape;
  const { slope, shift, radius } = backend.parallelLines(f, lower.value, upper.value);
  return recordLines(tape, lower, upper, { slope, shift, radius }, (g) =>
    backend.parallelLinesGradient(f, lower.value, upper.value, g),
  );
}

/** Two lines of different slopes around an activation over [ℓ, u]. */
export function adaptiveLines(tape: Tape, f: Activation, lower: Variable, upper: Variable): TwoLineVariables {
  const { backend } = tape;
  const { lowerSlope, lowerShift, upperSlope, upperShift } = backend.adaptiveLines(
    f,
    lower.value,
    upper.value,
  );
  return recordLines(tape, lower, upper, { lowerSlope, lowerShift, upperSlope, upperShift }, (g) =>
    backend.adaptiveLinesGradient(f, lower.value, upper.value, g),
  );
}

/** Where a value lies: within centre ± radius, each `[n, examples]`. */
export interface BoxVariables {
  readonly centre: Variable;
  readonly radius: Variable;
}

/** The box of an activation over a box (interval bound propagation). */
export function activateBox(tape: Tape, f: Activation, { centre, radius }: BoxVariables): BoxVariables {
  const { backend } = tape;
  const box = backend.activateBox(f, centre.value, radius.value);
  const [c, r] = tape.recordMany([box.centre, box.radius], [centre, radius], ([gCentre, gRadius]) => {
    const g = backend.activateBoxGradient(f, centre.value, radius.value, {
      centre: gCentre,
      radius: gRadius,
    });
    return [g.centre, g.radius];
  });
  return { centre: c, radius: r };
}

/** Sums over all entries of a box; see `Backend.boxMoments`: `[8, 1]`. */
export function boxMoments(tape: Tape, { centre, radius }: BoxVariables): Variable {
  const { backend } = tape;
  return tape.record(backend.boxMoments(centre.value, radius.value), [centre, radius], (g) => {
    const gradient = backend.boxMomentsGradient(centre.value, radius.value, g);
    return [gradient.centre, gradient.radius];
  });
}

/** The window's input with the largest lower bound, and its strongest rival; feature numbers `[out, examples]`. */
export function maxPoolChoice(
  tape: Tape,
  lower: Variable,
  upper: Variable,
  geometry: Conv2dGeometry,
): { readonly choice: Tensor; readonly rival: Tensor } {
  const { choice, rival } = tape.backend.maxPoolChoice(lower.value, upper.value, geometry);
  // The choice of an index has no derivative: gradients stop here.
  return { choice: tape.own(choice).value, rival: tape.own(rival).value };
}

/** out[f, row] = x[index[f, owner], row]; `missing` where the index is −1. */
export function select(tape: Tape, x: Variable, index: Tensor, owners: Owners, missing: number): Variable {
  const { backend } = tape;
  const { features } = x.value;
  return tape.record(backend.select(x.value, index, owners, missing), [x], (g) => [
    backend.selectTranspose(g, index, owners, features),
  ]);
}

/** The transpose of `select`: `[f, R]` → `[features, R]`. */
export function selectTranspose(
  tape: Tape,
  y: Variable,
  index: Tensor,
  owners: Owners,
  features: number,
): Variable {
  const { backend } = tape;
  return tape.record(backend.selectTranspose(y.value, index, owners, features), [y], (g) => [
    backend.select(g, index, owners, 0),
  ]);
}
