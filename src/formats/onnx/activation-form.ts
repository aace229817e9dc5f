import { type Activation, type ActivationKind, onnxForm } from "../../activations/index.js";
import type { Attributes } from "./attributes.js";

/** The activation that an operator's attributes name, those that are left out as the standard has them. */
export function activationFrom(kind: ActivationKind, attributes: Attributes): Activation {
  const parameters = Object.entries(onnxForm(kind).attributes ?? {}).map(([parameter, form]) => [
    parameter,
    attributes.float(form.name, form.default),
  ]);
  return { kind, ...Object.fromEntries(parameters) } as Activation;
}
