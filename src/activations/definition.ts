import type { LinePair } from "./line-pair.js";

/**
 * What sound but loose bounds leave to be settled, in the words of the field for ReLU: `unstable`, with a sign that is not
 * known; `active`, never negative; `inactive`, never positive. Of every enclosed layer, max pooling and tanh included, they
 * mean: `unstable`, that the lines depend on the bounds; `active`, that the lines are fixed and the width passes on to the
 * next layer's box; `inactive`, that the lines are fixed and constant, so that the width ends here.
 */
export const NeuronState = { inactive: 0, active: 1, unstable: 2 } as const;
export type NeuronState = (typeof NeuronState)[keyof typeof NeuronState];

/** One activation on numbers: its value, derivative (of the left piece at a kink), and its lines over [ℓ, u]. */
export interface ScalarActivation {
  value(z: number): number;
  derivative(z: number): number;
  /** Two lines of one slope, d·z + m ± ρ (the paper's). */
  parallel(lower: number, upper: number, out: LinePair): void;
  /** Two lines of different slopes where that is tighter. */
  adaptive(lower: number, upper: number, out: LinePair): void;
}

/**
 * Which further lines enclose an activation, so that branch and bound may mix them. `kinked at zero`: the activation is
 * max(below · z, z), so that below it every line through 0 with a slope from `below` to 1 will do. `between known`: only
 * the lines of the two methods are known.
 */
export type LineMix =
  | { readonly kind: "kinked at zero"; readonly below: number }
  | { readonly kind: "between known" };

/** The names of an activation's parameters. */
export type ParameterOf<A> = Exclude<keyof A, "kind"> & string;

/** A parameter as an attribute of ONNX; where a file leaves it out, it has the standard's default. */
export interface OnnxAttribute {
  readonly name: string;
  readonly default: number;
}

/**
 * An activation as an operator of ONNX. Parameters are attributes, or inputs in this order; an operator whose parameters are
 * inputs has an importer of its own, since they may be missing there.
 */
export interface OnnxForm<P extends string> {
  readonly operator: string;
  readonly attributes?: Readonly<Record<P, OnnxAttribute>>;
  readonly inputs?: readonly P[];
  /** Whether the standard defines it for integers, too. */
  readonly integers?: true;
}

/**
 * All that is known of one kind of elementwise activation. As a layer it never decreases: its slopes are at least 0, and its
 * interval over [ℓ, u] is the images of ℓ and u. One that does decrease somewhere is an enclosed layer with a rule of
 * its own.
 */
export interface ActivationDefinition<A extends { readonly kind: string }> {
  /** Numbers, named as in files, in the order in which the native kernels take them; two at most. */
  readonly parameters: readonly ParameterOf<A>[];
  /** What is wrong with the parameters, null where nothing is. */
  fault(f: A): string | null;
  /** What is wrong with them in a layer of a network, where nothing is wrong with them as such. */
  layerFault(f: A): string | null;
  scalar(f: A): ScalarActivation;
  /**
   * What computing it costs: nothing (`exact`: its value is an input or a constant), a rounding (`relative`), or the error of
   * a function library (`approximate`).
   */
  readonly rounding: "exact" | "relative" | "approximate";
  /**
   * What bounds ℓ and u leave to be settled. `active` and `inactive` only if the lines over every smaller interval
   * are the same; NaN is `unstable`.
   */
  state(f: A, lower: number, upper: number): NeuronState;
  mix(f: A): LineMix;
  /** Where branch and bound cuts [ℓ, u] in two; null where no cut makes the lines better. */
  splitPoint(f: A, lower: number, upper: number): number | null;
  /** About the widest gap between the lines over [ℓ, u], of an interval that has a point to cut it at. */
  gap(f: A, lower: number, upper: number): number;
  readonly onnx: OnnxForm<ParameterOf<A>>;
}

export const NO_FAULT = (): null => null;
