import type { TensorProto_DataType as DataType, GraphProto, NodeProto } from "onnx-buf";
import type { Stop } from "../../../compute/deadline.js";
import { FormatError, ShapeError } from "../../../errors.js";
import { ElementTypes } from "../element-types.js";
import { checkedCount, formatExtents, type NdArray } from "./array.js";
import { evaluateNode, evaluationOf } from "./evaluate-node.js";
import { FoldingBudget, storedNumbers } from "./folding-budget.js";
import { arrayOfTensor } from "./tensor.js";

export interface GraphEvaluatorSettings {
  readonly opset: number;
  /** The file; messages begin with it. */
  readonly where: string;
  readonly inputName: string;
  /** The whole shape, with a batch of 1. */
  readonly inputShape: readonly number[];
  readonly outputName: string;
  /** A node that the function is without: it hands its first input on. */
  readonly leftOut?: NodeProto | undefined;
  /** Throws its reason where a constant takes long to evaluate. */
  readonly stop?: Stop;
}

type Values = Map<string, NdArray>;

/** What the evaluation of a constant needs beside its inputs. */
interface Folding {
  readonly types: readonly (DataType | undefined)[];
  readonly budget: FoldingBudget;
}

/**
 * The graph of a file as a function of its one input, batch 1, in double precision. It shares nothing with the
 * networks that the importer makes of a file, so that either can be checked against the other.
 *
 * Only what the output depends on is evaluated. Nodes that do not depend on the input are evaluated once, by the
 * constructor, which also refuses operators that are not known. Throws as `evaluateNode` does, and a `FormatError`
 * where a value is defined twice or not at all.
 */
export class GraphEvaluator {
  readonly #settings: GraphEvaluatorSettings;
  readonly #size: number;
  /** What does not depend on the input and is needed by what does. */
  readonly #constants: Values = new Map();
  /** What depends on the input, in the file's order. */
  readonly #nodes: readonly NodeProto[];
  /** After which of these nodes each value is no longer needed. */
  readonly #lastReaders: ReadonlyMap<NodeProto, readonly string[]>;

  constructor(graph: GraphProto, settings: GraphEvaluatorSettings) {
    this.#settings = settings;
    this.#size = checkedCount(settings.inputShape, settings.where);
    const live = liveNodes(graph.node, settings.outputName);
    this.#checkDefinitions(graph, live);
    for (const node of live) evaluationOf(node, this.#label(node));

    const wanted = new Set([settings.outputName, ...live.flatMap(({ input }) => input)]);
    const known: Values = new Map();
    for (const tensor of graph.initializer) {
      if (wanted.has(tensor.name)) known.set(tensor.name, arrayOfTensor(tensor, tensor.name, settings.where));
    }
    const types = new ElementTypes(graph);
    const budget = new FoldingBudget(storedNumbers(graph));
    const depends = new Set([settings.inputName]);
    const nodes: NodeProto[] = [];
    for (const node of live) {
      if (node.input.some((name) => depends.has(name))) {
        for (const name of node.output) depends.add(name);
        depends.delete("");
        nodes.push(node);
      } else {
        // What stands in the file is rounded where it is cast; the function of the input is one of real numbers.
        const folding = { types: node.input.map((name) => types.of(name)), budget };
        this.#evaluate(node, known, settings.stop, folding);
      }
    }
    this.#nodes = nodes;
    this.#lastReaders = lastReaders(nodes, settings.outputName);
    for (const name of [settings.outputName, ...nodes.flatMap(({ input }) => input)]) {
      const value = known.get(name);
      if (value) this.#constants.set(name, value);
    }
    if (!depends.has(settings.outputName) && !known.has(settings.outputName)) {
      throw new FormatError(
        `${settings.where}: output ${JSON.stringify(settings.outputName)} is computed by no node`,
      );
    }
  }

  /**
   * The output's values in C order. A `ShapeError` unless the input has as many numbers as its shape; the reason of `stop`,
   * wherever something is evaluated that takes long.
   */
  run(input: ArrayLike<number>, stop?: Stop): Float64Array {
    const values = this.#start(input);
    for (const node of this.#nodes) {
      this.#evaluate(node, values, stop);
      for (const name of this.#lastReaders.get(node) ?? []) values.delete(name);
    }
    // A copy: the output may be a constant, or the input itself.
    return (values.get(this.#settings.outputName) as NdArray).values.slice();
  }

  #start(input: ArrayLike<number>): Values {
    const { inputName, inputShape, where } = this.#settings;
    if (input.length !== this.#size) {
      throw new ShapeError(
        `${where}: input ${JSON.stringify(inputName)} of shape ${formatExtents(inputShape)} needs ${this.#size} ` +
          `numbers, found ${input.length}`,
      );
    }
    const values: Values = new Map(this.#constants);
    values.set(inputName, { type: "float", shape: inputShape, values: Float64Array.from(input) });
    return values;
  }

  /**
   * Every value that the output depends on, by its name, at one input: for whoever asks what the nodes make of shapes.
   * Throws as `run` does.
   */
  trace(input: ArrayLike<number>, stop?: Stop): ReadonlyMap<string, NdArray> {
    const values = this.#start(input);
    for (const node of this.#nodes) this.#evaluate(node, values, stop);
    return values;
  }

  /** The nodes that depend on the input and that the output depends on, in the file's order. */
  get nodes(): readonly NodeProto[] {
    return this.#nodes;
  }

  get inputName(): string {
    return this.#settings.inputName;
  }

  get outputName(): string {
    return this.#settings.outputName;
  }

  get opset(): number {
    return this.#settings.opset;
  }

  /** What a node gives of other values than those of a run. Throws as `run` does. */
  outputsOf(node: NodeProto, inputs: readonly (NdArray | undefined)[], stop?: Stop): readonly NdArray[] {
    return evaluateNode(node, inputs, this.#settings.opset, this.#label(node), undefined, stop);
  }

  #evaluate(node: NodeProto, values: Values, stop: Stop | undefined, folding?: Folding): void {
    const label = this.#label(node);
    const inputs = node.input.map((name) => {
      if (name === "") return undefined;
      const value = values.get(name);
      if (value) return value;
      throw new FormatError(`${label}: reads ${JSON.stringify(name)}, which no earlier node computes`);
    });
    const { leftOut, opset } = this.#settings;
    const results =
      node === leftOut && inputs[0]
        ? [inputs[0]]
        : evaluateNode(node, inputs, opset, label, folding?.types, stop);
    folding?.budget.charge(results, inputs, label);
    node.output.forEach((name, index) => {
      if (name !== "") values.set(name, results[index]);
    });
  }

  #label(node: NodeProto): string {
    const name = node.name || node.output.find((output) => output !== "") || "";
    const operator = /^\w+$/.test(node.opType) ? node.opType : JSON.stringify(node.opType);
    return `${this.#settings.where}: node ${JSON.stringify(name)} (${operator})`;
  }

  #checkDefinitions({ initializer }: GraphProto, live: readonly NodeProto[]): void {
    const defined = new Set<string>();
    const names = [
      this.#settings.inputName,
      ...initializer.map(({ name }) => name),
      ...live.flatMap(({ output }) => output.filter((name) => name !== "")),
    ];
    for (const name of names) {
      if (defined.has(name)) {
        throw new FormatError(`${this.#settings.where}: value ${JSON.stringify(name)} is defined twice`);
      }
      defined.add(name);
    }
  }
}

/** The nodes that the output depends on, in the file's order. */
function liveNodes(nodes: readonly NodeProto[], output: string): readonly NodeProto[] {
  const wanted = new Set([output]);
  return nodes
    .toReversed()
    .filter((node) => {
      const live = node.output.some((name) => wanted.has(name));
      if (live) for (const name of node.input) if (name !== "") wanted.add(name);
      return live;
    })
    .toReversed();
}

/** For each node the values that no later one reads, those among them that nobody reads at all; never the output. */
function lastReaders(nodes: readonly NodeProto[], output: string): ReadonlyMap<NodeProto, readonly string[]> {
  const later = new Set([output, ""]);
  const last = new Map<NodeProto, readonly string[]>();
  for (const node of nodes.toReversed()) {
    const dropped = [...new Set([...node.input, ...node.output])].filter((name) => !later.has(name));
    last.set(node, dropped);
    for (const name of node.input) later.add(name);
  }
  return last;
}
