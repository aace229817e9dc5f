import type { Backend, BackwardEnd, BackwardStart, BackwardStep, Tensor } from "./backend.js";
import { checkIndex, type Size } from "./shape-checks.js";
import * as rules from "./shape-rules/index.js";

/** The shape of the result, `[1, R]`. Throws a `ShapeError` that names the step that does not fit. */
export function backwardShape(
  start: BackwardStart,
  steps: readonly BackwardStep[],
  { radius, owners, order }: BackwardEnd,
): Size {
  let nu: Size = start.kind === "rows" ? start.nu : linesShape(start.matrix, start.index);
  for (const step of steps) nu = shapeAfter(step, nu);
  return rules.norm(nu, radius, owners, order);
}

function linesShape(matrix: Size, index: Int32Array): Size {
  checkIndex("backward", "index", index, 0, matrix.features);
  return { features: matrix.rows, rows: index.length };
}

function shapeAfter(step: BackwardStep, nu: Size): Size {
  switch (step.kind) {
    case "linear":
      return rules.linearTranspose(step.weight, nu);
    case "conv2d":
      return rules.conv2dTranspose(step.weight, nu, step.geometry);
    case "enclose":
      return rules.enclose(nu, step.slope, step.radius, step.owners);
    case "scale":
      return rules.scaleShift(nu, step.scale, null, step.owners);
    default:
      return step satisfies never;
  }
}

/** `Backend.backward` out of the other operations. */
export function backwardByOperations(
  backend: Backend,
  start: BackwardStart,
  steps: readonly BackwardStep[],
  end: BackwardEnd,
): Tensor {
  backwardShape(start, steps, end);
  const made: Tensor[] = [];
  const keep = (tensor: Tensor): Tensor => {
    made.push(tensor);
    return tensor;
  };
  try {
    let nu =
      start.kind === "rows"
        ? start.nu
        : keep(backend.transpose(keep(backend.gather(start.matrix, start.index))));
    const radii: Tensor[] = [];
    for (const step of steps) {
      if (step.kind === "enclose") {
        const enclosed = backend.enclose(nu, step.slope, step.radius, step.owners);
        nu = keep(enclosed.nu);
        radii.push(keep(enclosed.radius));
      } else nu = keep(passed(backend, step, nu));
    }
    let total = backend.norm(nu, end.radius, end.owners, end.order);
    for (const radius of radii) total = backend.combine(1, keep(total), 1, radius);
    return total;
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

function passed(backend: Backend, step: Exclude<BackwardStep, { kind: "enclose" }>, nu: Tensor): Tensor {
  switch (step.kind) {
    case "linear":
      return backend.linearTranspose(step.weight, nu);
    case "conv2d":
      return backend.conv2dTranspose(step.weight, nu, step.geometry);
    case "scale":
      return backend.scaleShift(nu, step.scale, null, step.owners);
    default:
      return step satisfies never;
  }
}
