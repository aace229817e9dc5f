import { ACTIVATION_KINDS, activationDefinition, onnxForm } from "../../../../activations/index.js";
import { FormatError } from "../../../../errors.js";
import { activationFrom } from "../../activation-form.js";
import type { NdArray } from "../array.js";
import { broadcastTo } from "../broadcast.js";
import {
  commonType,
  type NodeEvaluation,
  type OperatorEvaluation,
  operand,
  taking,
  typedOperand,
} from "../evaluation.js";

type Unary = (value: number) => number;

function mapped(array: NdArray, f: Unary): NdArray {
  return { ...array, values: array.values.map(f) };
}

/** A function of one real number; `make` reads its attributes. */
function onReals(make: (evaluation: NodeEvaluation) => Unary) {
  return taking(1, 1, (evaluation) => mapped(typedOperand(evaluation, 0, "float"), make(evaluation)));
}

/** A function of one number that is defined for integers too. */
function onNumbers(make: (evaluation: NodeEvaluation) => Unary) {
  return taking(1, 1, (evaluation) => {
    const array = operand(evaluation, 0);
    if (array.type === "bool") {
      throw new FormatError(`${evaluation.label}: input 0 must hold numbers, found bool`);
    }
    return mapped(array, make(evaluation));
  });
}

const softplus: Unary = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

const elu = onReals(({ attributes }) => {
  const alpha = attributes.float("alpha", 1);
  return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
});

const hardSigmoid = onReals(({ attributes }) => {
  const [alpha, beta] = [attributes.float("alpha", Math.fround(0.2)), attributes.float("beta", 0.5)];
  return (x) => Math.max(0, Math.min(1, alpha * x + beta));
});

/** The slope broadcasts to the input, never the other way. */
const prelu = taking(2, 2, (evaluation) => {
  const [array, slope] = [operand(evaluation, 0), operand(evaluation, 1)];
  commonType([array, slope], evaluation.label);
  const slopes = broadcastTo(slope, array.shape, evaluation.label, array.values.length).values;
  return { ...array, values: array.values.map((x, i) => (x < 0 ? slopes[i] * x : x)) };
});

/** The operators that are layers, too: by the values of those. */
const LAYERS: Readonly<Record<string, OperatorEvaluation>> = Object.fromEntries(
  ACTIVATION_KINDS.flatMap((kind) => {
    const { operator, inputs, integers } = onnxForm(kind);
    if (inputs) return [];
    const make = ({ attributes }: NodeEvaluation): Unary => {
      const activation = activationFrom(kind, attributes);
      return activationDefinition(activation).scalar(activation).value;
    };
    return [[operator, integers ? onNumbers(make) : onReals(make)]];
  }),
);

export const ACTIVATIONS: Readonly<Record<string, OperatorEvaluation>> = {
  ...LAYERS,
  Neg: onNumbers(() => (x) => 0 - x),
  Abs: onNumbers(() => Math.abs),
  Sign: onNumbers(() => Math.sign),
  Sqrt: onReals(() => Math.sqrt),
  Exp: onReals(() => Math.exp),
  Reciprocal: onReals(() => (x) => 1 / x),
  Floor: onReals(() => Math.floor),
  Ceil: onReals(() => Math.ceil),
  Softplus: onReals(() => softplus),
  Elu: elu,
  HardSigmoid: hardSigmoid,
  PRelu: prelu,
};
