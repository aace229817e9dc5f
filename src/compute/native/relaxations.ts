import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { functionArguments } from "./function-arguments.js";
import type { NativeMemory } from "./tensor.js";

type Relaxations = Pick<
  Backend,
  | "parallelLines"
  | "parallelLinesGradient"
  | "adaptiveLines"
  | "adaptiveLinesGradient"
  | "activateBox"
  | "activateBoxGradient"
  | "boxMoments"
  | "boxMomentsGradient"
>;

/** Enclosing lines and boxes of an activation over an interval, neuron by neuron, and their derivatives in its ends. */
export function relaxationOperations(memory: NativeMemory): Relaxations {
  return {
    parallelLines(f, lower, upper) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const shape = rules.lines("parallelLines", lows, highs);
      const [slope, shift, radius] = memory.engine.parallelLines(
        ...functionArguments(f),
        lows.number,
        highs.number,
      );
      return {
        slope: memory.give(shape, slope),
        shift: memory.give(shape, shift),
        radius: memory.give(shape, radius),
      };
    },

    parallelLinesGradient(f, lower, upper, g) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const [slope, shift, radius] = [memory.take(g.slope), memory.take(g.shift), memory.take(g.radius)];
      const shape = rules.linesGradient("parallelLinesGradient", lows, highs, [slope, shift, radius]);
      const [byLower, byUpper] = memory.engine.parallelLinesGradient(
        ...functionArguments(f),
        lows.number,
        highs.number,
        slope.number,
        shift.number,
        radius.number,
      );
      return { lower: memory.give(shape, byLower), upper: memory.give(shape, byUpper) };
    },

    adaptiveLines(f, lower, upper) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const shape = rules.lines("adaptiveLines", lows, highs);
      const [lowerSlope, lowerShift, upperSlope, upperShift] = memory.engine.adaptiveLines(
        ...functionArguments(f),
        lows.number,
        highs.number,
      );
      return {
        lowerSlope: memory.give(shape, lowerSlope),
        lowerShift: memory.give(shape, lowerShift),
        upperSlope: memory.give(shape, upperSlope),
        upperShift: memory.give(shape, upperShift),
      };
    },

    adaptiveLinesGradient(f, lower, upper, g) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const [lowerSlope, lowerShift] = [memory.take(g.lowerSlope), memory.take(g.lowerShift)];
      const [upperSlope, upperShift] = [memory.take(g.upperSlope), memory.take(g.upperShift)];
      const gradients = [lowerSlope, lowerShift, upperSlope, upperShift];
      const shape = rules.linesGradient("adaptiveLinesGradient", lows, highs, gradients);
      const [byLower, byUpper] = memory.engine.adaptiveLinesGradient(
        ...functionArguments(f),
        lows.number,
        highs.number,
        lowerSlope.number,
        lowerShift.number,
        upperSlope.number,
        upperShift.number,
      );
      return { lower: memory.give(shape, byLower), upper: memory.give(shape, byUpper) };
    },

    activateBox(f, centre, radius) {
      const [centres, radii] = [memory.take(centre), memory.take(radius)];
      const shape = rules.activateBox(centres, radii);
      const [c, r] = memory.engine.activateBox(...functionArguments(f), centres.number, radii.number);
      return { centre: memory.give(shape, c), radius: memory.give(shape, r) };
    },

    activateBoxGradient(f, centre, radius, g) {
      const [centres, radii] = [memory.take(centre), memory.take(radius)];
      const [gCentre, gRadius] = [memory.take(g.centre), memory.take(g.radius)];
      const shape = rules.activateBoxGradient(centres, radii, [gCentre, gRadius]);
      const [c, r] = memory.engine.activateBoxGradient(
        ...functionArguments(f),
        centres.number,
        radii.number,
        gCentre.number,
        gRadius.number,
      );
      return { centre: memory.give(shape, c), radius: memory.give(shape, r) };
    },

    boxMoments(centre, radius) {
      const [centres, radii] = [memory.take(centre), memory.take(radius)];
      const shape = rules.boxMoments(centres, radii);
      return memory.give(shape, memory.engine.boxMoments(centres.number, radii.number));
    },

    boxMomentsGradient(centre, radius, g) {
      const [centres, radii, gradient] = [memory.take(centre), memory.take(radius), memory.take(g)];
      const shape = rules.boxMomentsGradient(centres, radii, gradient);
      const [c, r] = memory.engine.boxMomentsGradient(centres.number, radii.number, gradient.number);
      return { centre: memory.give(shape, c), radius: memory.give(shape, r) };
    },
  };
}
