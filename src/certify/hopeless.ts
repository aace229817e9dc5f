import type { FloatArray } from "../compute/backend.js";
import type { IsHopeless } from "../dual/open-margins.js";

/** Of the numbers that meet in a margin, what rounding in single precision may have cost it. */
const NEAR = 2 ** -8;

/**
 * Whether more than rounding keeps a margin from being proved: its bound is farther below 0 than a share of 2⁻⁸ of the logits that it
 * is made of, and of what the ball took from it. `logits` are `[classes, examples]`. No verdict rests on it: what is hopeless stays open.
 */
export function hopelessOf(logits: FloatArray, examples: number): IsHopeless {
  return ({ example, label, other }, bound) => {
    const [own, against] = [logits[label * examples + example], logits[other * examples + example]];
    const size = Math.abs(own) + Math.abs(against) + Math.abs(own - against - bound);
    return !(bound > -NEAR * size);
  };
}
