import { ShapeError } from "../../../../errors.js";
import { elementCount, formatExtents, mostGrown, type NdArray, zeros } from "../array.js";
import { type NodeEvaluation, taking, typedOperand } from "../evaluation.js";
import { numbersOf } from "../stored-array.js";
import { forEachRow, type ThreeAxes, threeAxes, windowAttributes, windowAxes } from "./window.js";

/** The bias of a convolution, zeros where there is none; a `ShapeError` unless it has one number per channel. */
export function biasOf(evaluation: NodeEvaluation, channels: number): Float64Array {
  if (!evaluation.inputs[2]) return new Float64Array(channels);
  const { shape, values } = typedOperand(evaluation, 2, "float");
  if (shape.length !== 1 || shape[0] !== channels) {
    throw new ShapeError(
      `${evaluation.label}: bias must have shape [${channels}], found ${formatExtents(shape)}`,
    );
  }
  return values;
}

/** `[batch, channels, …spatial]` and a weight of the same rank, or a `ShapeError`. */
export function checkConvolutionRanks(x: NdArray, weight: NdArray, label: string): void {
  if (x.shape.length < 3 || x.shape.length !== weight.shape.length) {
    throw new ShapeError(
      `${label}: input of shape ${formatExtents(x.shape)} and weight of shape ${formatExtents(weight.shape)} ` +
        "must both be [batch or channels, channels, ...spatial]",
    );
  }
}

/** Weight `[out channels, in channels / group, …kernel]`. */
const conv = taking(2, 3, (evaluation) => {
  const { attributes, label } = evaluation;
  const [x, weight] = [typedOperand(evaluation, 0, "float"), typedOperand(evaluation, 1, "float")];
  checkConvolutionRanks(x, weight, label);
  const [batch, channels, ...spatial] = x.shape;
  const [outChannels, groupChannels, ...kernel] = weight.shape;
  const groups = attributes.int("group", 1);
  if (groups < 1 || outChannels % groups !== 0 || channels !== groupChannels * groups) {
    throw new ShapeError(
      `${label}: weight of shape ${formatExtents(weight.shape)} in ${groups} groups does not fit ` +
        `input of shape ${formatExtents(x.shape)}`,
    );
  }
  const axes = windowAxes(evaluation, spatial, windowAttributes(evaluation, spatial.length, kernel));
  const bias = biasOf(evaluation, outChannels);
  const most = mostGrown(elementCount(x.shape), elementCount(weight.shape));
  const result = zeros("float", [batch, outChannels, ...axes.map(({ output }) => output)], label, most);
  const three = threeAxes(axes);
  const weights = numbersOf(weight);
  const [inSize, outSize, kernelSize] = sizes(three);
  for (let b = 0; b < batch; b++) {
    for (let m = 0; m < outChannels; m++) {
      evaluation.stop?.throwIfAborted();
      const out = result.values.subarray(
        (b * outChannels + m) * outSize,
        (b * outChannels + m + 1) * outSize,
      );
      out.fill(bias[m]);
      const firstChannel = Math.floor(m / (outChannels / groups)) * groupChannels;
      for (let c = 0; c < groupChannels; c++) {
        const from = (b * channels + firstChannel + c) * inSize;
        const taps = (m * groupChannels + c) * kernelSize;
        correlate(
          x.values.subarray(from, from + inSize),
          weights.subarray(taps, taps + kernelSize),
          out,
          three,
        );
      }
    }
  }
  return result;
});

function sizes(axes: ThreeAxes): [input: number, output: number, kernel: number] {
  return [
    axes.reduce((product, { input }) => product * input, 1),
    axes.reduce((product, { output }) => product * output, 1),
    axes.reduce((product, { kernel }) => product * kernel, 1),
  ];
}

/** Adds one channel's part: `out[o] += Σₖ taps[k] · x[o · stride + k · dilation − before]`, zero outside. */
function correlate(
  x: Float64Array,
  taps: Float32Array | Float64Array,
  out: Float64Array,
  axes: ThreeAxes,
): void {
  const step = axes[2].stride;
  forEachRow(axes, (tap, first, end, source) => {
    for (let o = first, at = source; o < end; o++, at += step) out[o] += taps[tap] * x[at];
  });
}

export const CONVOLUTION = { Conv: conv };
