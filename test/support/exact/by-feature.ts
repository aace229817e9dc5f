import type { PlainBatchNorm, PlainStep } from "../plain-network.js";
import { add, type Dyadic, dyadic, lowestPlaceOf, scaled } from "./dyadic.js";
import { type Enclosure, exactly, isExact, withExponent } from "./enclosure.js";
import { reciprocalRoot } from "./functions.js";

/** scale · x + shift, exact where x is. */
export function scaleShiftEnclosure(
  { scale, shift }: Extract<PlainStep, { kind: "scale-shift" }>,
  input: Enclosure,
): Enclosure {
  const place = lowestPlaceOf(scale);
  const x = withExponent(input, Math.min(input.exponent, lowestPlaceOf(shift) - place));
  const exponent = x.exponent + place;
  const image = (ends: readonly bigint[], others: readonly bigint[]) =>
    ends.map((value, f) => {
      const factor = scaled(scale[f], place);
      return factor * (factor >= 0n ? value : others[f]) + scaled(shift[f], exponent);
    });
  const lower = image(x.lower, x.upper);
  return isExact(x) ? exactly(exponent, lower) : { exponent, lower, upper: image(x.upper, x.lower) };
}

/** γ (x − μ)/√(σ² + ε) + β, with the root enclosed. */
export function batchNormEnclosure(layer: PlainBatchNorm, input: Enclosure): Enclosure {
  const { positions, epsilon, weight, bias, mean, variance } = layer;
  const results: { exponent: number; lower: bigint; upper: bigint }[] = [];
  for (let channel = 0; channel < weight.length; channel++) {
    const root = reciprocalRoot(add(dyadic(variance[channel]), dyadic(epsilon)));
    const gamma = dyadic(weight[channel]);
    const factor = ordered(root.lower * gamma.mantissa, root.upper * gamma.mantissa);
    const factorExponent = root.exponent + gamma.exponent;
    const centre = dyadic(mean[channel]);
    const shift = dyadic(bias[channel]);
    for (let f = channel * positions; f < (channel + 1) * positions; f++) {
      const low = less({ mantissa: input.lower[f], exponent: input.exponent }, centre);
      const high = less({ mantissa: input.upper[f], exponent: input.exponent }, centre);
      const products = factor.flatMap((a) => [a * low.mantissa, a * high.mantissa]);
      const exponent = factorExponent + low.exponent;
      const [lower, upper] = [
        add({ mantissa: least(products), exponent }, shift),
        add({ mantissa: -least(products.map((product) => -product)), exponent }, shift),
      ];
      results.push({ exponent: lower.exponent, lower: lower.mantissa, upper: upper.mantissa });
    }
  }
  const exponent = Math.min(...results.map((own) => own.exponent));
  return {
    exponent,
    lower: results.map((own) => own.lower << BigInt(own.exponent - exponent)),
    upper: results.map((own) => own.upper << BigInt(own.exponent - exponent)),
  };
}

function less(a: Dyadic, b: Dyadic): Dyadic {
  return add(a, { mantissa: -b.mantissa, exponent: b.exponent });
}

function ordered(a: bigint, b: bigint): readonly bigint[] {
  return a <= b ? [a, b] : [b, a];
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((low, value) => (value < low ? value : low), values[0]);
}
