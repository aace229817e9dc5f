import type { BackwardEnd, BackwardStart, BackwardStep, Tensor } from "../backend.js";
import { backwardShape } from "../backward.js";
import { geometryArgument, ownerArguments } from "./arguments.js";
import type { BackwardArgument } from "./engine-types.js";
import type { NativeMemory } from "./tensor.js";

/** ν backwards through a graph in one go. */
export function backward(
  memory: NativeMemory,
  start: BackwardStart,
  steps: readonly BackwardStep[],
  end: BackwardEnd,
): Tensor {
  const number = (tensor: Tensor | undefined): number => (tensor ? memory.take(tensor).number : 0);
  const chain = [
    ...(start.kind === "rows" ? [0, number(start.nu)] : [1, number(start.matrix), start.index]),
    steps.length,
    ...steps.flatMap((step) => stepArguments(step, number)),
    number(end.radius),
    number(end.centre),
    ...ownerArguments(end.owners),
    end.order,
  ];
  return memory.give(backwardShape(start, steps, end), memory.engine.backward(...chain));
}

const EVERYTHING = new Int32Array(0);

/** The order of kinds is that of native/operations/backward.cc. */
function stepArguments(
  step: BackwardStep,
  number: (tensor: Tensor | undefined) => number,
): BackwardArgument[] {
  switch (step.kind) {
    case "linear":
      return [0, number(step.weight)];
    case "conv2d":
      return [1, number(step.weight), geometryArgument(step.geometry)];
    case "enclose":
      return [2, number(step.slope), number(step.radius), number(step.shift), ...ownerArguments(step.owners)];
    case "lines":
      return [
        3,
        ...[step.lower, step.upper, step.even, step.odd].map(number),
        ...ownerArguments(step.owners),
      ];
    case "scale":
      return [4, number(step.scale), ...ownerArguments(step.owners)];
    case "offset":
      return [5, number(step.offset), ...ownerArguments(step.owners)];
    case "gather":
      return [6, step.index];
    case "store":
      return [7, step.slot];
    case "load":
      return [8, step.slot];
    case "copy":
      return [9, step.slot, step.index ? 1 : 0, step.index ?? EVERYTHING];
    case "add":
      return [10, step.slot, step.index ? 1 : 0, step.index ?? EVERYTHING];
    default:
      return step satisfies never;
  }
}
