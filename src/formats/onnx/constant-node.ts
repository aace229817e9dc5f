import type { NodeProto } from "onnx-buf";
import { FormatError, UnsupportedOperatorError } from "../../errors.js";
import { Attributes } from "./attributes.js";
import { type Constant, decodeTensor } from "./constant.js";
import { isStandardDomain } from "./model-proto.js";

/**
 * The constant that a node stands for: a Constant node, or an Identity of a constant known by now. Nothing for any
 * other node.
 */
export function constantOfNode(
  node: NodeProto,
  known: ReadonlyMap<string, () => Constant>,
  where: string,
): (() => Constant) | undefined {
  if (!isStandardDomain(node.domain) || node.output.length !== 1) return undefined;
  if (node.opType === "Constant") return () => constantNode(node, where);
  if (node.opType === "Identity" && node.input.length === 1) return known.get(node.input[0]);
  return undefined;
}

function constantNode(node: NodeProto, where: string): Constant {
  const [name] = node.output;
  const label = `${where}: node ${JSON.stringify(node.name || name)} (Constant)`;
  if (node.attribute.length !== 1) {
    throw new FormatError(`${label}: expected one attribute, found ${node.attribute.length}`);
  }
  const attributes = new Attributes(node, label);
  const list = (values: readonly number[], type: typeof Float32Array | typeof Float64Array): Constant => ({
    name,
    shape: [values.length],
    values: type.from(values),
  });
  const scalar = (value: number, type: typeof Float32Array | typeof Float64Array): Constant => ({
    ...list([value], type),
    shape: [],
  });
  switch (node.attribute[0].name) {
    case "value": {
      const tensor = attributes.tensor("value");
      if (!tensor) throw new FormatError(`${label}: its tensor is missing`);
      return decodeTensor(tensor, name, where);
    }
    case "value_float":
      return scalar(attributes.float("value_float", 0), Float32Array);
    case "value_floats":
      return list(attributes.floats("value_floats"), Float32Array);
    case "value_int":
      return scalar(attributes.int("value_int", 0), Float64Array);
    case "value_ints":
      return list(attributes.ints("value_ints", []), Float64Array);
    default:
      throw new UnsupportedOperatorError(
        `${label}: attribute ${JSON.stringify(node.attribute[0].name)} is not supported`,
      );
  }
}
