import { TensorProto_DataType as DataType, type NodeProto } from "onnx-buf";
import type { Backend } from "../../compute/backend.js";
import type { Stop } from "../../compute/deadline.js";
import { AutodualError, FormatError, UnsupportedOperatorError } from "../../errors.js";
import { graph as buildGraph, type Network } from "../../network/network.js";
import type { Shape } from "../../network/shape.js";
import { checkWeights, type Model } from "../../network/weights.js";
import { firstMeeting, fixedBatch, withSingleBatch } from "./batch/index.js";
import { compareImport, graphFunction } from "./check-import.js";
import { arithmeticOf, describedModel } from "./described-model.js";
import type { GraphEvaluator } from "./evaluate/index.js";
import { GraphImport } from "./graph-import.js";
import type { ImportedModel, LeftOut } from "./imported-model.js";
import { lastSoftmax } from "./last-softmax.js";
import { isStandardDomain, type OnnxFile, readOnnxFile } from "./model-proto.js";
import { OPERATORS } from "./operators/index.js";
import { type GraphValue, networkShape } from "./values.js";

/**
 * Makes a network of an ONNX file in inference mode, the batch left out. Layers take the nodes' names; weights keep
 * the file's precision, single or double. Nodes that the output does not depend on are left out. A file that autodual
 * wrote gives back the very network that it was written of, see `describedModel`.
 *
 * Throws, with one line that names `where` and the node: an `UnsupportedOperatorError` for operators, attributes or
 * graphs (several inputs or outputs) that cannot be imported; a `ShapeError` for shapes that do not fit; a
 * `FormatError` for a file that is no ONNX model, is damaged, or holds weights that are not finite.
 */
export function importOnnx(bytes: Uint8Array, where: string, output?: string): ImportedModel {
  const file = readOnnxFile(bytes, where, output);
  return describedModel(file, where) ?? networkOf(file, where);
}

/** A network and the file's graph, as it was executed. */
export interface ImportedGraph {
  readonly model: ImportedModel;
  readonly graph: GraphEvaluator;
}

/**
 * As `importCheckedOnnx`, with the file's graph, as it was executed; of several outputs the one of that name.
 */
export async function importWithGraph(
  backend: Backend,
  bytes: Uint8Array,
  where: string,
  stop?: Stop,
  output?: string,
): Promise<ImportedGraph> {
  const file = readOnnxFile(bytes, where, output);
  stop?.throwIfAborted();
  const described = describedModel(file, where, stop);
  if (described) {
    const graph = graphFunction(file, where, stop);
    // Constants of a description are doubles that its graph may have rounded.
    await compareImport(backend, described, graph, file.input.shape, where, { constants: "float32", stop });
    return { model: described, graph };
  }
  const read =
    fixedBatch(file) === undefined ? asItStands(file, where, stop) : ofFixedBatch(file, where, stop);
  await compareImport(backend, read.model, read.graph, read.shape, where, { constants: "float64", stop });
  return read;
}

interface ReadGraph extends ImportedGraph {
  /** Of the graph's input. */
  readonly shape: Shape;
}

function asItStands(file: OnnxFile, where: string, stop?: Stop): ReadGraph {
  const model = networkOf(file, where, stop);
  stop?.throwIfAborted();
  return { model, graph: graphFunction(file, where, stop), shape: file.input.shape };
}

/** As a graph of one example where a fixed batch goes through it example by example; else as it stands, the batch as features. */
function ofFixedBatch(file: OnnxFile, where: string, stop?: Stop): ReadGraph {
  const batch = file.input.shape[0];
  const attempts = [
    () => asItStands(withSingleBatch(file, where), where, stop),
    () => asItStands(file, where, stop),
  ];
  const [single, whole] = attempts.map((read) => {
    try {
      return read();
    } catch (error) {
      stop?.throwIfAborted();
      if (error instanceof AutodualError) return error;
      throw error;
    }
  });
  let meeting: NodeProto | undefined;
  if (!(single instanceof AutodualError)) {
    const graph = whole instanceof AutodualError ? graphFunction(file, where, stop) : whole.graph;
    meeting = firstMeeting(graph, single.graph, file.input.shape, stop);
    if (!meeting) {
      const note = `the fixed batch of ${batch} examples is read as a batch of 1: each node takes the examples one by one`;
      return { ...single, model: { ...single.model, notes: [note, ...(single.model.notes ?? [])] } };
    }
  }
  if (!(whole instanceof AutodualError)) return whole;
  const input = JSON.stringify(file.input.name);
  const mend = "export with an open batch (dynamic_axes of torch.onnx.export) or a batch of 1";
  if (single instanceof AutodualError) {
    const Kind = single.constructor as new (message: string) => AutodualError;
    throw new Kind(`${single.message}; input ${input} has a fixed batch of ${batch}: ${mend}`);
  }
  throw new UnsupportedOperatorError(
    `${where}: input ${input} has a fixed batch of ${batch}, whose examples are not taken one by one` +
      `${meeting ? ` by node ${JSON.stringify(meeting.name || meeting.output[0])} (${meeting.opType})` : ""}; ${mend}`,
  );
}

function networkOf(file: OnnxFile, where: string, stop?: Stop): ImportedModel {
  const { input, metadata } = file;
  const live = liveNodes(file);
  let weights: Model["weights"] = new Map();
  const network: Network = buildGraph(networkShape(input.shape), (handle, attach) => {
    const graph = new GraphImport(file, live, attach, where, stop);
    graph.setActivation(input.name, { handle, shape: input.shape });
    for (const node of live) {
      if (!graph.isDone(node)) importNode(node, graph);
    }
    weights = graph.weights;
    return graph.outputActivation().handle;
  });
  checkWeights(network, weights, where);
  const leftOut = lastSoftmax(file)?.opType as LeftOut | undefined;
  return {
    ...{ network, weights, metadata, arithmetic: arithmeticOf(file) },
    ...(leftOut && { leftOut, notes: [leftOutInWords(leftOut)] }),
  };
}

function leftOutInWords(leftOut: LeftOut): string {
  return `the ${leftOut} at the end is left out, as it keeps the order of the classes: outputs and margins are those in front of it`;
}

/** Step functions: of these no network is made, whatever else it may learn to bound. */
const ROUNDING_OPERATORS: readonly string[] = [
  ...["Round", "Floor", "Ceil", "QuantizeLinear", "DynamicQuantizeLinear"],
  ...["QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"],
];

const CURVES = [
  ...["Elu", "Selu", "Celu", "Softplus", "Softsign", "Gelu", "Erf", "HardSwish", "Mish", "Swish"],
];
const NORMALIZATIONS = [
  ...[
    "LayerNormalization",
    "InstanceNormalization",
    "GroupNormalization",
    "LRN",
    "LpNormalization",
    "ReduceL2",
  ],
];
const OTHERS = ["Exp", "Log", "Sqrt", "Pow", "Reciprocal", "Sin", "Cos", "Div"];
const STEPS = ["Sign", "ThresholdedRelu", "Greater", "Less", "Where", "ArgMax", "ArgMin", "TopK"];

/** What may stand in the place of an operator that no bound is made of; nothing where that is not known. */
function mendOf(operator: string): string {
  if (CURVES.includes(operator)) {
    return "; of activations, Relu, LeakyRelu, PRelu, Tanh, Sigmoid, HardSigmoid and Clip can be bounded: train with one of these";
  }
  if (NORMALIZATIONS.includes(operator)) {
    return "; it divides by what depends on the input: train with batch normalisation, whose statistics are constants";
  }
  if (OTHERS.includes(operator)) return "; no bound is made of it: export the model without it";
  return STEPS.includes(operator) ? "; it is a step function: export the model without it" : "";
}

function importNode(proto: NodeProto, graph: GraphImport): void {
  const node = graph.view(proto);
  const operator = OPERATORS.get(proto.opType);
  if (!operator || !isStandardDomain(proto.domain)) {
    const name = isStandardDomain(proto.domain) ? proto.opType : `${proto.domain}.${proto.opType}`;
    const rounds = isStandardDomain(proto.domain) && ROUNDING_OPERATORS.includes(proto.opType);
    throw new UnsupportedOperatorError(
      rounds
        ? `${node.label}: rounds activations, which no layer of a network does; export the model without it`
        : `${node.label}: operator ${JSON.stringify(name)} is not supported; known: ${[...OPERATORS.keys()].join(", ")}${mendOf(name)}`,
    );
  }
  if (node.inputs.length > operator.inputs) {
    throw new FormatError(
      `${node.label}: expected at most ${operator.inputs} inputs, found ${node.inputs.length}`,
    );
  }
  checkPrecision(proto, node.label, graph);
  const made = operator.import(node, graph);
  node.attributes.checkAllRead();
  const activations: readonly GraphValue[] = Array.isArray(made) ? made : [made];
  for (const [index, value] of node.outputs.entries()) {
    if (value === "") continue;
    if (index < activations.length) graph.setActivation(value, activations[index]);
    else if (graph.isRead(node, index)) {
      throw new UnsupportedOperatorError(`${node.label}: output ${index} is not supported`);
    }
  }
}

/** Half precision rounds more than any evaluation that bounds are made for. */
function checkPrecision(proto: NodeProto, label: string, { types }: GraphImport): void {
  const type = types.roundsTo(proto);
  if (type !== DataType.FLOAT16 && type !== DataType.BFLOAT16) return;
  throw new UnsupportedOperatorError(
    `${label}: computes in ${DataType[type]}, whose rounding no bound covers; convert the model to FLOAT`,
  );
}

/** The nodes that the output depends on, in the file's order. */
export function liveNodes({ graph, output }: Pick<OnnxFile, "graph" | "output">): readonly NodeProto[] {
  const wanted = new Set([output]);
  const live: NodeProto[] = [];
  for (const node of graph.node.toReversed()) {
    if (!node.output.some((value) => wanted.has(value))) continue;
    live.push(node);
    for (const value of node.input) if (value !== "") wanted.add(value);
  }
  return live.reverse();
}
