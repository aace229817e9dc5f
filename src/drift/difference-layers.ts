import { type Activation, activationDefinition } from "../activations/index.js";
import { norm, scaleShift, type Variable } from "../autodiff/index.js";
import type { Arithmetic } from "../compute/arithmetic.js";
import type { FloatArray } from "../compute/backend.js";
import type { AffineDual, ParallelDual } from "../dual/dual-layer.js";
import type { SlopeRange } from "./slopes.js";

/** Sums of magnitudes in double precision are off by less than this fraction. */
export const SLACK = 2 ** -20;

/** An affine layer of differences: no constant, and so much from rounding, `[out, examples]`. */
export function withError(layer: AffineDual, error: Variable): AffineDual {
  const { coupling, push, absolute } = layer;
  return {
    kind: "affine",
    coupling,
    push: push.bind(layer),
    absolute: absolute.bind(layer),
    offset: undefined,
    back(tape, nu, owners) {
      const { nus } = layer.back(tape, nu, owners, { centre: false });
      return { nus, radius: norm(tape, nu, error, owners, 1) };
    },
  };
}

/** What is known before an activation, neuron by neuron: its bounds, the slopes between them, and |δ|. */
interface BeforeActivation {
  readonly lower: FloatArray;
  readonly upper: FloatArray;
  readonly slopes: readonly SlopeRange[];
  readonly apart: Float64Array;
}

/** Slope and radius of δ′ = slope · δ ± radius; what no value exceeds after the activation; and |δ′|. */
interface DifferenceLines {
  readonly slope: Float64Array;
  readonly radius: Float64Array;
  readonly size: Float64Array;
  readonly apart: Float64Array;
}

/** The lines that differences take through an activation which is computed in this arithmetic. */
export function differenceLines(
  activation: Activation,
  arithmetic: Arithmetic,
  { lower, upper, slopes, apart }: BeforeActivation,
): DifferenceLines {
  const { value } = activationDefinition(activation).scalar(activation);
  const count = lower.length;
  const lines = {
    slope: new Float64Array(count),
    radius: new Float64Array(count),
    size: new Float64Array(count),
    apart: new Float64Array(count),
  };
  for (let i = 0; i < count; i++) {
    const [least, most] = slopes[i];
    const off = 2 * functionError(activation, arithmetic, lower[i], upper[i], most);
    const largest = Math.max(Math.abs(value(lower[i])), Math.abs(value(upper[i]))) * (1 + SLACK);
    // No further apart than the ends of the interval.
    const within = Math.min(apart[i], (upper[i] - lower[i]) * (1 + SLACK));
    const spread = (most - least) / 2 + (least === most ? 0 : SLACK * most);
    lines.slope[i] = least / 2 + most / 2;
    lines.radius[i] = spread * within * (1 + SLACK) + off;
    lines.size[i] = largest + off;
    lines.apart[i] = (most * within + off) * (1 + SLACK);
  }
  return lines;
}

/** What computing an activation between these bounds may be off by, and a product with its slope. */
function functionError(
  activation: Activation,
  { roundoff, functions, flushed, underflow, largest }: Arithmetic,
  lower: number,
  upper: number,
  steepest: number,
): number {
  const { rounding } = activationDefinition(activation);
  // A ReLU that is off is 0 in any arithmetic.
  if (activation.kind === "relu" && upper <= 0) return 0;
  const least = flushed + underflow;
  if (rounding === "exact") return least;
  // The product, its slope as it entered, and here that of ν with it.
  const size = Math.max(1, steepest) * Math.max(Math.abs(lower), Math.abs(upper));
  if (!(2 * size < largest)) return Number.NaN;
  const relative = 3 * roundoff * (1 + SLACK) * size;
  // A slope may lose so much of itself.
  return least + relative + 2 * least * size + (rounding === "approximate" ? functions : 0);
}

/**
 * Max pooling of differences: that of the `chosen` input where `decided` is 1, and 0 where it is 0; known to the radius, each
 * `[out, examples]`.
 */
export function differencePool(
  chosen: ParallelDual,
  {
    decided,
    shift,
    radius,
  }: { readonly decided: Variable; readonly shift: Variable; readonly radius: Variable },
): ParallelDual {
  return {
    kind: "parallel",
    coupling: "diagonal",
    shift,
    radius,
    push: (tape, inputs, owners) =>
      scaleShift(tape, chosen.push(tape, inputs, owners), decided, undefined, owners),
    back(tape, nu, owners) {
      const passed = scaleShift(tape, nu, decided, undefined, owners);
      const { nus } = chosen.back(tape, passed, owners, { centre: false });
      return { nus, radius: norm(tape, nu, radius, owners, 1) };
    },
    absolute: (tape, values) => chosen.absolute(tape, values),
  };
}
