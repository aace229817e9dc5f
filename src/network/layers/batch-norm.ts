import * as z from "zod";
import {
  add,
  apply,
  maximum,
  multiply,
  reshape,
  scaleBy,
  scaleShift,
  subtract,
  sumRows,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import { expectFinite, expectOptions, ShapeError } from "../../errors.js";
import { sizeOf } from "../shape.js";
import { type LayerContext, type LayerDefinition, onlyShape } from "./definition.js";
import { COMPUTED_SCALE } from "./sums.js";

/** Normalises by the mean and variance of each channel (first extent of the shape), then scales and shifts. */
export interface BatchNormLayer {
  readonly kind: "batch-norm";
  readonly epsilon: number;
  /** Weight of a new batch in the running statistics. */
  readonly momentum: number;
}

/**
 * Batch normalisation by channel (Appendix B.5): γ (x − μ)/√(σ² + ε) + β, by running statistics or, while a network is
 * trained, by the clean batch's. `epsilon` is 10⁻⁵ and `momentum`, the weight of a new batch, 0.1 by default.
 */
export function batchNorm(
  options: { readonly epsilon?: number; readonly momentum?: number } = {},
): BatchNormLayer {
  expectOptions("batchNorm: options", options, ["epsilon", "momentum"]);
  const { epsilon = 1e-5, momentum = 0.1 } = options;
  expectFinite("batchNorm: epsilon", epsilon);
  expectFinite("batchNorm: momentum", momentum);
  return { kind: "batch-norm", epsilon, momentum };
}

/**
 * Batch normalisation with given statistics: γ (x − μ)/√(σ² + ε) + β by channel (Appendix B.5). An affine layer once
 * the statistics stand: the running ones, or, as a training heuristic, those of the clean minibatch.
 */
export const batchNormDefinition: LayerDefinition<BatchNormLayer> = {
  fields: { epsilon: z.number(), momentum: z.number() },
  outputShape(layer, inputs, name) {
    const shape = onlyShape(inputs, "batch-norm", name);
    if (!(layer.epsilon > 0)) throw new ShapeError(`${name}: epsilon must be positive, got ${layer.epsilon}`);
    return shape;
  },
  parameters(_layer, [[channels]]) {
    const shape = [channels];
    const constant = (value: number) => ({ kind: "constant", value }) as const;
    return [
      { name: "weight", shape, role: "trained", initialization: constant(1) },
      { name: "bias", shape, role: "trained", initialization: constant(0) },
      { name: "mean", shape, role: "statistic", initialization: constant(0) },
      { name: "variance", shape, role: "statistic", initialization: constant(1) },
    ];
  },
  forward(tape, layer, context, [x]) {
    const { scale, shift } = batchNormCoefficients(tape, layer, context);
    return byChannel(tape, context, x, (view) => scaleShift(tape, view, scale, shift, SHARED));
  },
  sums(layer, { inputShapes: [shape], parameter }) {
    const [weight, bias, mean, variance] = ["weight", "bias", "mean", "variance"].map(parameter);
    const positions = sizeOf(shape) / shape[0];
    const channel = (feature: number): number => Math.floor(feature / positions);
    const scale = Float64Array.from(variance, (value, c) => weight[c] / Math.sqrt(value + layer.epsilon));
    return {
      each(take) {
        for (let c = 0; c < shape[0]; c++) take(scale[c], positions, c * positions, 1, c * positions, 1);
      },
      offset: (feature) => bias[channel(feature)] - mean[channel(feature)] * scale[channel(feature)],
      offsetSize(feature) {
        const c = channel(feature);
        return Math.abs(bias[c]) + Math.abs(mean[c] * scale[c]);
      },
      roundings: COMPUTED_SCALE,
      diagonal: true,
    };
  },
  // ONNX gives the weight of the old statistics.
  onnx: ({ epsilon, momentum }, _inputs, tensors) => [
    {
      op: "BatchNormalization",
      tensors: ["weight", "bias", "mean", "variance"].map(tensors.parameter),
      attributes: { epsilon: { real: epsilon }, momentum: { real: 1 - momentum } },
    },
  ],
};

/** Far above the numbers of single precision that lose digits. */
const LEAST_EPSILON = 2 ** -100;

/**
 * Scale γ/√(σ² + ε) and shift β − μ·scale, with |β| + |μ·scale|, each `[channels, 1]` (equation 48; its printed shift is an
 * erratum). `steps` says how large what is computed on the way may become, whatever the order: scale·|x| + offset.
 */
export function batchNormCoefficients(
  tape: Tape,
  layer: BatchNormLayer,
  context: LayerContext,
): {
  readonly scale: Variable;
  readonly shift: Variable;
  magnitude(): Variable;
  steps(): { readonly scale: Variable; readonly offset: Variable };
} {
  const inverse = apply(
    tape,
    { kind: "reciprocal-sqrt", offset: layer.epsilon },
    context.parameter("variance"),
  );
  const weight = context.parameter("weight");
  const scale = multiply(tape, weight, inverse);
  const bias = context.parameter("bias");
  const mean = context.parameter("mean");
  const moved = multiply(tape, mean, scale);
  const size = (x: Variable): Variable => apply(tape, { kind: "abs" }, x);
  return {
    scale,
    shift: subtract(tape, bias, moved),
    magnitude: () => add(tape, size(bias), size(moved)),
    steps() {
      const one = tape.own(tape.backend.filled(scale.value.features, 1, 1));
      const steepest = [size(weight), inverse, size(scale)].reduce((a, b) => maximum(tape, a, b), one);
      const moved = add(tape, size(bias), multiply(tape, steepest, size(mean)));
      const offset = add(tape, moved, scaleBy(tape, context.parameter("variance"), 1, layer.epsilon));
      // The digits of σ² + ε are not those of normal numbers: nothing is known.
      const known = layer.epsilon >= LEAST_EPSILON ? 1 : Number.NaN;
      return { scale: scaleBy(tape, steepest, known), offset };
    },
  };
}

/**
 * Mean and (biased) variance of each channel over so many examples and their positions: x `[channels·positions, B]` → `[channels, 1]`.
 * Gives out sums over the B examples of x, and takes those over all.
 */
export function* batchStatistics(
  tape: Tape,
  context: LayerContext,
  x: Variable,
  examples: number,
): Generator<Variable, { readonly mean: Variable; readonly variance: Variable }, Variable> {
  const channels = context.inputShapes[0][0];
  const positions = x.value.features / channels;
  const view = reshape(tape, x, channels, positions * x.value.rows);
  const count = positions * examples;
  const mean = scaleBy(tape, yield sumRows(tape, view, SHARED, 1), 1 / count);
  const centred = scaleShift(tape, view, undefined, scaleBy(tape, mean, -1), SHARED);
  const squares = apply(tape, { kind: "square" }, centred);
  return { mean, variance: scaleBy(tape, yield sumRows(tape, squares, SHARED, 1), 1 / count) };
}

/** Runs `act` on the view `[channels, positions · rows]` that channel-major features allow. */
export function byChannel(
  tape: Tape,
  context: Pick<LayerContext, "inputShapes">,
  x: Variable,
  act: (view: Variable) => Variable,
): Variable {
  const shape = context.inputShapes[0];
  const { features, rows } = x.value;
  const view = reshape(tape, x, shape[0], (sizeOf(shape) / shape[0]) * rows);
  return reshape(tape, act(view), features, rows);
}

/** Running statistics after a batch: (1 − momentum)·running + momentum·batch; the variance by its unbiased estimate. */
export function updatedStatistic(
  tape: Tape,
  layer: BatchNormLayer,
  running: Variable,
  batch: Variable,
  unbiased: number,
): Variable {
  return add(
    tape,
    scaleBy(tape, running, 1 - layer.momentum),
    scaleBy(tape, batch, layer.momentum * unbiased),
  );
}
