import { activationDefinition } from "../../../src/activations/index.js";
import type { ExampleVerdict } from "../../../src/certify/certify.js";
import { downloadWeights } from "../../../src/network/weights.js";
import type { BallSpec } from "../../../src/threat/ball.js";
import type { Evaluation } from "../float-orders/evaluations.js";
import { type PlainNetwork, type PlainStep, plainNetwork } from "../plain-network.js";
import { radiiOf } from "./ball-points.js";
import type { Certifier } from "./verge.js";

/** How far an evaluation may be from real arithmetic, and interval arithmetic in double precision with it. */
export interface Room {
  /** Of every rounding, relative. */
  readonly unit: number;
  /** Roundings of a term beside those of its sum. */
  readonly extra: number;
  /** Of tanh and sigmoid, absolute. */
  readonly coarse: number;
  /** What underflow may take from any operation, in units of the numbers that meet there. */
  readonly tiny: number;
  /** Sums that may be larger are not certified: they overflow. */
  readonly most: number;
}

/** More than any evaluation needs. */
export const GENEROUS: Room = {
  unit: 2 ** -21,
  extra: 32,
  coarse: 2 ** -19,
  tiny: 2 ** -110,
  most: 2 ** 126,
};

/** Sums of n terms in any order by γ(n + 1), eight more roundings where a norm is folded in, and one of each number that enters. */
const EXTRA = 10;

/** No more than a certificate is about. */
export function roomOf(evaluation: Evaluation): Room {
  switch (evaluation) {
    case "float32":
      return { unit: 2 ** -24, extra: EXTRA, coarse: 2 ** -20, tiny: 2 ** -148, most: 2 ** 127 };
    case "float32-ftz":
      return { unit: 2 ** -23, extra: EXTRA, coarse: 2 ** -20, tiny: 2 ** -125, most: 2 ** 127 };
    // Twice, since the bounds themselves are rounded as much.
    case "float64":
    case "real":
      return { unit: 2 ** -52, extra: EXTRA, coarse: 2 ** -49, tiny: 2 ** -1000, most: 2 ** 1000 };
    default:
      return evaluation satisfies never;
  }
}

interface Interval {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/**
 * Interval arithmetic with room for every rounding: a certifier that is sound for every evaluation within that room, and so
 * poor that nothing else is to be said for it. No attack may break what it certifies.
 */
export function intervalCertifier(room: () => Room): Certifier {
  return async ({ backend, network, parameters }, { x }, options) => {
    const plain = plainNetwork({ network, weights: await downloadWeights(backend, parameters) });
    const size = plain.nodes[0].size;
    const count = x.length / size;
    const examples = Array.from({ length: count }, (_, b): ExampleVerdict => {
      const own = Float64Array.from({ length: size }, (_, f) => x[f * count + b]);
      return verdictOn(plain, own, exampleOf(options, b), room());
    });
    return { guarantee: "deterministic", examples };
  };
}

function exampleOf({ norm, epsilon, box }: BallSpec, b: number): BallSpec {
  const own = typeof epsilon === "object" && "perExample" in epsilon ? epsilon.perExample[b] : epsilon;
  return { norm, epsilon: own, box };
}

function verdictOn(plain: PlainNetwork, x: Float64Array, spec: BallSpec, room: Room): ExampleVerdict {
  const radii = radiiOf({ x, spec });
  const { unit, tiny } = room;
  const reach = (f: number) => radii[f] * (1 + 2 * unit) + 2 * Math.abs(x[f]) * unit + tiny;
  const values: Interval[] = [
    { lower: x.map((value, f) => value - reach(f)), upper: x.map((value, f) => value + reach(f)) },
  ];
  for (const [i, { step, inputs }] of plain.nodes.entries()) {
    if (step === null) continue;
    values[i] = through(
      step,
      inputs.map((input) => values[input]),
      room,
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

/** A scale and a shift; `sizes` beside x count in the rounding, in units of it. */
interface Scaling {
  readonly scale: number;
  readonly shift: number;
  readonly sizes: number;
}

/** a · [low, high] + b. */
function scaled(x: Interval, f: number, { scale, shift, sizes }: Scaling, { unit, extra, tiny, most }: Room) {
  const ends = [scale * x.lower[f], scale * x.upper[f]].sort((a, b) => a - b);
  if (!(Math.abs(scale) * (size(x, f) + sizes) + Math.abs(shift) <= most)) {
    return [Number.NaN, Number.NaN, Number.NaN] as const;
  }
  const rounding = extra * unit * (Math.abs(scale) * (size(x, f) + sizes) + Math.abs(shift));
  const flushed = extra * tiny * (1 + Math.abs(scale) + size(x, f));
  return [ends[0] + shift, ends[1] + shift, rounding + flushed] as const;
}

function through(step: PlainStep, inputs: readonly Interval[], room: Room): Interval {
  const { unit, extra, coarse, tiny, most } = room;
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
        if (!(sizes <= most)) return [Number.NaN, Number.NaN, Number.NaN];
        const rounding = (weights.length + extra) * (unit * sizes + tiny * largest);
        return [low / divisor, high / divisor, rounding / divisor];
      });
    }
    case "batch-norm":
      return entries(x.lower.length, (f) => {
        const c = Math.floor(f / step.positions);
        const scale = step.weight[c] / Math.sqrt(step.variance[c] + step.epsilon);
        const shift = step.bias[c] - scale * step.mean[c];
        const sizes = 2 * Math.abs(step.mean[c]) + Math.abs(step.bias[c] / scale);
        return scaled(x, f, { scale, shift, sizes }, room);
      });
    case "scale-shift":
      return entries(x.lower.length, (f) =>
        scaled(x, f, { scale: step.scale[f], shift: step.shift[f], sizes: 0 }, room),
      );
    case "activation": {
      const { value } = activationDefinition(step.activation).scalar(step.activation);
      const numbers = Object.values(step.activation).filter((own) => typeof own === "number");
      const constants = numbers.reduce((sum, own) => sum + Math.abs(own), 0);
      const own = ["tanh", "sigmoid"].includes(step.activation.kind) ? coarse : 0;
      return entries(x.lower.length, (f) => {
        const rounding =
          step.activation.kind === "relu" ? 0 : 2 * unit * (size(x, f) + constants) + own + tiny;
        return [value(x.lower[f]), value(x.upper[f]), rounding];
      });
    }
    case "max-pool": {
      const largest = (ends: Float64Array, i: number) =>
        Math.max(...Array.from(step.windows[i], (source) => ends[source]));
      return entries(step.windows.length, (i) => [largest(x.lower, i), largest(x.upper, i), 0]);
    }
    case "select":
      return entries(step.sources.length, (i) => {
        const source = step.sources[i];
        if (source < 0) return [step.value, step.value, unit * Math.abs(step.value) + tiny];
        return [x.lower[source], x.upper[source], 0];
      });
    case "copy":
      return x;
    case "add":
      return entries(x.lower.length, (f) => {
        const sum = (ends: "lower" | "upper") => inputs.reduce((total, own) => total + own[ends][f], 0);
        const sizes = inputs.reduce((total, own) => total + size(own, f), 0);
        return [sum("lower"), sum("upper"), inputs.length * (unit * sizes + tiny)];
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
