import type { Activation } from "../../../src/activations/index.js";
import { ALL_SETTINGS } from "../../support/activation-oracles.js";

/** Every kind of activation, with settings of every shape. */
export const ACTIVATIONS: readonly Activation[] = ALL_SETTINGS;

/** `leaky-relu 0.125`. */
export function describeActivation({ kind, ...parameters }: Activation): string {
  return [kind, ...Object.values(parameters)].join(" ");
}
