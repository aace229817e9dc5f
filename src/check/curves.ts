import type { HintedSlopes } from "../formats/certificate/hints.js";
import type { Layer } from "../network/layer.js";
import { down, type Machine, type NeuronBox, up } from "./rounding.js";

/** An elementwise activation σ. None ever decreases. */
export interface ActivationCurve {
  value(z: number): number;
  /** The largest slope. */
  readonly steepest: number;
  /** Where σ(z) − d·z may be least or largest, but for the ends of an interval. */
  turns(d: number): readonly number[];
  /** By how much, at most, the network as it is run and σ as computed here differ from σ, together. */
  error(size: number): number;
  /** Its slope below a kink at 0, above which it is 1. */
  readonly below?: number;
}

/** The curve of an activation; null of another layer. */
export function curveOf(layer: Layer, { unit, tiny, smooth }: Machine): ActivationCurve | null {
  // Of a product or a constant, and of a few operations of our own.
  const rounded = (size: number) => size * (4 * unit + 2 ** -50) + 4 * tiny;
  // The slope rises up to 0 and falls from there. Where a turn is computed wrong by less than 2⁻²⁰, the value there is by less
  // than 2⁻⁴¹; the functions of this machine are trusted to 2⁻⁴⁴. What a product takes for 0 is far less.
  const sShaped = (
    value: ActivationCurve["value"],
    steepest: number,
    turn: (d: number) => number,
  ): ActivationCurve => {
    const turns = (d: number) => (d > 0 && d < steepest ? [-turn(d), turn(d)] : []);
    return { value, steepest, turns, error: () => smooth + 2 ** -40 };
  };
  switch (layer.kind) {
    case "relu":
      return { value: (z) => Math.max(z, 0), steepest: 1, turns: () => [0], error: () => 4 * tiny, below: 0 };
    case "leaky-relu": {
      const { slope } = layer;
      const [steepest, below, turns] = [Math.max(1, slope), Math.min(1, slope), () => [0]];
      return {
        value: (z) => (z > 0 ? z : slope * z),
        steepest,
        turns,
        error: (z) => rounded(slope * z) + tiny * z,
        below,
      };
    }
    case "hardtanh": {
      const { minimum: a, maximum: b } = layer;
      const error = rounded(Math.max(Math.abs(a), Math.abs(b)));
      return {
        value: (z) => Math.min(Math.max(z, a), b),
        steepest: 1,
        turns: () => [a, b],
        error: () => error,
      };
    }
    case "tanh":
      return sShaped(Math.tanh, 1, (d) => Math.log1p(Math.sqrt(1 - d)) - Math.log(d) / 2);
    case "sigmoid":
      return sShaped(
        (z) => 1 / (1 + Math.exp(-z)),
        1 / 4,
        (d) => 2 * Math.log1p(Math.sqrt(1 - 4 * d)) - Math.log(4 * d),
      );
    default:
      return null;
  }
}

/** Lines slope·z + shift below and above each neuron of a layer, z being its input. */
export interface CurveLines {
  readonly slope: readonly [below: Float64Array, above: Float64Array];
  readonly shift: readonly [below: Float64Array, above: Float64Array];
}

/**
 * Lines of so many curves over bounds of their inputs, the first of which is neuron `from`; by default of the chord's slope. Any
 * slope d will do, with the least and the largest σ(z) − d·z; `adaptive` is that of the smaller area below a kink at 0, of the chord beside it.
 */
export function linesAround(
  curve: ActivationCurve,
  count: number,
  from: number,
  box: NeuronBox,
  slopes: HintedSlopes = {},
): CurveLines {
  const pair = () => [new Float64Array(count), new Float64Array(count)] as const;
  const lines = { slope: pair(), shift: pair() };
  for (const i of lines.slope[0].keys()) {
    const [l, u] = [box.lower[from + i], box.upper[from + i]];
    const kinked = curve.below !== undefined && u > -l ? 1 : curve.below;
    const given = [slopes.lower === "adaptive" ? kinked : slopes.lower?.[i], slopes.upper?.[i]];
    const [chord, size] = [(curve.value(u) - curve.value(l)) / (u - l), Math.max(Math.abs(l), Math.abs(u))];
    for (const [side, own = Number.NaN] of given.entries()) {
      const d = Number.isNaN(own) ? Math.min(Math.max(chord, 0) || 0, curve.steepest) : own;
      const places = [l, u, ...curve.turns(d).filter((z) => z > l && z < u)];
      const heights = places.map((z) => curve.value(z) - d * z);
      const error = curve.error(size) + 2 ** -50 * (curve.steepest + d) * size;
      lines.slope[side][i] = d;
      lines.shift[side][i] =
        side === 0 ? down(Math.min(...heights) - error) : up(Math.max(...heights) + error);
    }
  }
  return lines;
}
