import type { Backend } from "../backend.js";
import { examplesOf, type Noise } from "../noise.js";
import * as rules from "../run-rules.js";
import type { NoiseArguments } from "./engine-types.js";
import type { NativeMemory } from "./tensor.js";

/** Random projections. */
export function noiseOperations(memory: NativeMemory): Pick<Backend, "addNoise" | "addNoiseGradient"> {
  return {
    addNoise(x, slope, radius, times, noise) {
      const [input, d, rho] = [memory.takeOptional(x), memory.takeOptional(slope), memory.take(radius)];
      const shape = rules.addNoise(input, d, rho, times);
      return memory.give(
        shape,
        memory.engine.addNoise(
          input?.number ?? 0,
          d?.number ?? 0,
          rho.number,
          times,
          ...noiseArguments(noise, rho.rows),
        ),
      );
    },

    addNoiseGradient(x, slope, radius, g, times, noise) {
      const [input, d] = [memory.takeOptional(x), memory.takeOptional(slope)];
      const [rho, gradient] = [memory.take(radius), memory.take(g)];
      const shape = rules.addNoiseGradient(input, d, rho, gradient, times);
      const numbers = memory.engine.addNoiseGradient(
        input?.number ?? 0,
        d?.number ?? 0,
        rho.number,
        times,
        gradient.number,
        ...noiseArguments(noise, rho.rows),
      );
      const ofRadius = memory.give(rho, numbers[numbers.length - 1]);
      if (numbers.length === 1) return { x: null, slope: null, radius: ofRadius };
      return { x: memory.give(shape, numbers[0]), slope: memory.give(rho, numbers[1]), radius: ofRadius };
    },
  };
}

function noiseArguments(noise: Noise, examples: number): NoiseArguments {
  const { distribution, key, stream } = noise;
  return [distribution === "normal" ? 1 : 0, ...key, ...stream, examplesOf(noise, examples)];
}
