import { LinePair } from "../../activations/line-pair.js";
import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { scalarActivation } from "./scalar-functions.js";
import type { PortableMemory } from "./tensor.js";

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
export function relaxationOperations(memory: PortableMemory): Relaxations {
  const lines = new LinePair();
  const { lower: below, upper: above } = lines;
  return {
    parallelLines(f, lower, upper) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const shape = rules.lines("parallelLines", lows, highs);
      const activation = scalarActivation(f);
      const [slope, shift, radius] = [memory.zeros(shape), memory.zeros(shape), memory.zeros(shape)];
      const [l, u] = [lows.values, highs.values];
      const [d, m, r] = [slope.values, shift.values, radius.values];
      for (let i = 0; i < l.length; i++) {
        activation.parallel(l[i], u[i], lines);
        d[i] = below.slope;
        m[i] = (below.shift + above.shift) / 2;
        r[i] = (above.shift - below.shift) / 2;
      }
      return { slope, shift, radius };
    },

    parallelLinesGradient(f, lower, upper, g) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const [slope, shift, radius] = [memory.take(g.slope), memory.take(g.shift), memory.take(g.radius)];
      const shape = rules.linesGradient("parallelLinesGradient", lows, highs, [slope, shift, radius]);
      const activation = scalarActivation(f);
      const [outLower, outUpper] = [memory.zeros(shape), memory.zeros(shape)];
      const [l, u] = [lows.values, highs.values];
      const [d, m, r] = [slope.values, shift.values, radius.values];
      const [toLower, toUpper] = [outLower.values, outUpper.values];
      for (let i = 0; i < l.length; i++) {
        activation.parallel(l[i], u[i], lines);
        const [byLow, byHigh] = [(m[i] - r[i]) / 2, (m[i] + r[i]) / 2];
        toLower[i] = d[i] * below.slopeByLower + byLow * below.shiftByLower + byHigh * above.shiftByLower;
        toUpper[i] = d[i] * below.slopeByUpper + byLow * below.shiftByUpper + byHigh * above.shiftByUpper;
      }
      return { lower: outLower, upper: outUpper };
    },

    adaptiveLines(f, lower, upper) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const shape = rules.lines("adaptiveLines", lows, highs);
      const activation = scalarActivation(f);
      const out = {
        lowerSlope: memory.zeros(shape),
        lowerShift: memory.zeros(shape),
        upperSlope: memory.zeros(shape),
        upperShift: memory.zeros(shape),
      };
      const [l, u] = [lows.values, highs.values];
      const [lowerSlope, lowerShift] = [out.lowerSlope.values, out.lowerShift.values];
      const [upperSlope, upperShift] = [out.upperSlope.values, out.upperShift.values];
      for (let i = 0; i < l.length; i++) {
        activation.adaptive(l[i], u[i], lines);
        lowerSlope[i] = below.slope;
        lowerShift[i] = below.shift;
        upperSlope[i] = above.slope;
        upperShift[i] = above.shift;
      }
      return out;
    },

    adaptiveLinesGradient(f, lower, upper, g) {
      const [lows, highs] = [memory.take(lower), memory.take(upper)];
      const gradients = [g.lowerSlope, g.lowerShift, g.upperSlope, g.upperShift].map((part) =>
        memory.take(part),
      );
      const shape = rules.linesGradient("adaptiveLinesGradient", lows, highs, gradients);
      const activation = scalarActivation(f);
      const [outLower, outUpper] = [memory.zeros(shape), memory.zeros(shape)];
      const [l, u] = [lows.values, highs.values];
      const [lowerSlope, lowerShift, upperSlope, upperShift] = gradients.map((part) => part.values);
      const [toLower, toUpper] = [outLower.values, outUpper.values];
      for (let i = 0; i < l.length; i++) {
        activation.adaptive(l[i], u[i], lines);
        toLower[i] =
          lowerSlope[i] * below.slopeByLower +
          lowerShift[i] * below.shiftByLower +
          upperSlope[i] * above.slopeByLower +
          upperShift[i] * above.shiftByLower;
        toUpper[i] =
          lowerSlope[i] * below.slopeByUpper +
          lowerShift[i] * below.shiftByUpper +
          upperSlope[i] * above.slopeByUpper +
          upperShift[i] * above.shiftByUpper;
      }
      return { lower: outLower, upper: outUpper };
    },

    activateBox(f, centre, radius) {
      const [centres, radii] = [memory.take(centre), memory.take(radius)];
      const shape = rules.activateBox(centres, radii);
      const activation = scalarActivation(f);
      const out = { centre: memory.zeros(shape), radius: memory.zeros(shape) };
      const [c, r] = [centres.values, radii.values];
      for (let i = 0; i < c.length; i++) {
        const [low, high] = [activation.value(c[i] - r[i]), activation.value(c[i] + r[i])];
        out.centre.values[i] = (low + high) / 2;
        out.radius.values[i] = (high - low) / 2;
      }
      return out;
    },

    activateBoxGradient(f, centre, radius, g) {
      const [centres, radii] = [memory.take(centre), memory.take(radius)];
      const [gCentre, gRadius] = [memory.take(g.centre), memory.take(g.radius)];
      const shape = rules.activateBoxGradient(centres, radii, [gCentre, gRadius]);
      const activation = scalarActivation(f);
      const out = { centre: memory.zeros(shape), radius: memory.zeros(shape) };
      const [c, r] = [centres.values, radii.values];
      for (let i = 0; i < c.length; i++) {
        const [byCentre, byRadius] = [gCentre.values[i], gRadius.values[i]];
        const low = (activation.derivative(c[i] - r[i]) * (byCentre - byRadius)) / 2;
        const high = (activation.derivative(c[i] + r[i]) * (byCentre + byRadius)) / 2;
        out.centre.values[i] = high + low;
        out.radius.values[i] = high - low;
      }
      return out;
    },

    boxMoments(centre, radius) {
      const [centres, radii] = [memory.take(centre), memory.take(radius)];
      const out = memory.zeros(rules.boxMoments(centres, radii));
      const [c, r, sums] = [centres.values, radii.values, out.values];
      for (let i = 0; i < c.length; i++) {
        sums[0] += r[i];
        sums[1] += c[i];
        const at = c[i] - r[i] > 0 ? 2 : c[i] + r[i] < 0 ? 5 : null;
        if (at === null) continue;
        sums[at] += 1;
        sums[at + 1] += c[i];
        sums[at + 2] += c[i] * c[i];
      }
      return out;
    },

    boxMomentsGradient(centre, radius, g) {
      const [centres, radii, gradient] = [memory.take(centre), memory.take(radius), memory.take(g)];
      const shape = rules.boxMomentsGradient(centres, radii, gradient);
      const out = { centre: memory.zeros(shape), radius: memory.zeros(shape) };
      const [c, r, by] = [centres.values, radii.values, gradient.values];
      for (let i = 0; i < c.length; i++) {
        const at = c[i] - r[i] > 0 ? 2 : c[i] + r[i] < 0 ? 5 : null;
        out.centre.values[i] = by[1] + (at === null ? 0 : by[at + 1] + 2 * c[i] * by[at + 2]);
        out.radius.values[i] = by[0];
      }
      return out;
    },
  };
}
