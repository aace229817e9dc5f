import { activationDefinition } from "../../../src/activations/index.js";
import type { ExampleVerdict } from "../../../src/certify/certify.js";
import { downloadWeights } from "../../../src/network/weights.js";
import type { BallSpec } from "../../../src/threat/ball.js";
import { type PlainNetwork, type PlainStep, plainNetwork } from "../plain-network.js";
import { radiiOf } from "./ball-points.js";
import type { Certifier } from "./verge.js";

/** Far above the unit roundoff of single precision in any direction, and the smallest normal number of it. */
const UNIT = 2 ** -21;
const TINY = 2 ** -110;

interface Interval {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * Interval arithmetic with generous room for every rounding: a certifier that is sound for every evaluation, and so poor that
 * nothing else is to be said for it. No attack may break what it certifies.
 */
export const certifyByIntervals: Certifier = async ({ backend, network, parameters }, { x }, options) => {
  const plain = plainNetwork({ network, weights: await downloadWeights(backend, parameters) });
  const size = plain.nodes[0].size;
  const count = x.length / size;
  const examples = Array.from({ length: count }, (_, b): ExampleVerdict => {
    const own = Float64Array.from({ length: size }, (_, f) => x[f * count + b]);
    return verdictOn(plain, own, exampleOf(options, b));
  });
  return { guarantee: "deterministic", examples };
};

function exampleOf({ norm, epsilon, box }: BallSpec, b: number): BallSpec {
  const own = typeof epsilon === "object" && "perExample" in epsilon ? epsilon.perExample[b] : epsilon;
  return { norm, epsilon: own, box };
}

function verdictOn(plain: PlainNetwork, x: Float64Array, spec: BallSpec): ExampleVerdict {
  const radii = radiiOf({ x, spec });
  const room = (f: number) => radii[f] * (1 + UNIT) + Math.abs(x[f]) * UNIT + TINY;
  const values: Interval[] = [
    { lower: x.map((value, f) => value - room(f)), upper: x.map((value, f) => value + room(f)) },
  ];
  for (const [i, { step, inputs }] of plain.nodes.entries()) {
    if (step === null) continue;
    values[i] = through(
      step,
      inputs.map((input) => values[input]),
    );
  }
  const { lower, upper } = values[plain.output];
  const reference = lower.indexOf(Math.max(...lower));
  const marginLower = Array.from(upper, (value, j) => (j === reference ? 0 : lower[reference] - value));
  const certified = marginLower.every((margin, j) => j === reference || margin > 0);
  return { prediction: reference, reference, certified, marginLower };
}

function size({ lower, upper }: Interval, f: number): number {
  return Math.max(Math.abs(lower[f]), Math.abs(upper[f]));
}

/** Both ends of each entry, moved apart by its rounding. */
function entries(
  count: number,
  entry: (f: number) => readonly [low: number, high: number, rounding: number],
): Interval {
  const [lower, upper] = [new Float64Array(count), new Float64Array(count)];
  for (let f = 0; f < count; f++) {
    const [low, high, rounding] = entry(f);
    lower[f] = low - rounding;
    upper[f] = high + rounding;
  }
  return { lower, upper };
}

/** a · [low, high] + b with the rounding of some twenty operations. */
function scaled(x: Interval, f: number, scale: number, shift: number, sizes: number) {
  const ends = [scale * x.lower[f], scale * x.upper[f]].sort((a, b) => a - b);
  const rounding = 32 * UNIT * (Math.abs(scale) * (size(x, f) + sizes) + Math.abs(shift));
  const flushed = TINY * (1 + Math.abs(scale) + size(x, f));
  return [ends[0] + shift, ends[1] + shift, rounding + flushed] as const;
}

function through(step: PlainStep, inputs: readonly Interval[]): Interval {
  const [x] = inputs;
  switch (step.kind) {
    case "affine": {
      const { rows, bias, divisor } = step.map;
      return entries(rows.length, (i) => {
        const { weights, sources } = rows[i];
        let [low, high, sizes, largest] = [bias?.[i] ?? 0, bias?.[i] ?? 0, Math.abs(bias?.[i] ?? 0), 1];
        for (let k = 0; k < weights.length; k++) {
          const [a, b] = [weights[k] * x.lower[sources[k]], weights[k] * x.upper[sources[k]]];
          low += Math.min(a, b);
          high += Math.max(a, b);
          sizes += Math.max(Math.abs(a), Math.abs(b));
          largest += Math.abs(weights[k]) + size(x, sources[k]);
        }
        const rounding = (weights.length + 16) * (UNIT * sizes + TINY * largest);
        return [low / divisor, high / divisor, rounding / divisor];
      });
    }
    case "batch-norm":
      return entries(x.lower.length, (f) => {
        const c = Math.floor(f / step.positions);
        const scale = step.weight[c] / Math.sqrt(step.variance[c] + step.epsilon);
        return scaled(x, f, scale, step.bias[c] - scale * step.mean[c], 2 * Math.abs(step.mean[c]));
      });
    case "scale-shift":
      return entries(x.lower.length, (f) => scaled(x, f, step.scale[f], step.shift[f], 0));
    case "activation": {
      const { value } = activationDefinition(step.activation).scalar(step.activation);
      const numbers = Object.values(step.activation).filter((own) => typeof own === "number");
      const constants = numbers.reduce((sum, own) => sum + Math.abs(own), 0);
      const coarse = ["tanh", "sigmoid"].includes(step.activation.kind) ? 2 ** -19 : 0;
      return entries(x.lower.length, (f) => {
        const rounding =
          step.activation.kind === "relu" ? 0 : UNIT * (size(x, f) + constants) + coarse + TINY;
        return [value(x.lower[f]), value(x.upper[f]), rounding];
      });
    }
    case "max-pool": {
      const most = (ends: Float64Array) => (i: number) =>
        Math.max(...Array.from(step.windows[i], (source) => ends[source]));
      return entries(step.windows.length, (i) => [most(x.lower)(i), most(x.upper)(i), 0]);
    }
    case "select":
      return entries(step.sources.length, (i) => {
        const source = step.sources[i];
        if (source < 0) return [step.value, step.value, UNIT * Math.abs(step.value) + TINY];
        return [x.lower[source], x.upper[source], 0];
      });
    case "copy":
      return x;
    case "add":
      return entries(x.lower.length, (f) => {
        const sum = (ends: "lower" | "upper") => inputs.reduce((total, own) => total + own[ends][f], 0);
        const sizes = inputs.reduce((total, own) => total + size(own, f), 0);
        return [sum("lower"), sum("upper"), inputs.length * UNIT * sizes + TINY];
      });
    case "concat":
      return {
        lower: Float64Array.from(inputs.flatMap(({ lower }) => Array.from(lower))),
        upper: Float64Array.from(inputs.flatMap(({ upper }) => Array.from(upper))),
      };
    default:
      return step satisfies never;
  }
}
