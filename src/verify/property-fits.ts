import { ShapeError, UnsupportedOperatorError, UsageError } from "../errors.js";
import type { LeftOut } from "../formats/onnx/imported-model.js";
import type { OutputConstraint, Property } from "../formats/vnnlib/property.js";
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

/** Whether inputs take part in some comparison beside their own bounds. */
export function comparesInputs({ cases }: Property): boolean {
  return cases.some(({ constraints }) => constraints.some(({ inputs }) => inputs !== undefined));
}

/**
 * Throws a `UsageError`, which begins with `what`, for a property of which no certificate is written: claims are about outputs alone.
 */
export function checkClaimable(property: Property, what: string): void {
  if (!comparesInputs(property)) return;
  throw new UsageError(
    `${what}: expected a property that compares outputs alone, found inputs in its comparisons`,
  );
}

/**
 * Throws an `UnsupportedOperatorError` for a property that says another thing of a network's outputs than of those of its file, which
 * ends with a Softmax or a LogSoftmax that the network does without: only comparisons of two outputs are the same before and after
 * it, and after a LogSoftmax also by how much they differ.
 */
export function checkPropertyWithout(leftOut: LeftOut | undefined, { cases }: Property, where: string): void {
  if (leftOut === undefined) return;
  if (cases.every(({ constraints }) => constraints.every((one) => isKept(one, leftOut)))) return;
  throw new UnsupportedOperatorError(
    `${where}: ends with ${leftOut}, which only comparisons of two outputs do without; expected such as (<= Y_0 Y_1), found a ` +
      "property about values: export the model without it",
  );
}

/** Whether y_i − y_j is compared, with 0 where their differences are not kept but for the sign. */
function isKept({ terms, inputs, bound }: OutputConstraint, leftOut: LeftOut): boolean {
  if (inputs && terms.length > 0) return false;
  const [a, b] = terms;
  const compares = terms.length === 2 && a.output !== b.output && a.coefficient === -b.coefficient;
  return (compares && (bound === 0 || leftOut === "LogSoftmax")) || terms.length === 0;
}
