import type { BackwardEnd, BackwardStart, BackwardStep, Tensor } from "../backend.js";
import { backwardShape } from "../backward.js";
import { geometryArgument, ownerArguments } from "./arguments.js";
import type { BackwardArgument } from "./engine-types.js";
import type { NativeMemory } from "./tensor.js";

/** ν backwards through a chain of layers in one go. */
export function backward(
  memory: NativeMemory,
  start: BackwardStart,
  steps: readonly BackwardStep[],
  end: BackwardEnd,
): Tensor {
  const number = (tensor: Tensor): number => memory.take(tensor).number;
  const chain = [
    ...(start.kind === "rows" ? [0, number(start.nu)] : [1, number(start.matrix), start.index]),
    steps.length,
    ...steps.flatMap((step) => stepArguments(step, number)),
    number(end.radius),
    ...ownerArguments(end.owners),
    end.order,
  ];
  return memory.give(backwardShape(start, steps, end), memory.engine.backward(...chain));
}

function stepArguments(step: BackwardStep, number: (tensor: Tensor) => number): BackwardArgument[] {
  switch (step.kind) {
    case "linear":
      return [0, number(step.weight)];
    case "conv2d":
      return [1, number(step.weight), geometryArgument(step.geometry)];
    case "enclose":
      return [2, number(step.slope), number(step.radius), ...ownerArguments(step.owners)];
    case "scale":
      return [3, number(step.scale), ...ownerArguments(step.owners)];
    default:
      return step satisfies never;
  }
}
