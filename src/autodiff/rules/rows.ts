import type { Backend, NormOrder, Tensor } from "../../compute/backend.js";
import type { CropWindow } from "../../compute/crop-window.js";
import { type Owners, SHARED } from "../../compute/owners.js";
import type { Tape, Variable } from "../tape.js";

/** d ⊙ x + m by owner: x `[f, R]`, scale and shift `[f, C]`. */
export function scaleShift(
  tape: Tape,
  x: Variable,
  scale: Variable | undefined,
  shift: Variable | undefined,
  owners: Owners,
): Variable {
  const { backend } = tape;
  const value = backend.scaleShift(x.value, scale?.value ?? null, shift?.value ?? null, owners);
  const inputs = [x, ...(scale ? [scale] : []), ...(shift ? [shift] : [])];
  return tape.record(value, inputs, (g) => {
    const gradients: (Tensor | null)[] = [
      !x.tracked
        ? null
        : scale
          ? backend.scaleShift(g, scale.value, null, owners)
          : backend.reshape(g, g.features, g.rows),
    ];
    if (scale) {
      const columns = scale.value.rows;
      gradients.push(scale.tracked ? backend.multiplySumRows(g, x.value, owners, columns) : null);
    }
    if (shift) gradients.push(shift.tracked ? backend.sumRows(g, owners, shift.value.rows) : null);
    return gradients;
  });
}

/** a ⊙ max(x, 0) + b ⊙ min(x, 0) by owner. */
export function scaleBySign(
  tape: Tape,
  x: Variable,
  positive: Variable,
  negative: Variable,
  owners: Owners,
): Variable {
  const { backend } = tape;
  const value = backend.scaleBySign(x.value, positive.value, negative.value, owners);
  return tape.record(value, [x, positive, negative], (g) => {
    const gradient = backend.scaleBySignGradient(x.value, positive.value, negative.value, g, owners);
    return [gradient.x, gradient.positive, gradient.negative];
  });
}

/** Each row takes its owner's column: `[f, C]` → `[f, rows]`. */
export function spread(tape: Tape, x: Variable, owners: Owners, rows: number): Variable {
  const { backend } = tape;
  const columns = x.value.rows;
  return tape.record(backend.spread(x.value, owners, rows), [x], (g) => [
    backend.sumRows(g, owners, columns),
  ]);
}

/** The rows of an owner summed: `[f, R]` → `[f, columns]`. */
export function sumRows(tape: Tape, x: Variable, owners: Owners, columns: number): Variable {
  const { backend } = tape;
  const { rows } = x.value;
  return tape.record(backend.sumRows(x.value, owners, columns), [x], (g) => [
    backend.spread(g, owners, rows),
  ]);
}

/** Σ_f w[f, owner]·x[f, row] → `[1, R]`. */
export function dot(tape: Tape, x: Variable, weight: Variable, owners: Owners): Variable {
  const { backend } = tape;
  const columns = weight.value.rows;
  return tape.record(backend.dot(x.value, weight.value, owners), [x, weight], (g, needs) => [
    needs[0] ? backend.outer(weight.value, g, owners) : null,
    needs[1] ? backend.outerSumRows(x.value, g, owners, columns) : null,
  ]);
}

/** Σ w|x|, √Σ(w x)² or max|w x| along features, by owner → `[1, R]`. */
export function norm(tape: Tape, x: Variable, weight: Variable, owners: Owners, order: NormOrder): Variable {
  const { backend } = tape;
  const value = backend.norm(x.value, weight.value, owners, order);
  return tape.record(value, [x, weight], (g) => {
    const gradient = backend.normGradient(x.value, weight.value, value, g, owners, order);
    return [gradient.x, gradient.weight];
  });
}

/** Σ|x|, √Σx² or max|x| over the rows of an owner → `[f, columns]`. */
export function normRows(
  tape: Tape,
  x: Variable,
  owners: Owners,
  columns: number,
  order: NormOrder,
): Variable {
  const { backend } = tape;
  const value = backend.normRows(x.value, owners, columns, order);
  return tape.record(value, [x], (g) => [backend.normRowsGradient(x.value, value, g, owners, order)]);
}

/** A patch of its owner's image for every row: `[channels·height·width, C]` → `[channels·patch, R]`. */
export function crop(tape: Tape, x: Variable, owners: Owners, window: CropWindow): Variable {
  const { backend } = tape;
  const columns = x.value.rows;
  return tape.record(backend.crop(x.value, owners, window), [x], (g) => [
    backend.cropTranspose(g, owners, window, columns),
  ]);
}

/** All rows summed: `[f, R]` → `[f, 1]`. */
export function sumAllRows(backend: Backend, x: Tensor): Tensor {
  return backend.sumRows(x, SHARED, 1);
}
