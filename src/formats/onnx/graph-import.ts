import type { GraphProto, NodeProto } from "onnx-buf";
import { AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../../errors.js";
import type { Layer } from "../../network/layer.js";
import type { Attach, Handle } from "../../network/network.js";
import { Attributes } from "./attributes.js";
import { type Constant, decodeTensor } from "./constant.js";
import { constantOfNode } from "./constant-node.js";
import { isStandardDomain } from "./model-proto.js";

/** A node as the operators' importers see it. */
export interface OnnxNode {
  /** The layer's name: the node's own where it is unique, else its operator and a number. */
  readonly name: string;
  /** File, name and operator: how messages begin. */
  readonly label: string;
  /** Names of values; an empty one is an optional input that was left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

/** Makes a node's layers; answers where its output stands. */
export type OperatorImport = (node: OnnxNode, graph: GraphImport) => Handle;

/** The network under construction: what each value of the ONNX graph has become. */
export class GraphImport {
  /** Parameters made so far, by full name. */
  readonly weights = new Map<string, Float32Array | Float64Array>();
  readonly #where: string;
  readonly #attach: Attach;
  readonly #activations = new Map<string, Handle>();
  readonly #constants = new Map<string, () => Constant>();
  readonly #constantNodes = new Set<NodeProto>();
  readonly #consumers = new Map<string, NodeProto[]>();
  readonly #absorbed = new Map<NodeProto, string>();
  readonly #names: ReadonlyMap<NodeProto, string>;
  readonly #taken: Set<string>;
  readonly #output: string;

  constructor(proto: GraphProto, live: readonly NodeProto[], output: string, attach: Attach, where: string) {
    this.#where = where;
    this.#attach = attach;
    this.#output = output;
    this.#names = layerNames(live);
    this.#taken = new Set(this.#names.values());
    for (const tensor of proto.initializer) {
      this.#define(tensor.name, () => decodeTensor(tensor, tensor.name, where));
    }
    for (const node of live) {
      for (const input of node.input) {
        const readers = this.#consumers.get(input);
        if (readers) readers.push(node);
        else this.#consumers.set(input, [node]);
      }
      // Nodes are in topological order, so that an Identity's constant is known by now.
      const make = constantOfNode(node, this.#constants, where);
      if (!make) continue;
      this.#define(node.output[0], make);
      this.#constantNodes.add(node);
    }
  }

  /** Whether a node was taken care of already: a constant, or absorbed by the layer before it. */
  isDone(node: NodeProto): boolean {
    const source = this.#absorbed.get(node);
    if (source === undefined) return this.#constantNodes.has(node);
    this.setActivation(node.output[0], this.#activations.get(source) as Handle);
    return true;
  }

  /** A node in the form that the operators' importers take. */
  view(node: NodeProto): OnnxNode {
    const name = this.#names.get(node) as string;
    const operator = /^\w+$/.test(node.opType) ? node.opType : JSON.stringify(node.opType);
    const label = `${this.#where}: node ${JSON.stringify(name)} (${operator})`;
    const outputs = node.output.filter((output) => output !== "");
    if (outputs.length !== 1 || node.output[0] === "") {
      throw new UnsupportedOperatorError(`${label}: expected one output, found ${outputs.length}`);
    }
    return {
      name,
      label,
      inputs: node.input,
      output: node.output[0],
      attributes: new Attributes(node, label),
    };
  }

  /** A name for a further layer that a node needs. */
  partName(node: OnnxNode, part: string): string {
    let name = `${node.name}/${part}`;
    while (this.#taken.has(name)) name += "'";
    this.#taken.add(name);
    return name;
  }

  setActivation(value: string, handle: Handle): void {
    if (this.#activations.has(value) || this.#constants.has(value)) throw this.#twice(value);
    this.#activations.set(value, handle);
  }

  isConstant(value: string): boolean {
    return this.#constants.has(value);
  }

  /** The activation that is a node's input number `index`. */
  activation(node: OnnxNode, index: number): Handle {
    const value = this.#input(node, index);
    const handle = this.#activations.get(value);
    if (handle) return handle;
    if (this.#constants.has(value)) {
      throw new UnsupportedOperatorError(
        `${node.label}: input ${index} is a constant, expected an activation; simplify the model by constant folding`,
      );
    }
    throw this.#unknown(node, value);
  }

  /** Where the graph's output stands. */
  outputActivation(): Handle {
    const handle = this.#activations.get(this.#output);
    if (handle) return handle;
    const found = this.#constants.has(this.#output) ? "is a constant" : "is computed by no node";
    throw new FormatError(`${this.#where}: output ${JSON.stringify(this.#output)} ${found}`);
  }

  /** The constant that is a node's input number `index`. */
  constant(node: OnnxNode, index: number): Constant {
    const value = this.#input(node, index);
    const make = this.#constants.get(value);
    if (make) return make();
    if (this.#activations.has(value)) {
      throw new UnsupportedOperatorError(
        `${node.label}: input ${index} ${JSON.stringify(value)} is an activation, expected a constant`,
      );
    }
    throw this.#unknown(node, value);
  }

  /** The same where the input may be left out. */
  optionalConstant(node: OnnxNode, index: number): Constant | undefined {
    return node.inputs[index] ? this.constant(node, index) : undefined;
  }

  /** Adds a layer with its parameters; a `ShapeError` that names the file where it does not fit. */
  attach(
    name: string,
    layer: Layer,
    inputs: readonly Handle[],
    parameters: Readonly<Record<string, Float32Array | Float64Array | undefined>> = {},
  ): Handle {
    for (const [parameter, values] of Object.entries(parameters)) {
      if (values) this.weights.set(`${name}.${parameter}`, values);
    }
    try {
      return this.#attach.named(name, layer, ...inputs);
    } catch (error) {
      if (error instanceof AutodualError) throw new ShapeError(`${this.#where}: ${error.message}`);
      throw error;
    }
  }

  /**
   * The constant that the only reader of a node's output adds to it, if that is what happens next and `fits` agrees;
   * the Add then counts as done.
   */
  absorbAddedConstant(node: OnnxNode, fits: (constant: Constant) => boolean): Constant | undefined {
    const readers = this.#consumers.get(node.output) ?? [];
    if (readers.length !== 1 || node.output === this.#output) return undefined;
    const [reader] = readers;
    if (!isPlainAdd(reader)) return undefined;
    const other = reader.input[reader.input[0] === node.output ? 1 : 0];
    const constant = this.#constants.get(other)?.();
    if (!constant || !fits(constant)) return undefined;
    this.#absorbed.set(reader, node.output);
    return constant;
  }

  #input(node: OnnxNode, index: number): string {
    const value = node.inputs[index];
    if (value) return value;
    throw new FormatError(`${node.label}: input ${index} is missing`);
  }

  #define(value: string, make: () => Constant): void {
    if (this.#constants.has(value)) throw this.#twice(value);
    this.#constants.set(value, once(make));
  }

  #unknown(node: OnnxNode, value: string): FormatError {
    return new FormatError(`${node.label}: reads ${JSON.stringify(value)}, which no earlier node computes`);
  }

  #twice(value: string): FormatError {
    return new FormatError(`${this.#where}: value ${JSON.stringify(value)} is defined twice`);
  }
}

function isPlainAdd({ opType, domain, input, output, attribute }: NodeProto): boolean {
  const isAdd = opType === "Add" && isStandardDomain(domain);
  return isAdd && input.length === 2 && output.length === 1 && attribute.length === 0;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Layer names: the nodes' own where they are unique and one line of text, else operator and a number. */
function layerNames(nodes: readonly NodeProto[]): ReadonlyMap<NodeProto, string> {
  const counts = new Map<string, number>([["input", 1]]);
  for (const { name } of nodes) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set(counts.keys());
  const numbers = new Map<string, number>();
  const made = new Map<NodeProto, string>();
  for (const node of nodes) {
    if (/^\P{Cc}+$/u.test(node.name) && counts.get(node.name) === 1) {
      made.set(node, node.name);
      continue;
    }
    const kind = /^\w+$/.test(node.opType) ? node.opType : "node";
    let name: string;
    do {
      const number = (numbers.get(kind) ?? 0) + 1;
      numbers.set(kind, number);
      name = `${kind}${number}`;
    } while (taken.has(name));
    made.set(node, name);
  }
  return made;
}
