import {
  type AttributeProto,
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { sameShape } from "../../network/shape.js";
import { decodeTensor } from "./constant.js";
import { isStandardDomain, type OnnxFile } from "./model-proto.js";
import { formatExtents } from "./values.js";

/**
 * The first difference between a graph of autodual's own making and the one of a file, in words; undefined where they
 * compute the same, number by number. How tensors are packed, their order, and what only annotates a graph do not count.
 */
export function graphDifference(expected: GraphProto, file: OnnxFile, where: string): string | undefined {
  const { graph, input, output } = file;
  const [ownInput] = expected.input;
  if (input.name !== ownInput.name) return differ("the input", quoted(ownInput.name), quoted(input.name));
  const shape = shapeOf(expected);
  if (!sameShape(shape, input.shape)) {
    return differ("the input's shape", formatExtents(shape), formatExtents(input.shape));
  }
  if (output !== expected.output[0].name)
    return differ("the output", quoted(expected.output[0].name), quoted(output));
  for (const [i, node] of expected.node.entries()) {
    const difference = nodeDifference(node, graph.node[i]);
    if (difference) return difference;
  }
  const further = graph.node[expected.node.length];
  if (further) return differ("a further node", "none", quoted(further.name || further.opType));
  return initializerDifference(expected.initializer, graph.initializer, where);
}

/** A batch of 1, as `readOnnxFile` has it. */
function shapeOf({ input: [{ type }] }: GraphProto): number[] {
  const dimensions = type?.value.case === "tensorType" ? (type.value.value.shape?.dim ?? []) : [];
  return dimensions.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : 1));
}

function nodeDifference(expected: NodeProto, found: NodeProto | undefined): string | undefined {
  const label = `node ${quoted(expected.name)}`;
  if (!found) return differ(label, quoted(expected.opType), "nothing");
  if (found.name !== expected.name) return differ(label, quoted(expected.name), quoted(found.name));
  const operator = isStandardDomain(found.domain) ? found.opType : `${found.domain}.${found.opType}`;
  if (operator !== expected.opType) return differ(label, quoted(expected.opType), quoted(operator));
  for (const field of ["input", "output"] as const) {
    const [own, other] = [JSON.stringify(expected[field]), JSON.stringify(found[field])];
    if (own !== other) return differ(`${label}, ${field}`, own, other);
  }
  for (const attribute of expected.attribute) {
    const other = found.attribute.find(({ name }) => name === attribute.name);
    if (!other || !sameAttribute(attribute, other)) {
      return `${label}: attribute ${quoted(attribute.name)} ${other ? "differs" : "is missing"}`;
    }
  }
  const further = found.attribute.length - expected.attribute.length;
  return further === 0 ? undefined : `${label} has ${further} further attribute${further === 1 ? "" : "s"}`;
}

/** Whether two attributes of a kind that the exporter writes are the same: an integer, integers, or a real number. */
function sameAttribute(a: AttributeProto, b: AttributeProto): boolean {
  if (a.type !== b.type || a.refAttrName !== b.refAttrName) return false;
  return a.i === b.i && a.f === b.f && a.ints.join() === b.ints.join();
}

function initializerDifference(
  expected: readonly TensorProto[],
  found: readonly TensorProto[],
  where: string,
): string | undefined {
  const tensors = new Map(found.map((tensor) => [tensor.name, tensor]));
  for (const own of expected) {
    const label = `initializer ${quoted(own.name)}`;
    const other = tensors.get(own.name);
    if (!other) return differ(label, formatExtents(own.dims.map(Number)), "nothing");
    if (own.dataType !== other.dataType) {
      return differ(label, DataType[own.dataType], DataType[other.dataType] ?? String(other.dataType));
    }
    if (sameDims(own, other) && own.rawData.length > 0 && Buffer.compare(own.rawData, other.rawData) === 0) {
      continue;
    }
    const [a, b] = [own, other].map((tensor) => decodeTensor(tensor, own.name, where));
    if (!sameShape(a.shape, b.shape)) return differ(label, formatExtents(a.shape), formatExtents(b.shape));
    const odd = a.values.findIndex((value, i) => value !== b.values[i]);
    if (odd >= 0) return differ(`${label}[${odd}]`, String(a.values[odd]), String(b.values[odd]));
  }
  if (found.length === expected.length) return undefined;
  return differ("initializers", String(expected.length), String(found.length));
}

function sameDims(a: TensorProto, b: TensorProto): boolean {
  return a.dims.length === b.dims.length && a.dims.every((extent, i) => extent === b.dims[i]);
}

/** Names of a damaged file may hold anything; messages are of one line. */
const quoted = (name: string): string => JSON.stringify(name);

function differ(what: string, expected: string, found: string): string {
  return `${what}: expected ${expected}, found ${found}`;
}
