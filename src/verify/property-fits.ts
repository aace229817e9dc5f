import { ShapeError } from "../errors.js";
import type { Property } from "../formats/vnnlib/property.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";

/** Throws a `ShapeError` for a property over other numbers of inputs or outputs than the network has. */
export function checkPropertyFits(network: Network, property: Property): void {
  const [inputs, outputs] = [sizeOf(network.inputShape), network.classes];
  if (property.inputs === inputs && property.outputs === outputs) return;
  throw new ShapeError(
    `the property is over ${property.inputs} inputs and ${property.outputs} outputs, the network has ${inputs} and ` +
      `${outputs}`,
  );
}
