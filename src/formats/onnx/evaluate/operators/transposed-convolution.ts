import { ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { elementCount, formatExtents, mostGrown, zeros } from "../array.js";
import { type NodeEvaluation, taking, typedOperand } from "../evaluation.js";
import { numbersOf } from "../stored-array.js";
import { biasOf, checkConvolutionRanks } from "./convolution.js";
import {
  dividedPadding,
  forEachRow,
  type ThreeAxes,
  threeAxes,
  type WindowAttributes,
  type WindowAxis,
  windowAttributes,
  windowSpan,
} from "./window.js";

/**
 * Weight `[in channels, out channels / group, …kernel]`. It is the adjoint of a convolution, so that the windows
 * slide along the result: a `WindowAxis`'s `input` is what this operator puts out.
 */
const convTranspose = taking(2, 3, (evaluation) => {
  const { attributes, label } = evaluation;
  const [x, weight] = [typedOperand(evaluation, 0, "float"), typedOperand(evaluation, 1, "float")];
  checkConvolutionRanks(x, weight, label);
  const [batch, channels, ...spatial] = x.shape;
  const [weightChannels, groupOut, ...kernel] = weight.shape;
  const groups = attributes.int("group", 1);
  if (groups < 1 || channels % groups !== 0 || channels !== weightChannels) {
    throw new ShapeError(
      `${label}: weight of shape ${formatExtents(weight.shape)} in ${groups} groups does not fit ` +
        `input of shape ${formatExtents(x.shape)}`,
    );
  }
  const window = windowAttributes(evaluation, spatial.length, kernel);
  const axes = transposedAxes(evaluation, spatial, window);
  const outChannels = groupOut * groups;
  const bias = biasOf(evaluation, outChannels);
  const most = mostGrown(elementCount(x.shape), elementCount(weight.shape));
  const result = zeros("float", [batch, outChannels, ...axes.map(({ input }) => input)], label, most);
  const three = threeAxes(axes);
  const size = (extent: (axis: WindowAxis) => number) => three.reduce((all, axis) => all * extent(axis), 1);
  const [inSize, outSize, kernelSize] = [
    size(({ output }) => output),
    size(({ input }) => input),
    size(({ kernel }) => kernel),
  ];
  const weights = numbersOf(weight);
  for (let b = 0; b < batch; b++) {
    for (let m = 0; m < outChannels; m++) {
      const to = (b * outChannels + m) * outSize;
      result.values.fill(bias[m], to, to + outSize);
    }
    for (let c = 0; c < channels; c++) {
      evaluation.stop?.throwIfAborted();
      const firstOut = Math.floor(c / (channels / groups)) * groupOut;
      const from = (b * channels + c) * inSize;
      for (let m = 0; m < groupOut; m++) {
        const to = (b * outChannels + firstOut + m) * outSize;
        const taps = (c * groupOut + m) * kernelSize;
        spread(
          x.values.subarray(from, from + inSize),
          weights.subarray(taps, taps + kernelSize),
          result.values.subarray(to, to + outSize),
          three,
        );
      }
    }
  }
  return result;
});

function transposedAxes(
  { attributes, label }: NodeEvaluation,
  spatial: readonly number[],
  window: WindowAttributes,
): readonly WindowAxis[] {
  const list = (name: string): readonly number[] | undefined => {
    const found = attributes.ints(name, undefined);
    if (found && (found.length !== spatial.length || found.some((value) => value < 0))) {
      throw new ShapeError(
        `${label}: ${name} must be ${spatial.length} numbers from 0 on, found ${formatExtents(found)}`,
      );
    }
    return found;
  };
  const outputPadding = list("output_padding");
  const outputShape = list("output_shape");
  const { autoPad, pads } = window;
  const same = autoPad.startsWith("SAME");
  if (
    pads &&
    (outputShape || autoPad !== "NOTSET") &&
    [...pads.before, ...pads.after].some((pad) => pad > 0)
  ) {
    throw new ShapeError(`${label}: pads cannot be given along with auto_pad ${autoPad} or output_shape`);
  }
  return spatial.map((positions, i) => {
    const [kernel, stride, dilation] = [window.kernel[i], window.strides[i], window.dilations[i]];
    const extra = outputPadding?.[i] ?? 0;
    if (extra >= Math.max(stride, dilation)) {
      throw new ShapeError(`${label}: output_padding ${extra} must be less than the stride or the dilation`);
    }
    const full = stride * (positions - 1) + windowSpan(kernel, dilation) + extra;
    const asked = outputShape?.[i] ?? (same ? positions * stride : undefined);
    const given = { before: pads?.before[i] ?? 0, after: pads?.after[i] ?? 0 };
    const { before, after } = asked === undefined ? given : dividedPadding(full - asked, autoPad);
    if (before < 0 || after < 0) {
      throw new UnsupportedOperatorError(
        `${label}: an output of ${asked} is more than the ${full} that the windows reach; not supported`,
      );
    }
    const input = full - before - after;
    if (input < 1) throw new ShapeError(`${label}: the padding leaves ${input} entries of axis ${i + 2}`);
    return { input, kernel, stride, dilation, before, after, output: positions };
  });
}

/** Adds one channel's part: `out[p · stride + k · dilation − before] += taps[k] · x[p]`, cut off outside. */
function spread(
  x: Float64Array,
  taps: Float32Array | Float64Array,
  out: Float64Array,
  axes: ThreeAxes,
): void {
  const step = axes[2].stride;
  forEachRow(axes, (tap, first, end, target) => {
    for (let p = first, at = target; p < end; p++, at += step) out[at] += taps[tap] * x[p];
  });
}

export const TRANSPOSED_CONVOLUTION = { ConvTranspose: convTranspose };
