import { elementCount, type NdArray, zeros } from "../array.js";
import { type NodeEvaluation, resolvedAxis, taking, typedOperand } from "../evaluation.js";

/** Operators along lines of numbers: `f` takes a line's shifted logits and the logarithm of their summed exponentials. */
function alongLines(f: (logit: number, logSum: number) => number) {
  return taking(1, 1, (evaluation) => {
    const x = typedOperand(evaluation, 0, "float");
    const { count, step } = linesOf(evaluation, x);
    const result = zeros("float", x.shape, evaluation.label);
    for (let line = 0; line < x.values.length / count; line++) {
      const start = Math.floor(line / step) * step * count + (line % step);
      let most = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < count; i++) most = Math.max(most, x.values[start + i * step]);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += Math.exp(x.values[start + i * step] - most);
      const logSum = Math.log(sum);
      for (let i = 0; i < count; i++) {
        const at = start + i * step;
        result.values[at] = f(x.values[at] - most, logSum);
      }
    }
    return result;
  });
}

/** Before operator set 13 a line is all of what stands from the axis on, from then on the axis alone. */
function linesOf({ attributes, label, opset }: NodeEvaluation, { shape }: NdArray) {
  if (opset >= 13) {
    const axis = resolvedAxis(attributes.int("axis", -1), shape.length, label);
    return { count: shape[axis], step: elementCount(shape.slice(axis + 1)) };
  }
  const axis = attributes.int("axis", 1);
  const first = axis === shape.length ? axis : resolvedAxis(axis, shape.length, label);
  return { count: elementCount(shape.slice(first)), step: 1 };
}

export const SOFTMAX = {
  Softmax: alongLines((logit, logSum) => Math.exp(logit - logSum)),
  LogSoftmax: alongLines((logit, logSum) => logit - logSum),
};
