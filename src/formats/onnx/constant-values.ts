import { TensorProto_DataType as DataType, type NodeProto, type TensorProto } from "onnx-buf";
import type { Stop } from "../../compute/deadline.js";
import { FormatError } from "../../errors.js";
import type { Shape } from "../../network/shape.js";
import { type Constant, decodeTensor, inSingleIfExact } from "./constant.js";
import type { ElementTypes } from "./element-types.js";
import type { NdArray } from "./evaluate/array.js";
import { evaluateNode, FoldingBudget, storedNumbers } from "./evaluate/index.js";
import { arrayType } from "./evaluate/tensor.js";
import { isStandardDomain, type OnnxFile } from "./model-proto.js";
import { roundedTo } from "./number-types.js";

/**
 * How many roundings of single precision a computed constant may be off by where a runtime computes it, step by step in the
 * file's precision. Bounds allow a layer's weights that much.
 */
const MOST_ROUNDINGS = 8;

/** A constant in its forms. */
interface Entry extends Operand {
  /** As weights are kept. */
  constant(): Constant;
}

interface Operand {
  /** As it is computed with, in double precision. */
  array(): NdArray;
  /** As a runtime has it, that rounds each step to the file's precision; `array()` itself where that changes nothing. */
  rounded(): NdArray;
  /** The node that it is computed by; absent of what is stored. */
  readonly source?: FoldedNode;
}

/** A node whose results are constants. */
interface FoldedNode {
  readonly inputs: readonly (Operand | undefined)[];
  isDone: boolean;
  /** Its results in all forms. What it computes them of is done then. */
  compute(): void;
}

/** Operators that need no more of an activation than its shape. */
const OF_SHAPES: readonly string[] = ["Shape", "Size"];

/**
 * The values of a graph that do not depend on its input: what the file stores, and what nodes make of constants and of
 * shapes. Each is computed when it is first asked for, in double precision: a product with 1/3 is no number of single precision,
 * and does not become one.
 */
export class ConstantValues {
  readonly #where: string;
  readonly #opset: number;
  readonly #types: ElementTypes;
  readonly #stop: Stop | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #folded = new Set<NodeProto>();
  readonly #budget: FoldingBudget;

  constructor({ graph, opset }: OnnxFile, types: ElementTypes, where: string, stop?: Stop) {
    this.#where = where;
    this.#opset = opset;
    this.#types = types;
    this.#stop = stop;
    this.#budget = new FoldingBudget(storedNumbers(graph));
    for (const tensor of graph.initializer) this.#define(tensor.name, stored(tensor, where));
  }

  has(value: string): boolean {
    return this.#entries.has(value);
  }

  /** A constant by name; throws where it cannot be decoded or computed, is not finite, or is lost in rounding. */
  get(value: string): Constant | undefined {
    return this.#entries.get(value)?.constant();
  }

  /**
   * Whether a node's outputs are constants; they are then known from here on. `shapeOf` gives the shapes of values that
   * are none, where they are known.
   */
  fold(node: NodeProto, label: string, shapeOf: (value: string) => Shape | undefined): boolean {
    if (this.#folded.has(node)) return true;
    if (!isStandardDomain(node.domain)) return false;
    const inputs: (Operand | undefined)[] = [];
    for (const value of node.input) {
      const shape = OF_SHAPES.includes(node.opType) ? shapeOf(value) : undefined;
      const entry = shape ? shapeAlone(shape) : this.#entries.get(value);
      if (value !== "" && !entry) return false;
      inputs.push(value === "" ? undefined : entry);
    }
    this.#folded.add(node);
    const types = node.input.map((value) => this.#types.of(value));
    const evaluate = (form: "array" | "rounded") => {
      const arrays = inputs.map((input) => input?.[form]());
      const results = evaluateNode(node, arrays, this.#opset, label, types, this.#stop);
      this.#budget.charge(results, arrays, label);
      return results;
    };
    const results = once(() => evaluate("array"));
    const isRounded = once(() => inputs.some((input) => input && input.rounded() !== input.array()));
    const resultsOfRounded = once(() => (isRounded() ? evaluate("rounded") : results()));
    const source: FoldedNode = {
      inputs,
      isDone: false,
      compute() {
        results();
        resultsOfRounded();
        this.isDone = true;
      },
    };
    for (const [index, name] of node.output.entries()) {
      if (name === "") continue;
      const type = this.#types.of(name);
      const array = once(() => outputOf(results(), index, label));
      const rounded = once(() => roundedArray(outputOf(resultsOfRounded(), index, label), type));
      this.#define(name, {
        array,
        rounded,
        source,
        constant: once(() => {
          computeInOrder(source);
          return computed(name, array(), rounded(), type, label);
        }),
      });
    }
    return true;
  }

  #define(value: string, entry: Entry): void {
    if (this.#entries.has(value)) {
      throw new FormatError(`${this.#where}: value ${JSON.stringify(value)} is defined twice`);
    }
    this.#entries.set(value, entry);
  }
}

/** Computes a node and all that it is computed of, however long the chain. Does not recurse. */
function computeInOrder(last: FoldedNode): void {
  const open = [last];
  for (let node = open.at(-1); node; node = open.at(-1)) {
    const before = new Set(node.inputs.flatMap((input) => input?.source ?? []));
    const missing = [...before].filter((source) => !source.isDone);
    if (missing.length > 0) {
      for (const source of missing) open.push(source);
      continue;
    }
    if (!node.isDone) node.compute();
    open.pop();
  }
}

function stored(tensor: TensorProto, where: string): Entry {
  const constant = once(() => decodeTensor(tensor, tensor.name, where));
  const array = once(() => ({
    type: arrayType(tensor.dataType, where),
    shape: constant().shape,
    values: Float64Array.from(constant().values),
  }));
  return { constant, array, rounded: array };
}

function computed(
  name: string,
  { type, shape, values }: NdArray,
  rounded: NdArray,
  elementType: DataType | undefined,
  label: string,
): Constant {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new FormatError(
      `${label}: ${JSON.stringify(name)}[${bad}] is ${values[bad]}, expected a finite number`,
    );
  }
  const isExact = values.every((value, i) => value === rounded.values[i]);
  if (!isExact) {
    const lost = values.findIndex(
      (value, i) => !(Math.abs(rounded.values[i] - value) <= allowed(type, value)),
    );
    if (lost >= 0) {
      throw new FormatError(
        `${label}: ${JSON.stringify(name)}[${lost}] is ${values[lost]}, but ${rounded.values[lost]} where each step is rounded to ` +
          `${DataType[elementType ?? DataType.FLOAT]}: rounding decides it; export the model with constants folded`,
      );
    }
  }
  const isSingle = type === "float" && elementType !== DataType.DOUBLE;
  return { name, shape, values: isSingle ? inSingleIfExact(values) : values, isExact };
}

/** How far a computed constant may be from what a runtime makes of it. */
function allowed(type: NdArray["type"], value: number): number {
  return type === "float" ? MOST_ROUNDINGS * (2 ** -24 * Math.abs(value) + 2 ** -149) : 0;
}

/** The array itself where all its numbers are of that type. */
function roundedArray(array: NdArray, type: DataType | undefined): NdArray {
  if (array.type !== "float" || type === undefined) return array;
  const values = array.values.map((value) => roundedTo(type, value));
  return values.every((value, i) => Object.is(value, array.values[i])) ? array : { ...array, values };
}

/** A value of which nothing but the shape is asked. */
function shapeAlone(shape: Shape): Operand {
  const array: NdArray = { type: "float", shape, values: new Float64Array(0) };
  return { array: () => array, rounded: () => array };
}

function outputOf(results: readonly NdArray[], index: number, label: string): NdArray {
  const result = results[index];
  if (!result) throw new FormatError(`${label}: has no output ${index}`);
  return result;
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
