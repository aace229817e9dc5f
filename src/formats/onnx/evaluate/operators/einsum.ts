import { ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { withoutEllipses } from "../../einsum-ellipses.js";
import { checkedCount, type NdArray, stridesOf, zeros } from "../array.js";
import type { NodeEvaluation } from "../evaluation.js";
import { checkInputCount, commonType, operand } from "../evaluation.js";

/** More products than this would take too long. */
const MOST_PRODUCTS = 2 ** 26;

/** Sums of products over all labels that the result does not have. */
function einsum(evaluation: NodeEvaluation): readonly NdArray[] {
  const { attributes, inputs, label } = evaluation;
  checkInputCount(evaluation, Math.max(1, inputs.length), inputs.length);
  const written = attributes.string("equation", "").replaceAll(" ", "");
  const word = String.raw`[A-Za-z]*(\.{3})?[A-Za-z]*`;
  if (!new RegExp(`^${word}(,${word})*(->${word})?$`).test(written)) {
    throw new UnsupportedOperatorError(`${label}: equation ${JSON.stringify(written)} is not supported`);
  }
  const arrays = inputs.map((_, i) => operand(evaluation, i));
  const ranks = arrays.map(({ shape }) => shape.length);
  const equation = withoutEllipses(written, ranks);
  const [left, right] = equation.split("->");
  const words = left.split(",");
  const all = left.replaceAll(",", "");
  const result =
    right ??
    [...new Set(all)]
      .filter((one) => all.split(one).length === 2)
      .sort()
      .join("");
  const extents = new Map<string, number>();
  const fits =
    words.length === arrays.length &&
    words.every((word, i) => {
      const { shape } = arrays[i];
      return (
        word.length === shape.length &&
        [...word].every((one, axis) => {
          if (!extents.has(one)) extents.set(one, shape[axis]);
          return extents.get(one) === shape[axis];
        })
      );
    });
  if (!fits || [...result].some((one) => !extents.has(one)) || new Set(result).size !== result.length) {
    throw new ShapeError(`${label}: equation ${JSON.stringify(equation)} does not fit its operands`);
  }
  const labels = [...extents.keys()];
  const counts = [...extents.values()];
  const total = checkedCount(counts, label, MOST_PRODUCTS);
  const sums = zeros(
    commonType(arrays, label),
    [...result].map((one) => extents.get(one) as number),
    label,
  );
  const strideOf = (word: string, shape: readonly number[]) => {
    const strides = stridesOf(shape);
    return labels.map((one) =>
      [...word].reduce((sum, own, axis) => sum + (own === one ? strides[axis] : 0), 0),
    );
  };
  const steps = words.map((word, i) => strideOf(word, arrays[i].shape));
  const target = strideOf(result, sums.shape);
  for (let n = 0; n < total; n++) {
    let rest = n;
    let to = 0;
    const from = words.map(() => 0);
    for (const [i, count] of counts.entries()) {
      const at = rest % count;
      rest = Math.floor(rest / count);
      to += at * target[i];
      for (const [k, step] of steps.entries()) from[k] += at * step[i];
    }
    sums.values[to] += from.reduce((product, at, k) => product * arrays[k].values[at], 1);
  }
  return [sums];
}

export const EINSUM = { Einsum: einsum };
