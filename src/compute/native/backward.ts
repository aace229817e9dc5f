import type { BackwardEnd, BackwardStart, BackwardStep, Reading, Tensor } from "../backend.js";
import { backwardShape, tensorsOfChain } from "../backward.js";
import { geometryArgument, ownerArguments, windowArguments } from "./arguments.js";
import type { BackwardArgument } from "./engine-types.js";
import type { NativeMemory } from "./tensor.js";

/** ν backwards through a graph in one go. */
export function backward(
  memory: NativeMemory,
  start: BackwardStart,
  steps: readonly BackwardStep[],
  end: BackwardEnd,
): Tensor {
  for (const tensor of tensorsOfChain(start, steps, end)) memory.take(tensor);
  const shape = backwardShape(start, steps, end);
  const number = (tensor: Tensor | undefined): number => (tensor ? memory.take(tensor).number : 0);
  const chain = [
    ...(start.kind === "rows" ? [0, number(start.nu)] : [1, number(start.matrix), start.index]),
    steps.length,
    ...steps.flatMap((step) => stepArguments(step, number)),
    ...readingArguments(end, [end.radius, end.centre].map(number)),
    end.order,
  ];
  return memory.give(shape, memory.engine.backward(...chain));
}

/** The window if there is one, the coefficients, and who reads them. */
function readingArguments(
  { owners, sight }: Reading,
  coefficients: readonly number[],
): readonly BackwardArgument[] {
  if (!sight) return [0, ...coefficients, ...ownerArguments(owners)];
  const { window, examples } = sight;
  return [
    1,
    ...windowArguments(window),
    ...coefficients,
    ...ownerArguments(owners),
    ...ownerArguments(examples),
  ];
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
      return [2, ...readingArguments(step, [step.slope, step.radius, step.shift].map(number))];
    case "lines":
      return [3, ...readingArguments(step, [step.lower, step.upper, step.even, step.odd].map(number))];
    case "scale":
      return [4, ...readingArguments(step, [number(step.scale)])];
    case "offset":
      return [5, ...readingArguments(step, [number(step.offset)])];
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
