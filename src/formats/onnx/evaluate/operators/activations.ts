import { FormatError } from "../../../../errors.js";
import type { NdArray } from "../array.js";
import { broadcastTo } from "../broadcast.js";
import { commonType, type NodeEvaluation, operand, taking, typedOperand } from "../evaluation.js";

type Unary = (value: number) => number;

function mapped(array: NdArray, f: Unary): NdArray {
  return { ...array, values: array.values.map(f) };
}

/** A function of one real number; `make` reads its attributes. */
function onReals(make: (evaluation: NodeEvaluation) => Unary) {
  return taking(1, 1, (evaluation) => mapped(typedOperand(evaluation, 0, "float"), make(evaluation)));
}

/** A function of one number that is defined for integers too. */
function onNumbers(f: Unary) {
  return taking(1, 1, (evaluation) => {
    const array = operand(evaluation, 0);
    if (array.type === "bool") {
      throw new FormatError(`${evaluation.label}: input 0 must hold numbers, found bool`);
    }
    return mapped(array, f);
  });
}

/** Written so that no intermediate overflows. */
const sigmoid: Unary = (x) => {
  const power = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + power) : power / (1 + power);
};

const softplus: Unary = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const leakyRelu = onReals(({ attributes }) => {
  const alpha = attributes.float("alpha", 0.01);
  return (x) => (x < 0 ? alpha * x : x);
});

const elu = onReals(({ attributes }) => {
  const alpha = attributes.float("alpha", 1);
  return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
});

/** The slope broadcasts to the input, never the other way. */
const prelu = taking(2, 2, (evaluation) => {
  const [array, slope] = [operand(evaluation, 0), operand(evaluation, 1)];
  commonType([array, slope], evaluation.label);
  const slopes = broadcastTo(slope, array.shape, evaluation.label, array.values.length).values;
  return { ...array, values: array.values.map((x, i) => (x < 0 ? slopes[i] * x : x)) };
});

export const ACTIVATIONS = {
  Neg: onNumbers((x) => 0 - x),
  Abs: onNumbers(Math.abs),
  Sign: onNumbers(Math.sign),
  Relu: onNumbers((x) => (x < 0 ? 0 : x)),
  Sqrt: onReals(() => Math.sqrt),
  Exp: onReals(() => Math.exp),
  Reciprocal: onReals(() => (x) => 1 / x),
  Floor: onReals(() => Math.floor),
  Ceil: onReals(() => Math.ceil),
  Tanh: onReals(() => Math.tanh),
  Sigmoid: onReals(() => sigmoid),
  Softplus: onReals(() => softplus),
  LeakyRelu: leakyRelu,
  Elu: elu,
  PRelu: prelu,
};
