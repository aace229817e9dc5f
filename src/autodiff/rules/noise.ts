import type { Noise } from "../../compute/noise.js";
import type { Tape, Variable } from "../tape.js";

/** ρ ⊙ C with random numbers C, `times` rows per example: radius `[f, C]` → `[f, C·times]`. */
export function spreadNoise(tape: Tape, radius: Variable, times: number, noise: Noise): Variable {
  const { backend } = tape;
  return tape.record(backend.addNoise(null, null, radius.value, times, noise), [radius], (g) => [
    backend.addNoiseGradient(null, null, radius.value, g, times, noise).radius,
  ]);
}

/** d ⊙ x + ρ ⊙ C: x `[f, C·times]`, slope and radius `[f, C]` → `[f, C·times]`. The backward pass makes C again. */
export function addNoise(
  tape: Tape,
  x: Variable,
  slope: Variable,
  radius: Variable,
  times: number,
  noise: Noise,
): Variable {
  const { backend } = tape;
  const value = backend.addNoise(x.value, slope.value, radius.value, times, noise);
  return tape.record(value, [x, slope, radius], (g) => {
    const gradient = backend.addNoiseGradient(x.value, slope.value, radius.value, g, times, noise);
    return [gradient.x, gradient.slope, gradient.radius];
  });
}
