import type { Layer } from "./layer.js";
import { sourceIndex } from "./layers/rearrangement.js";
import { windowTaps } from "./layers/window-taps.js";
import { type Shape, sizeOf } from "./shape.js";

/**
 * An affine layer of any kind as the rows of its matrix, in double precision: output i is
 * bias[i] + Σ_t weights[weightsAt[i] + t] · x[columns[columnsAt[i] + t]] over `taps` products, x being the inputs one behind the
 * other, and column −1 nothing. Rows share columns (linear layers) and weights (convolutions).
 */
export interface AffineRows {
  readonly taps: number;
  readonly columns: Int32Array;
  readonly columnsAt: Int32Array;
  readonly weights: Float64Array;
  readonly weightsAt: Int32Array;
  readonly bias: Float64Array;
  /** What a bias is the sum of, in absolute values summed: of a batch norm |β| + |γμ/σ|. */
  readonly constants: Float64Array;
  /** Numbers that the layer's usual formulas multiply by, beside weights and bias. */
  readonly factors: Float64Array;
}

const integers = (length: number, at: (i: number) => number) => Int32Array.from({ length }, (_, i) => at(i));
const reals = (length: number, at: (i: number) => number) => Float64Array.from({ length }, (_, i) => at(i));

/** The rows of an affine layer, `parameter` giving its weights; null for layers that are not affine, or not known. */
export function affineRows(
  layer: Layer,
  inputs: readonly Shape[],
  output: Shape,
  parameter: (name: string) => Float64Array,
): AffineRows | null {
  const [outputs, features] = [sizeOf(output), sizeOf(inputs[0])];
  const zeros = new Float64Array(outputs);
  switch (layer.kind) {
    case "linear":
      return rows({
        taps: features,
        columns: integers(features, (i) => i),
        columnAt: () => 0,
        weights: parameter("weight"),
        weightAt: (i) => i * features,
        bias: layer.bias ? parameter("bias") : zeros,
      });
    case "conv2d":
    case "conv-transpose2d": {
      const { features: columns, startOf, taps } = windowTaps(layer, inputs[0], output);
      const given = parameter("weight");
      const weights = layer.kind === "conv2d" ? given : byOutput(given, inputs[0][0], layer);
      const channelOf = (i: number) => Math.floor(i / (outputs / output[0]));
      const shifts = layer.bias ? parameter("bias") : zeros;
      const bias = reals(outputs, (i) => shifts[channelOf(i)]);
      return rows({ taps, columns, columnAt: startOf, weights, weightAt: (i) => channelOf(i) * taps, bias });
    }
    case "average-pool": {
      const { features: columns, startOf, taps } = windowTaps(layer, inputs[0], output);
      const weights = new Float64Array(taps).fill(1 / taps);
      return rows({ taps, columns, columnAt: startOf, weights, weightAt: () => 0, bias: zeros });
    }
    case "batch-norm": {
      const [weight, bias, mean, variance] = ["weight", "bias", "mean", "variance"].map(parameter);
      const inverse = variance.map((value) => 1 / Math.sqrt(value + layer.epsilon));
      const scale = weight.map((value, c) => value * inverse[c]);
      const product = mean.map((value, c) => value * scale[c]);
      const factors = Float64Array.of(...weight, ...bias, ...mean, ...inverse);
      return scaled(outputs, scale, bias, product, factors);
    }
    case "scale-shift": {
      const [scale, shift] = [Float64Array.from(layer.scale), Float64Array.from(layer.shift)];
      // (x − mean)/std is one of its formulas.
      const divisors = scale.map((value) => (value === 0 ? 0 : 1 / value));
      return scaled(outputs, scale, shift, Float64Array.of(0), divisors);
    }
    case "permute":
    case "take":
    case "pad": {
      const columns = sourceIndex(layer, inputs[0], output);
      const value = layer.kind === "pad" ? layer.value : 0;
      return moved(
        columns,
        reals(outputs, (i) => (columns[i] < 0 ? value : 0)),
      );
    }
    case "reshape":
    case "flatten":
    case "identity":
    case "concat":
      return moved(
        integers(outputs, (i) => i),
        zeros,
      );
    case "add": {
      const taps = inputs.length;
      const columns = integers(outputs * taps, (i) => (i % taps) * outputs + Math.floor(i / taps));
      const weights = new Float64Array(taps).fill(1);
      return rows({ taps, columns, columnAt: (i) => i * taps, weights, weightAt: () => 0, bias: zeros });
    }
    default:
      return null;
  }
}

type Places = Pick<AffineRows, "taps" | "columns" | "weights" | "bias"> & {
  readonly columnAt: (i: number) => number;
  readonly weightAt: (i: number) => number;
};

function rows({ columnAt, weightAt, ...own }: Places): AffineRows {
  const outputs = own.bias.length;
  const starts = { columnsAt: integers(outputs, columnAt), weightsAt: integers(outputs, weightAt) };
  return { ...own, ...starts, constants: own.bias.map(Math.abs), factors: new Float64Array(0) };
}

/** Each output is an input or a constant. */
function moved(columns: Int32Array, bias: Float64Array): AffineRows {
  return rows({ taps: 1, columns, columnAt: (i) => i, weights: Float64Array.of(1), weightAt: () => 0, bias });
}

/** scale · x + shift − product; each of them one for all, one per channel, or one per feature. */
function scaled(
  outputs: number,
  scale: Float64Array,
  shift: Float64Array,
  product: Float64Array,
  factors: Float64Array,
): AffineRows {
  const at = (list: Float64Array, i: number) => list[Math.floor(i / (outputs / list.length))];
  const [columns, weights] = [integers(outputs, (i) => i), reals(outputs, (i) => at(scale, i))];
  const bias = reals(outputs, (i) => at(shift, i) - at(product, i));
  const constants = reals(outputs, (i) => Math.abs(at(shift, i)) + Math.abs(at(product, i)));
  const places = { taps: 1, columns, columnAt: (i: number) => i, weights, weightAt: (i: number) => i, bias };
  return { ...rows(places), constants, factors };
}

/** Weights of a transposed convolution, `[in, out/groups, area]`, as those of a convolution, `[out, in/groups, area]`. */
function byOutput(
  weights: Float64Array,
  inChannels: number,
  {
    outChannels,
    groups,
    kernel,
  }: { readonly outChannels: number; readonly groups: number; readonly kernel: readonly number[] },
): Float64Array {
  const [area, ins, outs] = [kernel[0] * kernel[1], inChannels / groups, outChannels / groups];
  return weights.map((_, k) => {
    const [out, channel] = [Math.floor(k / (area * ins)), Math.floor(k / area) % ins];
    return weights[((Math.floor(out / outs) * ins + channel) * outs + (out % outs)) * area + (k % area)];
  });
}
