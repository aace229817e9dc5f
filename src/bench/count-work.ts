import type { Backend, BackwardStart, BackwardStep, Reading, Tensor } from "../compute/backend.js";
import { multiplyAddsOfConv2d } from "../compute/operations.js";

/** A backend whose products are counted, with those of the one in double precision that it gives. */
export interface CountedBackend {
  readonly backend: Backend;
  /** Multiply-adds so far, of linear maps, convolutions and rows on their way back, by the rows that were asked for. */
  multiplyAdds(): number;
}

/** Counts what the products of a backend multiply and add: what bounds need, and whatever is done besides. */
export function countWork(backend: Backend): CountedBackend {
  let total = 0;
  const counted = counting(backend, (each, rows) => {
    total += each * rows;
  });
  return { backend: counted, multiplyAdds: () => total };
}

function counting(backend: Backend, count: (each: number, rows: number) => void): Backend {
  let double: Backend | undefined;
  const counted: Backend = {
    ...backend,
    linear(weight, x, bias) {
      count(weight.features * weight.rows, x.rows);
      return backend.linear(weight, x, bias);
    },
    linearTranspose(weight, y) {
      count(weight.features * weight.rows, y.rows);
      return backend.linearTranspose(weight, y);
    },
    linearWeightGradient(y, x) {
      count(y.features * x.features, y.rows);
      return backend.linearWeightGradient(y, x);
    },
    conv2d(weight, x, bias, geometry) {
      count(multiplyAddsOfConv2d(geometry), x.rows);
      return backend.conv2d(weight, x, bias, geometry);
    },
    conv2dTranspose(weight, y, geometry) {
      count(multiplyAddsOfConv2d(geometry), y.rows);
      return backend.conv2dTranspose(weight, y, geometry);
    },
    conv2dWeightGradient(y, x, geometry) {
      count(multiplyAddsOfConv2d(geometry), y.rows);
      return backend.conv2dWeightGradient(y, x, geometry);
    },
    backward(start, steps, end) {
      const each = steps.reduce((sum, step) => sum + multiplyAddsOfStep(step), 0);
      count(each + (end.centre ? 2 : 1) * featuresOf(end.radius, end), rowsOf(start));
      return backend.backward(start, steps, end);
    },
    inDouble() {
      const own = backend.inDouble();
      if (own === backend) return counted;
      double ??= counting(own, count);
      return double;
    },
  };
  return counted;
}

function multiplyAddsOfStep(step: BackwardStep): number {
  switch (step.kind) {
    case "linear":
      return step.weight.features * step.weight.rows;
    case "conv2d":
      return multiplyAddsOfConv2d(step.geometry);
    case "enclose":
      return (step.shift ? 3 : 2) * featuresOf(step.slope, step);
    case "lines":
      return 4 * featuresOf(step.lower, step);
    case "scale":
      return featuresOf(step.scale, step);
    case "offset":
      return featuresOf(step.offset, step);
    default:
      return 0;
  }
}

/** Features of a row that reads these coefficients. */
function featuresOf({ features }: Tensor, { sight }: Reading): number {
  return sight ? sight.window.channels * sight.window.patchHeight * sight.window.patchWidth : features;
}

function rowsOf(start: BackwardStart): number {
  return start.kind === "rows" ? start.nu.rows : start.index.length;
}
