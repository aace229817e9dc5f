import type { ActivationDefinition, OnnxForm } from "./definition.js";
import { type HardtanhActivation, hardtanhDefinition } from "./hardtanh.js";
import { type LeakyReluActivation, leakyReluDefinition } from "./leaky-relu.js";
import { type ReluActivation, reluDefinition } from "./relu.js";
import { type SigmoidActivation, sigmoidDefinition } from "./sigmoid.js";
import { type TanhActivation, tanhDefinition } from "./tanh.js";

/**
 * The activations that a network may contain. One name serves the primal value, its derivative, and the lines
 * that enclose it over an interval of pre-activations.
 */
export type Activation =
  | ReluActivation
  | LeakyReluActivation
  | HardtanhActivation
  | TanhActivation
  | SigmoidActivation;

/** What an activation is called in files and in names of nodes. */
export type ActivationKind = Activation["kind"];

/** Everything that is known of activations. In the order of native/kernels/activations/list.h, which numbers them. */
const DEFINITIONS: {
  readonly [K in ActivationKind]: ActivationDefinition<Extract<Activation, { readonly kind: K }>>;
} = {
  relu: reluDefinition,
  "leaky-relu": leakyReluDefinition,
  hardtanh: hardtanhDefinition,
  tanh: tanhDefinition,
  sigmoid: sigmoidDefinition,
};

/** Every kind of activation; its place is the number by which the native backend knows it. */
export const ACTIVATION_KINDS = Object.keys(DEFINITIONS) as ActivationKind[];

/** The definition of an activation's kind. */
export function activationDefinition<A extends Activation>({ kind }: A): ActivationDefinition<A> {
  return DEFINITIONS[kind] as unknown as ActivationDefinition<A>;
}

/** The names of the parameters of a kind of activation. */
export function parametersOf(kind: ActivationKind): readonly string[] {
  return DEFINITIONS[kind].parameters;
}

/** How a kind of activation is written in ONNX. */
export function onnxForm(kind: ActivationKind): OnnxForm<string> {
  return DEFINITIONS[kind].onnx;
}

/** Whether this is the name of an activation. */
export function isActivationKind(kind: string): kind is ActivationKind {
  return Object.hasOwn(DEFINITIONS, kind);
}
