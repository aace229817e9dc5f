import { ACTIVATION_KINDS, type Activation, type ActivationKind } from "../../src/activations/index.js";
import { hardtanh, leakyRelu, relu, sigmoid, tanh } from "../../src/network/build-layer.js";

/** Slopes that the lines of two slopes may have: one, or two of which the smaller area between line and curve decides. */
export interface AdaptiveSlopes {
  readonly lower: readonly number[];
  readonly upper: readonly number[];
}

/** An activation from definitions. Shifts are found by search (oracle-lines.ts), so no formulas of lines stand here. */
export interface ActivationOracle<A extends Activation> {
  /** Settings of every shape, for the suite of backends. */
  readonly settings: readonly A[];
  /** Layers for networks under test: the first in random graphs, the others in a network of their own. */
  readonly layers: readonly A[];
  value(f: A, z: number): number;
  derivative(f: A, z: number): number;
  kinks(f: A): readonly number[];
  /** Slopes of parallel lines, of which the smallest radius decides. */
  slopes(f: A, l: number, u: number, chord: number): readonly number[];
  /** `parallel` where the lines of two slopes are the parallel ones. */
  adaptive(f: A, l: number, u: number, chord: number): AdaptiveSlopes | "parallel";
}

type OracleOf<K extends ActivationKind> = ActivationOracle<Extract<Activation, { readonly kind: K }>>;

const slope = (f: Activation): number => (f.kind === "leaky-relu" ? f.slope : 0);

/** ReLU and leaky ReLU: the chord, and through the kink any slope between those of the pieces. */
function kinked(f: Activation, l: number, u: number, chord: number): AdaptiveSlopes {
  if (!(l < 0 && u > 0)) return { lower: [chord], upper: [chord] };
  const below = slope(f);
  return below < 1 ? { lower: [below, 1], upper: [chord] } : { lower: [chord], upper: [below, 1] };
}

/** Tanh and the sigmoid: on one side of zero the chord and the tangent in the middle. */
function sShaped(derivative: (z: number) => number) {
  return {
    kinks: () => [],
    slopes: (_f: Activation, l: number, u: number, chord: number) => [
      chord,
      Math.min(derivative(l), derivative(u)),
    ],
    adaptive(_f: Activation, l: number, u: number, chord: number): AdaptiveSlopes | "parallel" {
      if (l < 0 && u > 0) return "parallel";
      const middle = derivative((l + u) / 2);
      return l >= 0 ? { lower: [chord], upper: [middle] } : { lower: [middle], upper: [chord] };
    },
  };
}

const ORACLES: { readonly [K in ActivationKind]: OracleOf<K> } = {
  relu: {
    settings: [relu()],
    layers: [relu(), relu()],
    value: (_f, z) => Math.max(z, 0),
    derivative: (_f, z) => (z > 0 ? 1 : 0),
    kinks: () => [0],
    slopes: (_f, _l, _u, chord) => [chord],
    adaptive: kinked,
  },
  // Convex, concave, not increasing, straight.
  "leaky-relu": {
    settings: [0.125, 1.5, -0.5, 1].map(leakyRelu),
    layers: [leakyRelu(0.1), leakyRelu(0.2), leakyRelu(1.4)],
    value: (f, z) => (z > 0 ? z : f.slope * z),
    derivative: (f, z) => (z > 0 ? 1 : f.slope),
    kinks: () => [0],
    slopes: (_f, _l, _u, chord) => [chord],
    adaptive: kinked,
  },
  // Even and lopsided.
  hardtanh: {
    settings: [hardtanh(-1, 1), hardtanh(0, 6), hardtanh(-0.25, 2)],
    layers: [hardtanh(-0.8, 0.7), hardtanh(-0.5, 0.4), hardtanh()],
    value: (f, z) => Math.min(Math.max(z, f.minimum), f.maximum),
    derivative: (f, z) => (z > f.minimum && z <= f.maximum ? 1 : 0),
    kinks: (f) => [f.minimum, f.maximum],
    slopes({ minimum, maximum }, l, u, chord) {
      if (!(l < minimum && u > maximum)) return [chord];
      return [(maximum - minimum) / (maximum - l), (maximum - minimum) / (u - minimum), chord];
    },
    adaptive({ minimum: a, maximum: b }, l, u, chord) {
      if (l < a && u > b) return { lower: [0, (b - a) / (u - a)], upper: [0, (b - a) / (b - l)] };
      if (l < a && u > a) return { lower: [0, 1], upper: [chord] };
      return l < b && u > b ? { lower: [chord], upper: [0, 1] } : { lower: [chord], upper: [chord] };
    },
  },
  tanh: {
    settings: [tanh()],
    layers: [tanh(), tanh()],
    value: (_f, z) => Math.tanh(z),
    derivative: (_f, z) => 1 / Math.cosh(z) ** 2,
    ...sShaped((z) => 1 / Math.cosh(z) ** 2),
  },
  sigmoid: {
    settings: [sigmoid()],
    layers: [sigmoid(), sigmoid()],
    value: (_f, z) => (z < 0 ? Math.exp(z) / (1 + Math.exp(z)) : 1 / (1 + Math.exp(-z))),
    derivative: (_f, z) => 1 / (4 * Math.cosh(z / 2) ** 2),
    ...sShaped((z) => 1 / (4 * Math.cosh(z / 2) ** 2)),
  },
};

/** The oracle of an activation's kind. */
export function oracleOf({ kind }: { readonly kind: ActivationKind }): ActivationOracle<Activation> {
  return ORACLES[kind] as unknown as ActivationOracle<Activation>;
}

/** Every kind with every setting, in the order of the table. */
export const ALL_SETTINGS: readonly Activation[] = ACTIVATION_KINDS.flatMap(
  (kind) => oracleOf({ kind }).settings,
);
