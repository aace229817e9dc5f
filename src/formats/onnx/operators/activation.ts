import { TensorProto_DataType as DataType } from "onnx-buf";
import {
  ACTIVATION_KINDS,
  type Activation,
  type ActivationKind,
  onnxForm,
} from "../../../activations/index.js";
import { FormatError, UnsupportedOperatorError } from "../../../errors.js";
import { hardtanh, relu, scaleShift } from "../../../network/build-layer.js";
import { activationFrom } from "../activation-form.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import type { GraphValue } from "../values.js";

/** The operators that are an activation each, with its parameters as attributes. */
export const ACTIVATION_OPERATORS: readonly (readonly [string, { inputs: 1; import: OperatorImport }])[] =
  ACTIVATION_KINDS.flatMap((kind) => {
    const { operator, inputs } = onnxForm(kind);
    return inputs ? [] : [[operator, { inputs: 1, import: activationOperator(kind) }] as const];
  });

function activationOperator(kind: ActivationKind): OperatorImport {
  return (node, graph) => {
    const x = graph.activation(node, 0);
    return attachActivation(node, graph, x, activationFrom(kind, node.attributes));
  };
}

function attachActivation(
  node: OnnxNode,
  graph: GraphImport,
  { handle, shape }: GraphValue,
  layer: Activation,
): GraphValue {
  return { handle: graph.attach(node.name, layer, [handle]), shape };
}

/** What stands for no bound in some files, as does its negative. */
const LARGEST_SINGLE = 3.4028234663852886e38;

/** Clip to [min, max]: a hardtanh; with one bound only, a ReLU that is moved and perhaps turned. */
export const clip: OperatorImport = (node, graph) => {
  const [minimum, maximum] = clipBounds(node, graph);
  const x = graph.activation(node, 0);
  if (minimum > maximum) {
    throw new FormatError(`${node.label}: min ${minimum} is larger than max ${maximum}`);
  }
  if (minimum === maximum) {
    return { handle: graph.attach(node.name, scaleShift(0, minimum), [x.handle]), shape: x.shape };
  }
  if (Number.isFinite(minimum) && Number.isFinite(maximum)) {
    return attachActivation(node, graph, x, hardtanh(minimum, maximum));
  }
  if (Number.isFinite(minimum)) return maximumOf(node, graph, x, [minimum]);
  if (Number.isFinite(maximum)) return minimumOf(node, graph, x, [maximum]);
  return x;
};

/** max(x, c) = c + relu(x − c). */
export function maximumOf(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  constant: readonly number[],
): GraphValue {
  return movedRelu(node, graph, x, constant, 1);
}

/** min(x, c) = c − relu(c − x). */
export function minimumOf(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  constant: readonly number[],
): GraphValue {
  return movedRelu(node, graph, x, constant, -1);
}

function movedRelu(
  node: OnnxNode,
  graph: GraphImport,
  { handle, shape }: GraphValue,
  constant: readonly number[],
  sign: 1 | -1,
): GraphValue {
  if (sign === 1 && constant.every((value) => value === 0)) {
    return { handle: graph.attach(node.name, relu(), [handle]), shape };
  }
  const away = scaleShift(
    sign,
    constant.map((value) => -sign * value),
  );
  const moved = graph.attach(graph.partName(node, "from"), away, [handle]);
  const positive = graph.attach(node.name, relu(), [moved]);
  return { handle: graph.attach(graph.partName(node, "to"), scaleShift(sign, constant), [positive]), shape };
}

/** The bounds, infinite where there is none. */
function clipBounds(node: OnnxNode, graph: GraphImport): readonly [minimum: number, maximum: number] {
  const [minimum, maximum] = declaredBounds(node, graph);
  // As attributes, bounds are of single precision always.
  const isDouble = node.opset >= 11 && graph.types.of(node.inputs[0]) === DataType.DOUBLE;
  const largest = isDouble ? Number.MAX_VALUE : LARGEST_SINGLE;
  return [
    minimum <= -largest ? Number.NEGATIVE_INFINITY : minimum,
    maximum >= largest ? Number.POSITIVE_INFINITY : maximum,
  ];
}

/** Attributes before operator set 11, constant inputs from then on; left out means no bound. */
function declaredBounds(node: OnnxNode, graph: GraphImport): readonly [minimum: number, maximum: number] {
  if (node.opset < 11) {
    return [
      node.attributes.float("min", Number.NEGATIVE_INFINITY),
      node.attributes.float("max", Number.POSITIVE_INFINITY),
    ];
  }
  const bound = (index: number, open: number): number => {
    const constant = node.inputs[index] ? graph.exactConstant(node, index) : undefined;
    if (constant && constant.values.length !== 1) {
      throw new FormatError(`${node.label}: ${JSON.stringify(constant.name)} must be one number`);
    }
    return constant?.values[0] ?? open;
  };
  return [bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY)];
}

/** Nothing at inference. */
export const dropout: OperatorImport = (node, graph) => {
  node.attributes.float("ratio", 0.5);
  node.attributes.int("seed", 0);
  const training = graph.optionalConstant(node, 2);
  if (training?.values.some((value) => value !== 0)) {
    throw new UnsupportedOperatorError(`${node.label}: is in training mode; export the model for inference`);
  }
  graph.optionalConstant(node, 1);
  return graph.activation(node, 0);
};
