import { ACTIVATION_KINDS, type Activation, activationDefinition } from "../../activations/index.js";
import { checkFunction, type Elementwise, isActivationFunction } from "../elementwise.js";
import type { FunctionArguments } from "./engine-types.js";

type OtherKind = Exclude<Elementwise, Activation>["kind"];

/** The functions that are no activations, in the order of `Function` (native/kernels/types.h), where they come last. */
const OTHERS: Readonly<Record<OtherKind, number>> = {
  abs: 0,
  sign: 1,
  square: 2,
  sqrt: 3,
  "reciprocal-sqrt": 4,
};

/** A function's number and its two parameters. Throws a `UsageError` for parameters out of range. */
export function functionArguments(f: Elementwise): FunctionArguments {
  checkFunction(f);
  if (!isActivationFunction(f)) {
    return [ACTIVATION_KINDS.length + OTHERS[f.kind], f.kind === "reciprocal-sqrt" ? f.offset : 0, 0];
  }
  const [a = 0, b = 0] = activationDefinition(f).parameters.map((name): number => f[name]);
  return [ACTIVATION_KINDS.indexOf(f.kind), a, b];
}
