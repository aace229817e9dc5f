import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
} from "onnx-buf";
import { UnsupportedOperatorError } from "../../../errors.js";
import type { AttributeValue } from "../../../network/layers/exported-node.js";

/** A node's attributes in the order given. An `UnsupportedOperatorError` for a real number beyond single precision. */
export function attributesOf(
  values: Readonly<Record<string, AttributeValue>>,
  layer: string,
): AttributeProto[] {
  return Object.entries(values).map(([name, value]) => {
    if (typeof value === "number") {
      return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
    }
    if ("real" in value) {
      const { real } = value;
      const f = Math.fround(real);
      if (!Number.isFinite(f) || (f === 0 && real !== 0)) {
        throw new UnsupportedOperatorError(
          `layer "${layer}": expected a number that single precision holds, as ONNX keeps "${name}" in it, found ${real}`,
        );
      }
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f });
    }
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
  });
}
