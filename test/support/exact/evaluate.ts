import type { Activation } from "../../../src/activations/index.js";
import { notYet, type PlainNetwork, type PlainStep } from "../plain-network.js";
import { affineEnclosure } from "./affine.js";
import { batchNormEnclosure, scaleShiftEnclosure } from "./by-feature.js";
import { aligned, type Dyadic, dyadic, multiply } from "./dyadic.js";
import {
  alignAll,
  type Enclosure,
  exactly,
  isExact,
  mapMonotone,
  withExponent,
  withFewerDigits,
} from "./enclosure.js";
import { type Ends, PLACES, sigmoidEnds, tanhEnds } from "./functions.js";

/**
 * The network in real arithmetic at a point: enclosures of its outputs, exact where every number on the way is a dyadic
 * rational. Means of windows, batch norms, tanh and sigmoid are enclosed to hundreds of binary places.
 */
export function evaluateExactly(plain: PlainNetwork, x: Enclosure): Enclosure {
  const last = lastUses(plain);
  const values: (Enclosure | null)[] = [x];
  for (const [i, { step, inputs }] of plain.nodes.entries()) {
    if (step === null) continue;
    values[i] = withFewerDigits(
      through(
        step,
        inputs.map((input) => values[input] as Enclosure),
      ),
    );
    for (const input of inputs) if (last[input] === i) values[input] = null;
  }
  return values[plain.output] as Enclosure;
}

/** The last node that reads each. */
function lastUses({ nodes, output }: PlainNetwork): number[] {
  const last = nodes.map(() => -1);
  for (const [i, { inputs }] of nodes.entries()) for (const input of inputs) last[input] = i;
  last[output] = nodes.length;
  return last;
}

function through(step: PlainStep, inputs: readonly Enclosure[]): Enclosure {
  const [x] = inputs;
  switch (step.kind) {
    case "affine":
      return affineEnclosure(step.map, x);
    case "batch-norm":
      return batchNormEnclosure(step, x);
    case "scale-shift":
      return scaleShiftEnclosure(step, x);
    case "activation":
      return activated(step.activation, x);
    case "max-pool":
      return entriesOf(x, (ends) =>
        step.windows.map((sources) =>
          sources.reduce((most, i) => (ends[i] > most ? ends[i] : most), ends[sources[0]]),
        ),
      );
    case "select": {
      const value = dyadic(step.value);
      const exponent = Math.min(x.exponent, value.exponent);
      const own = withExponent(x, exponent);
      const constant = aligned(value, exponent);
      return entriesOf(own, (ends) =>
        Array.from(step.sources, (source) => (source < 0 ? constant : ends[source])),
      );
    }
    case "copy":
      return x;
    case "add":
      return joined(inputs, (ends) => ends[0].map((_, f) => ends.reduce((sum, list) => sum + list[f], 0n)));
    case "concat":
      return joined(inputs, (ends) => ends.flat());
    default:
      return step satisfies never;
  }
}

type Pick = (ends: readonly bigint[]) => bigint[];

/** The same choice of entries, or one that never decreases in any, for both ends. */
function entriesOf(x: Enclosure, pick: Pick): Enclosure {
  const lower = pick(x.lower);
  return isExact(x) ? exactly(x.exponent, lower) : { exponent: x.exponent, lower, upper: pick(x.upper) };
}

function joined(inputs: readonly Enclosure[], join: (ends: readonly (readonly bigint[])[]) => bigint[]) {
  const all = alignAll(inputs);
  const { exponent } = all[0];
  const lower = join(all.map((own) => own.lower));
  if (all.every(isExact)) return exactly(exponent, lower);
  return { exponent, lower, upper: join(all.map((own) => own.upper)) };
}

function activated(activation: Activation, x: Enclosure): Enclosure {
  switch (activation.kind) {
    case "relu":
      return mapMonotone(x, x.exponent, (z) => (z > 0n ? z : 0n));
    case "leaky-relu": {
      const slope = dyadic(activation.slope);
      const exponent = x.exponent + Math.min(0, slope.exponent);
      const image = (z: bigint): bigint =>
        z > 0n
          ? aligned({ mantissa: z, exponent: x.exponent }, exponent)
          : aligned(multiply(slope, { mantissa: z, exponent: x.exponent }), exponent);
      return mapMonotone(x, exponent, image);
    }
    case "hardtanh": {
      const [least, most] = [dyadic(activation.minimum), dyadic(activation.maximum)];
      const exponent = Math.min(x.exponent, least.exponent, most.exponent);
      const own = withExponent(x, exponent);
      const [a, b] = [aligned(least, exponent), aligned(most, exponent)];
      return mapMonotone(own, exponent, (z) => (z < a ? a : z > b ? b : z));
    }
    case "tanh":
      return sShaped(x, tanhEnds);
    case "sigmoid":
      return sShaped(x, sigmoidEnds);
    default:
      return notYet(activation);
  }
}

function sShaped(x: Enclosure, ends: (z: Dyadic) => Ends): Enclosure {
  const at = (mantissa: bigint) => ends({ mantissa, exponent: x.exponent });
  if (!isExact(x)) {
    return mapMonotone(
      x,
      -PLACES,
      (z) => at(z).lower,
      (z) => at(z).upper,
    );
  }
  const images = x.lower.map(at);
  return {
    exponent: -PLACES,
    lower: images.map(({ lower }) => lower),
    upper: images.map(({ upper }) => upper),
  };
}
