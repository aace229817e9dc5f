import type { Property, PropertyCase } from "../formats/vnnlib/property.js";
import type { Box } from "../threat/ball.js";

/**
 * The property that no input within ε of x in any feature, kept within the box, gets another class than `prediction`: one
 * case for each other class, whose output is at least as large. x `[features]`, ε in the data's units.
 */
export function robustness(
  x: ArrayLike<number>,
  epsilon: number,
  box: Box | null,
  prediction: number,
  classes: number,
): Property {
  const [least, most] = box ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const region = {
    lower: Float64Array.from(x, (value) => Math.max(least, value - epsilon)),
    upper: Float64Array.from(x, (value) => Math.min(most, value + epsilon)),
  };
  const cases: PropertyCase[] = [];
  for (let other = 0; other < classes; other++) {
    if (other === prediction) continue;
    const terms = [
      { output: prediction, coefficient: 1 },
      { output: other, coefficient: -1 },
    ];
    cases.push({ box: region, constraints: [{ terms, bound: 0, strict: false }] });
  }
  return { inputs: x.length, outputs: classes, cases };
}
