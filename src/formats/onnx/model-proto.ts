import { fromBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../errors.js";
import type { Shape } from "../../network/shape.js";

/** Before version 7, Add, Gemm and others broadcast in a way of their own. */
const OLDEST_OPSET = 7;

/** The file's frame: one graph, from one input to one output. */
export interface OnnxFile {
  readonly graph: GraphProto;
  readonly input: { readonly name: string; readonly shape: Shape };
  readonly output: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads an ONNX file's frame and checks that it is one that a network can be made of. */
export function readOnnxFile(bytes: Uint8Array, where: string): OnnxFile {
  const model = parse(bytes, where);
  const { graph } = model;
  if (!graph || graph.node.length === 0) {
    throw new FormatError(`${where}: not a readable ONNX model: it has no graph`);
  }
  checkOpset(model, where);
  if (graph.sparseInitializer.length > 0) {
    throw new UnsupportedOperatorError(`${where}: sparse initializers are not supported; store them dense`);
  }
  // Old files list every weight among the inputs as well.
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const input = only(
    graph.input.filter(({ name }) => !weights.has(name)),
    "input",
    where,
  );
  const output = only(graph.output, "output", where);
  return {
    graph,
    input: { name: input.name, shape: inputShape(input, where) },
    output: output.name,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function parse(bytes: Uint8Array, where: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/\s+/g, " ") : "unknown fault";
    throw new FormatError(`${where}: not a readable ONNX model: ${reason}`);
  }
}

/** The operators' own domain has two names. */
export function isStandardDomain(domain: string): boolean {
  return domain === "" || domain === "ai.onnx";
}

function checkOpset(model: ModelProto, where: string): void {
  const opset = model.opsetImport.find(({ domain }) => isStandardDomain(domain));
  if (!opset) throw new FormatError(`${where}: not a readable ONNX model: it names no operator set`);
  if (opset.version < OLDEST_OPSET) {
    throw new UnsupportedOperatorError(
      `${where}: operator set ${opset.version} is not supported, expected ${OLDEST_OPSET} or later; convert the model`,
    );
  }
}

function only(values: readonly ValueInfoProto[], what: string, where: string): ValueInfoProto {
  if (values.length === 1) return values[0];
  const names = values.map(({ name }) => JSON.stringify(name)).join(", ");
  throw new UnsupportedOperatorError(
    `${where}: expected one ${what}, found ${values.length}${names && `: ${names}`}`,
  );
}

/** The shape of one example: all but the first dimension, which must be open or 1. */
function inputShape({ name, type }: ValueInfoProto, where: string): Shape {
  const label = `${where}: input ${JSON.stringify(name)}`;
  if (type?.value.case !== "tensorType") throw new FormatError(`${label}: is not a tensor`);
  const { elemType, shape } = type.value.value;
  if (![DataType.FLOAT, DataType.DOUBLE, DataType.FLOAT16].includes(elemType)) {
    throw new UnsupportedOperatorError(
      `${label}: expected FLOAT, DOUBLE or FLOAT16 numbers, found ${DataType[elemType] ?? elemType}`,
    );
  }
  if (!shape) throw new FormatError(`${label}: has no shape; export the model with one`);
  const dimensions = shape.dim.map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : value.value,
  );
  const found = `[${dimensions.map((dimension) => dimension ?? "?").join(", ")}]`;
  if (dimensions.length < 2) {
    throw new ShapeError(`${label}: expected [batch, ...features], found ${found}`);
  }
  const [batch, ...features] = dimensions;
  if (typeof batch === "number" && ![-1, 0, 1].includes(batch)) {
    throw new ShapeError(
      `${label}: expected an open batch or a batch of 1, found ${found}; export it with either`,
    );
  }
  return features.map((extent) => {
    if (typeof extent !== "number" || !Number.isSafeInteger(extent) || extent < 1) {
      throw new ShapeError(
        `${label}: every dimension after the batch must be a positive number, found ${found}`,
      );
    }
    return extent;
  });
}
