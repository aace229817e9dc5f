import type { NodeProto } from "onnx-buf";
import type { Stop } from "../../compute/deadline.js";
import { AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../../errors.js";
import { reshape } from "../../network/build-layer.js";
import type { Layer } from "../../network/layer.js";
import type { Attach, Handle } from "../../network/network.js";
import { type Shape, sameShape, sizeOf } from "../../network/shape.js";
import { Attributes } from "./attributes.js";
import type { Constant } from "./constant.js";
import { ConstantValues } from "./constant-values.js";
import { ElementTypes } from "./element-types.js";
import { lastSoftmax } from "./last-softmax.js";
import { layerNames } from "./layer-names.js";
import { isStandardDomain, type OnnxFile } from "./model-proto.js";
import { batchExtents, checkExtents, formatExtents, type GraphValue, networkShape } from "./values.js";

/** A node as the operators' importers see it. */
export interface OnnxNode {
  /** The layer's name: the node's own where it is unique, else its operator and a number. */
  readonly name: string;
  /** File, name and operator: how messages begin. */
  readonly label: string;
  /** Names of values; an empty one is an optional input that was left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** The version of the operator set. */
  readonly opset: number;
  /** Whether it is the Softmax that the graph ends with, which networks do without. */
  readonly isLeftOut: boolean;
}

/** Makes a node's layers; answers where its outputs stand. */
export type OperatorImport = (node: OnnxNode, graph: GraphImport) => GraphValue | readonly GraphValue[];

/** The network under construction: what each value of the ONNX graph has become. */
export class GraphImport {
  /** Parameters made so far, by full name. */
  readonly weights = new Map<string, Float32Array | Float64Array>();
  /** In what precision the file keeps its values. */
  readonly types: ElementTypes;
  readonly #where: string;
  readonly #opset: number;
  readonly #attach: Attach;
  readonly #activations = new Map<string, GraphValue>();
  readonly #constants: ConstantValues;
  readonly #consumers = new Map<string, NodeProto[]>();
  readonly #absorbed = new Map<NodeProto, string>();
  readonly #names: ReadonlyMap<NodeProto, string>;
  readonly #taken: Set<string>;
  readonly #output: string;
  readonly #leftOut: NodeProto | undefined;

  constructor(file: OnnxFile, live: readonly NodeProto[], attach: Attach, where: string, stop?: Stop) {
    this.#where = where;
    this.#opset = file.opset;
    this.#attach = attach;
    this.#output = file.output;
    this.#leftOut = lastSoftmax(file);
    this.#names = layerNames(live);
    this.#taken = new Set(this.#names.values());
    this.types = new ElementTypes(file.graph);
    this.#constants = new ConstantValues(file, this.types, where, stop);
    for (const node of live) {
      for (const input of node.input) {
        const readers = this.#consumers.get(input);
        if (readers) readers.push(node);
        else this.#consumers.set(input, [node]);
      }
      // All that does not depend on shapes is known before the first layer is made.
      this.#constants.fold(node, this.#label(node), () => undefined);
    }
  }

  /** Whether a node was absorbed by the layer before it, or is a constant; its value is then known. */
  isDone(node: NodeProto): boolean {
    const source = this.#absorbed.get(node);
    if (source !== undefined) {
      this.setActivation(node.output[0], this.#activations.get(source) as GraphValue);
      return true;
    }
    const shapeOf = (value: string) => this.#activations.get(value)?.shape;
    const label = this.#label(node);
    for (const output of node.output) if (this.#activations.has(output)) throw this.#twice(output);
    return this.#constants.fold(node, label, shapeOf);
  }

  /** A node in the form that the operators' importers take. */
  view(node: NodeProto): OnnxNode {
    const label = this.#label(node);
    return {
      name: this.#names.get(node) as string,
      label,
      inputs: node.input,
      outputs: node.output,
      attributes: new Attributes(node, label),
      opset: this.#opset,
      isLeftOut: node === this.#leftOut,
    };
  }

  /** A name for a further layer that a node needs. */
  partName(node: OnnxNode, part: string): string {
    let name = `${node.name}/${part}`;
    while (this.#taken.has(name)) name += "'";
    this.#taken.add(name);
    return name;
  }

  setActivation(value: string, activation: GraphValue): void {
    if (this.#activations.has(value) || this.#constants.has(value)) throw this.#twice(value);
    this.#activations.set(value, activation);
  }

  isConstant(value: string): boolean {
    return this.#constants.has(value);
  }

  /** Whether a node's output number `index` is named and read by anyone. */
  isRead(node: OnnxNode, index: number): boolean {
    const value = node.outputs[index];
    return value !== undefined && (this.#consumers.has(value) || value === this.#output);
  }

  /** The activation that is a node's input number `index`. */
  activation(node: OnnxNode, index: number): GraphValue {
    const value = this.#input(node, index);
    const activation = this.#activations.get(value);
    if (activation) return activation;
    if (this.#constants.has(value)) {
      throw new UnsupportedOperatorError(
        `${node.label}: input ${index} is a constant, expected a value that depends on the network's input`,
      );
    }
    throw this.#unknown(node, value);
  }

  /** Where the graph's output stands. */
  outputActivation(): GraphValue {
    const activation = this.#activations.get(this.#output);
    if (activation) return activation;
    const found = this.#constants.has(this.#output) ? "is a constant" : "is computed by no node";
    throw new FormatError(`${this.#where}: output ${JSON.stringify(this.#output)} ${found}`);
  }

  /** The constant that is a node's input number `index`. */
  constant(node: OnnxNode, index: number): Constant {
    const value = this.#input(node, index);
    const constant = this.#constants.get(value);
    if (constant) return constant;
    if (this.#activations.has(value)) {
      throw new UnsupportedOperatorError(
        `${node.label}: input ${index} ${JSON.stringify(value)} is an activation, expected a constant`,
      );
    }
    throw this.#unknown(node, value);
  }

  /** The same, in a place where no layer pays for rounding: whoever runs the file must have the very same numbers. */
  exactConstant(node: OnnxNode, index: number): Constant {
    const constant = this.constant(node, index);
    if (constant.isExact) return constant;
    throw new UnsupportedOperatorError(
      `${node.label}: constant ${JSON.stringify(constant.name)} is computed with rounding; export the model with constants folded`,
    );
  }

  /** A constant where the input may be left out. */
  optionalConstant(node: OnnxNode, index: number): Constant | undefined {
    return node.inputs[index] ? this.constant(node, index) : undefined;
  }

  /** Integers that are an attribute before operator set `since` and a constant input from then on. */
  integers(node: OnnxNode, attribute: string, index: number, since: number): readonly number[] | undefined {
    if (node.opset < since) return node.attributes.roundedInts(attribute);
    const constant = this.optionalConstant(node, index);
    if (constant && constant.shape.length > 1) {
      throw new ShapeError(
        `${node.label}: ${JSON.stringify(constant.name)} must be a list, found shape ${formatExtents(constant.shape)}`,
      );
    }
    const list = constant && Array.from(constant.values);
    const odd = list?.find((value) => !Number.isInteger(value));
    if (odd !== undefined) {
      throw new FormatError(
        `${node.label}: ${JSON.stringify(constant?.name)} must hold integers, found ${odd}`,
      );
    }
    return list;
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
      const handle = this.#attach.named(name, layer, ...inputs);
      checkExtents(handle.shape, name);
      return handle;
    } catch (error) {
      if (error instanceof AutodualError) throw new ShapeError(`${this.#where}: ${error.message}`);
      throw error;
    }
  }

  /** The same features under another shape of the network, by a layer of their own where it differs. */
  shaped(node: OnnxNode, handle: Handle, shape: Shape): Handle {
    if (sameShape(handle.shape, shape)) return handle;
    return this.attach(this.partName(node, "reshape"), reshape(shape), [handle]);
  }

  /** A value of that shape in the file, whatever shape the network's layers left it in. */
  value(node: OnnxNode, handle: Handle, shape: Shape): GraphValue {
    if (sizeOf(handle.shape) !== sizeOf(shape)) {
      throw new Error(`${node.label}: ${handle.shape.join("×")} is not ${formatExtents(shape)}`);
    }
    return { handle: this.shaped(node, handle, networkShape(shape)), shape };
  }

  /**
   * A layer that acts on all extents. `layerOf` is told how many of them the network leaves out in front; `keepsBatch`
   * says whether the layer leaves a batch's extent alone, else it is put back first.
   */
  onExtents(
    node: OnnxNode,
    name: string,
    { handle, shape }: GraphValue,
    result: Shape,
    keepsBatch: boolean,
    layerOf: (leftOut: 0 | 1) => Layer,
  ): GraphValue {
    const leftOut = keepsBatch ? batchExtents(shape) : 0;
    const input = this.shaped(node, handle, leftOut ? networkShape(shape) : shape.length > 0 ? shape : [1]);
    return this.value(node, this.attach(name, layerOf(leftOut), [input]), result);
  }

  /**
   * The constant that the only reader of a node's output adds to it, if that is what happens next and `fits` agrees;
   * the Add then counts as done.
   */
  absorbAddedConstant(node: OnnxNode, fits: (constant: Constant) => boolean): Constant | undefined {
    const [output] = node.outputs;
    const readers = this.#consumers.get(output) ?? [];
    if (readers.length !== 1 || output === this.#output) return undefined;
    const [reader] = readers;
    if (!isPlainAdd(reader)) return undefined;
    const other = reader.input[reader.input[0] === output ? 1 : 0];
    const constant = this.#constants.has(other) ? this.#constants.get(other) : undefined;
    if (!constant || !fits(constant)) return undefined;
    this.#absorbed.set(reader, output);
    return constant;
  }

  #label(node: NodeProto): string {
    const operator = /^\w+$/.test(node.opType) ? node.opType : JSON.stringify(node.opType);
    return `${this.#where}: node ${JSON.stringify(this.#names.get(node))} (${operator})`;
  }

  #input(node: OnnxNode, index: number): string {
    const value = node.inputs[index];
    if (value) return value;
    throw new FormatError(`${node.label}: input ${index} is missing`);
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
