import type { Backend } from "../backend.js";
import { examplesOf, type Noise } from "../noise.js";
import { NoiseReader } from "../random-noise.js";
import * as rules from "../run-rules.js";
import type { PortableMemory } from "./tensor.js";

/** Random projections. */
export function noiseOperations(memory: PortableMemory): Pick<Backend, "addNoise" | "addNoiseGradient"> {
  return {
    addNoise(x, slope, radius, times, noise) {
      const [input, d, rho] = [memory.takeOptional(x), memory.takeOptional(slope), memory.take(radius)];
      const shape = rules.addNoise(input, d, rho, times);
      const examples = examplesOf(noise, rho.rows);
      const out = memory.zeros(shape);
      overRuns(rho, times, noise, examples, (run, radius, random) => {
        for (let k = 0, i = run * times; k < times; k++, i++) {
          const spread = radius === 0 ? 0 : radius * random[k];
          out.values[i] = input && d ? d.values[run] * input.values[i] + spread : spread;
        }
      });
      return out;
    },

    addNoiseGradient(x, slope, radius, g, times, noise) {
      const [input, d] = [memory.takeOptional(x), memory.takeOptional(slope)];
      const [rho, gradient] = [memory.take(radius), memory.take(g)];
      const shape = rules.addNoiseGradient(input, d, rho, gradient, times);
      const examples = examplesOf(noise, rho.rows);
      const [ofX, ofSlope] = input && d ? [memory.zeros(shape), memory.zeros(rho)] : [null, null];
      const ofRadius = memory.zeros(rho);
      overRuns(rho, times, noise, examples, (run, radius, random) => {
        let [sumOfRadius, sumOfSlope] = [0, 0];
        for (let k = 0, i = run * times; k < times; k++, i++) {
          if (radius !== 0) sumOfRadius += gradient.values[i] * random[k];
          if (!input || !d || !ofX) continue;
          sumOfSlope += gradient.values[i] * input.values[i];
          ofX.values[i] = d.values[run] * gradient.values[i];
        }
        ofRadius.values[run] = sumOfRadius;
        if (ofSlope) ofSlope.values[run] = sumOfSlope;
      });
      return { x: ofX, slope: ofSlope, radius: ofRadius };
    },
  };
}

/** Each run with its random numbers, which are kept where the radius is 0; example by example, as their numbers come. */
function overRuns(
  {
    features,
    rows,
    values,
  }: { readonly features: number; readonly rows: number; readonly values: ArrayLike<number> },
  times: number,
  noise: Noise,
  examples: Int32Array,
  body: (run: number, radius: number, random: Float64Array) => void,
): void {
  const random = new Float64Array(times);
  examples.forEach((example, column) => {
    const reader = new NoiseReader(noise, example);
    for (let feature = 0; feature < features; feature++) {
      const run = feature * rows + column;
      if (values[run] !== 0) reader.fill(feature * times, random);
      body(run, values[run], random);
    }
  });
}
