import { fromBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { FormatError, ShapeError, UnsupportedOperatorError, UsageError } from "../../errors.js";
import { checkRank, type Shape } from "../../network/shape.js";
import { checkExtents } from "./values.js";

/** Before version 7, Add, Gemm and others broadcast in a way of their own. */
const OLDEST_OPSET = 7;
const NEWEST_OPSET = 22;

/** The file's frame: one graph, from one input to one output, or to the one of several that is asked for. */
export interface OnnxFile {
  readonly graph: GraphProto;
  /** All extents; the first is 1 where the file leaves the batch open. */
  readonly input: { readonly name: string; readonly shape: Shape };
  readonly output: string;
  /** The version of the standard operators. */
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads an ONNX file's frame and checks that it is one that a network can be made of. Of several outputs `outputName` is taken;
 * an `UnsupportedOperatorError` lists them where it is left out, a `UsageError` where it is none of them.
 */
export function readOnnxFile(bytes: Uint8Array, where: string, outputName?: string): OnnxFile {
  const model = parse(bytes, where);
  const { graph } = model;
  if (!graph || graph.node.length === 0) {
    throw new FormatError(`${where}: not a readable ONNX model: it has no graph`);
  }
  const opset = opsetOf(model, where);
  if (graph.sparseInitializer.length > 0) {
    throw new UnsupportedOperatorError(`${where}: sparse initializers are not supported; store them dense`);
  }
  // Old files list every weight among the inputs as well.
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const input = onlyInput(
    graph.input.filter(({ name }) => !weights.has(name)),
    where,
  );
  const output = chosenOutput(graph.output, outputName, where);
  return {
    graph,
    input: { name: input.name, shape: inputShape(input, where) },
    output,
    opset,
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

function opsetOf(model: ModelProto, where: string): number {
  const opset = model.opsetImport.find(({ domain }) => isStandardDomain(domain));
  if (!opset) throw new FormatError(`${where}: not a readable ONNX model: it names no operator set`);
  if (opset.version < OLDEST_OPSET) {
    throw new UnsupportedOperatorError(
      `${where}: operator set ${opset.version} is not supported, expected ${OLDEST_OPSET} or later; convert the model`,
    );
  }
  if (opset.version > NEWEST_OPSET) {
    throw new UnsupportedOperatorError(
      `${where}: operator set ${opset.version} is not supported, expected at most ${NEWEST_OPSET}; export with an older one`,
    );
  }
  return Number(opset.version);
}

function onlyInput(inputs: readonly ValueInfoProto[], where: string): ValueInfoProto {
  if (inputs.length === 1) return inputs[0];
  const names = inputs.map(({ name }) => JSON.stringify(name)).join(", ");
  throw new UnsupportedOperatorError(
    `${where}: expected one input, found ${inputs.length}${names && `: ${names}`}`,
  );
}

function chosenOutput(outputs: readonly ValueInfoProto[], chosen: string | undefined, where: string): string {
  const found = listInWords(outputs);
  if (chosen === undefined && outputs.length === 1) return outputs[0].name;
  if (chosen !== undefined && outputs.some(({ name }) => name === chosen)) return chosen;
  if (chosen !== undefined) {
    const known = outputs.map(({ name }) => name);
    throw new UsageError(
      `${where}: expected one of the outputs ${found}, found --output ${JSON.stringify(chosen)}`,
      { found: chosen, known },
    );
  }
  throw new UnsupportedOperatorError(
    `${where}: expected one output, found ${outputs.length}${found && `: ${found}; choose one by --output NAME`}`,
  );
}

/** Their names, and their types. */
function listInWords(values: readonly ValueInfoProto[]): string {
  const types = values.map(({ type }) =>
    type?.value.case === "tensorType" ? DataType[type.value.value.elemType] : type?.value.case,
  );
  const names = values.map(({ name }) => JSON.stringify(name)).join(", ");
  return names && `${names} (${types.map((type) => type ?? "no type").join(", ")})`;
}

/** The input's shape: the first extent may be open, a batch; it is then 1. */
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
  checkRank(label, shape.dim);
  const dimensions = shape.dim.map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : value.value,
  );
  const found = `[${dimensions.map((dimension) => dimension ?? "?").join(", ")}]`;
  if (dimensions.length === 0)
    throw new ShapeError(`${label}: expected [batch, ...features], found ${found}`);
  const extents = dimensions.map((extent, i) => {
    const isOpen = typeof extent !== "number" || extent === -1 || extent === 0;
    if (i === 0 && isOpen && dimensions.length > 1) return 1;
    if (isOpen || !Number.isSafeInteger(extent) || extent < 1) {
      throw new ShapeError(
        `${label}: every dimension after the batch must be a positive number, found ${found}`,
      );
    }
    return extent;
  });
  checkExtents(extents, label);
  return extents;
}
