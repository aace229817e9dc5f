import { FormatError } from "../../../../errors.js";
import { mostGrown, zeros } from "../array.js";
import { broadcastShape, broadcastTo } from "../broadcast.js";
import { commonType, operand, taking, typedOperand } from "../evaluation.js";
import { zipped } from "./arithmetic.js";

type Relation = (a: number, b: number) => boolean;

function comparison(holds: Relation, ordered = true) {
  return taking(2, 2, (evaluation) => {
    const { label } = evaluation;
    const [a, b] = [operand(evaluation, 0), operand(evaluation, 1)];
    const type = commonType([a, b], label);
    if (ordered && type === "bool") throw new FormatError(`${label}: inputs must be numbers, found bool`);
    return zipped(a, b, "bool", (x, y) => Number(holds(x, y)), label);
  });
}

function logical(f: (a: number, b: number) => number) {
  return taking(2, 2, (evaluation) =>
    zipped(
      typedOperand(evaluation, 0, "bool"),
      typedOperand(evaluation, 1, "bool"),
      "bool",
      f,
      evaluation.label,
    ),
  );
}

const not = taking(1, 1, (evaluation) => {
  const array = typedOperand(evaluation, 0, "bool");
  return { ...array, values: array.values.map((value) => 1 - value) };
});

const where = taking(3, 3, (evaluation) => {
  const { label } = evaluation;
  const condition = typedOperand(evaluation, 0, "bool");
  const [yes, no] = [operand(evaluation, 1), operand(evaluation, 2)];
  const type = commonType([yes, no], label);
  const shape = broadcastShape([condition.shape, yes.shape, no.shape], label);
  const most = mostGrown(...[condition, yes, no].map(({ values }) => values.length));
  const chosen = broadcastTo(condition, shape, label, most).values;
  const [whenTrue, whenFalse] = [yes, no].map((array) => broadcastTo(array, shape, label, most).values);
  const result = zeros(type, shape, label);
  for (let i = 0; i < chosen.length; i++) result.values[i] = chosen[i] ? whenTrue[i] : whenFalse[i];
  return result;
});

export const COMPARISON = {
  Equal: comparison((a, b) => a === b, false),
  Greater: comparison((a, b) => a > b),
  Less: comparison((a, b) => a < b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  LessOrEqual: comparison((a, b) => a <= b),
  And: logical((a, b) => a * b),
  Or: logical(Math.max),
  Not: not,
  Where: where,
};
