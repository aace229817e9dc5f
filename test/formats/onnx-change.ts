import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema } from "onnx-buf";

/** An ONNX file as its message. */
export function protoOf(bytes: Uint8Array): ModelProto {
  return fromBinary(ModelProtoSchema, bytes);
}

/** An ONNX file after a change, as another program would write it again. */
export function changed(bytes: Uint8Array, change: (file: ModelProto) => void): Uint8Array {
  const file = protoOf(bytes);
  change(file);
  return toBinary(ModelProtoSchema, file);
}
