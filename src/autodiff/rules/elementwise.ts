import type { Backend, Tensor, Weighted } from "../../compute/backend.js";
import type { Elementwise } from "../../compute/elementwise.js";
import { SHARED } from "../../compute/owners.js";
import type { Tape, Variable } from "../tape.js";

/** a·x + b·y, same shapes. */
export function combine(tape: Tape, a: number, x: Variable, b: number, y: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.combine(a, x.value, b, y.value), [x, y], (g, needs) => [
    needs[0] ? backend.scaleBy(g, a, 0) : null,
    needs[1] ? backend.scaleBy(g, b, 0) : null,
  ]);
}

/** x + y, of one shape. */
export function add(tape: Tape, x: Variable, y: Variable): Variable {
  return combine(tape, 1, x, 1, y);
}

/** x − y, of one shape. */
export function subtract(tape: Tape, x: Variable, y: Variable): Variable {
  return combine(tape, 1, x, -1, y);
}

/** The sum of one or more variables of the same shape. */
export function sum(tape: Tape, terms: readonly Variable[]): Variable {
  return terms.slice(1).reduce((total, term) => add(tape, total, term), terms[0]);
}

/**
 * Σ of one or more terms, in their order, and then + constant; terms may be `[n, 1]` or `[1, R]`. With `where`, 0 where that is
 * at most 0; no gradient passes to it.
 */
export function weightedSum(
  tape: Tape,
  terms: readonly Weighted<Variable>[],
  constant = 0,
  where?: Variable,
): Variable {
  const { backend } = tape;
  const values = terms.map(({ by, ...term }) => ({ ...term, x: term.x.value, ...(by && { by: by.value }) }));
  const factors = terms.flatMap(({ by }, i) => (by ? [{ i, by }] : []));
  const inputs = [...terms.map(({ x }) => x), ...factors.map(({ by }) => by)];
  return tape.record(backend.weightedSum(values, constant, where?.value), inputs, (g, needs) => {
    using gated = where
      ? backend.applyGradient({ kind: "relu" }, where.value, g)
      : backend.reshape(g, g.features, g.rows);
    const toTerm = ({ weight, x, absolute, by }: Weighted): Tensor => {
      using summed = summedLike(backend, gated, x);
      const term = { weight, x: summed, ...(by && { by }) };
      if (!absolute) return backend.weightedSum([term], 0);
      using weighed = backend.weightedSum([term], 0);
      return backend.applyGradient({ kind: "abs" }, x, weighed);
    };
    const toFactor = ({ by: _by, ...term }: Weighted): Tensor => {
      using summed = summedLike(backend, gated, term.x);
      return backend.weightedSum([{ ...term, by: summed }], 0);
    };
    return [
      ...values.map((term, i) => (needs[i] ? toTerm(term) : null)),
      ...factors.map(({ i }, k) => (needs[values.length + k] ? toFactor(values[i]) : null)),
    ];
  });
}

/** g summed over what a term x shares: features, rows, or neither. */
function summedLike(backend: Backend, g: Tensor, x: Tensor): Tensor {
  using rows = x.rows === g.rows ? backend.reshape(g, g.features, g.rows) : backend.sumRows(g, SHARED, 1);
  if (x.features === g.features) return backend.reshape(rows, rows.features, rows.rows);
  using ones = backend.filled(g.features, 1, 1);
  return backend.dot(rows, ones, SHARED);
}

/** a·x + b. */
export function scaleBy(tape: Tape, x: Variable, a: number, b = 0): Variable {
  const { backend } = tape;
  return tape.record(backend.scaleBy(x.value, a, b), [x], (g) => [backend.scaleBy(g, a, 0)]);
}

/** x ⊙ y, of one shape. */
export function multiply(tape: Tape, x: Variable, y: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.multiply(x.value, y.value), [x, y], (g, needs) => [
    needs[0] ? backend.multiply(g, y.value) : null,
    needs[1] ? backend.multiply(g, x.value) : null,
  ]);
}

/** The smaller of x and y, entry by entry; NaN where either is. */
export function minimum(tape: Tape, x: Variable, y: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.minimum(x.value, y.value), [x, y], (g) => {
    const gradient = backend.minimumGradient(x.value, y.value, g);
    return [gradient.x, gradient.y];
  });
}

/** The larger of x and y, entry by entry; NaN where either is. */
export function maximum(tape: Tape, x: Variable, y: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.maximum(x.value, y.value), [x, y], (g) => {
    const gradient = backend.minimumGradient(y.value, x.value, g);
    return [gradient.x, gradient.y];
  });
}

/** A function of one variable, entry by entry. */
export function apply(tape: Tape, f: Elementwise, x: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.apply(f, x.value), [x], (g) => [backend.applyGradient(f, x.value, g)]);
}

/** Another shape, the same entries in the same order. */
export function reshape(tape: Tape, x: Variable, features: number, rows: number): Variable {
  const { backend } = tape;
  const { value } = x;
  if (value.features === features && value.rows === rows) return x;
  return tape.record(backend.reshape(value, features, rows), [x], (g) => [
    backend.reshape(g, value.features, value.rows),
  ]);
}

/** `[f, r]` → `[r, f]`. */
export function transpose(tape: Tape, x: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.transpose(x.value), [x], (g) => [backend.transpose(g)]);
}
