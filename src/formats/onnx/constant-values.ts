import { TensorProto_DataType as DataType, type NodeProto, type TensorProto } from "onnx-buf";
import { FormatError } from "../../errors.js";
import type { Shape } from "../../network/shape.js";
import { type Constant, decodeTensor } from "./constant.js";
import type { NdArray } from "./evaluate/array.js";
import { evaluateNode } from "./evaluate/index.js";
import { arrayType } from "./evaluate/tensor.js";
import { isStandardDomain, type OnnxFile } from "./model-proto.js";

/** A constant in two forms: as weights are kept, in the file's precision, and as it is computed with. */
interface Entry {
  constant(): Constant;
  array(): NdArray;
  /** Whether numbers are of single precision, or less. */
  single(): boolean;
}

/** Operators that need no more of an activation than its shape. */
const OF_SHAPES: readonly string[] = ["Shape", "Size"];

/**
 * The values of a graph that do not depend on its input: what the file stores, and what nodes make of constants and of
 * shapes. Each is computed when it is first asked for.
 */
export class ConstantValues {
  readonly #where: string;
  readonly #opset: number;
  readonly #entries = new Map<string, Entry>();
  readonly #folded = new Set<NodeProto>();

  constructor({ graph, opset }: OnnxFile, where: string) {
    this.#where = where;
    this.#opset = opset;
    for (const tensor of graph.initializer) this.#define(tensor.name, stored(tensor, where));
  }

  has(value: string): boolean {
    return this.#entries.has(value);
  }

  /** A constant by name; throws where it cannot be decoded or computed, or is not finite. */
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
    const inputs: (Pick<Entry, "array" | "single"> | undefined)[] = [];
    for (const value of node.input) {
      const shape = OF_SHAPES.includes(node.opType) ? shapeOf(value) : undefined;
      const entry = shape ? shapeAlone(shape) : this.#entries.get(value);
      if (value !== "" && !entry) return false;
      inputs.push(value === "" ? undefined : entry);
    }
    this.#folded.add(node);
    const results = once(() =>
      evaluateNode(
        node,
        inputs.map((input) => input?.array()),
        this.#opset,
        label,
      ),
    );
    const single = once(() => isSingle(node, inputs));
    for (const [index, name] of node.output.entries()) {
      if (name !== "")
        this.#define(
          name,
          computed(name, () => outputOf(results(), index, label), single, label),
        );
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

function stored(tensor: TensorProto, where: string): Entry {
  const constant = once(() => decodeTensor(tensor, tensor.name, where));
  return {
    constant,
    array: once(() => ({
      type: arrayType(tensor.dataType, where),
      shape: constant().shape,
      values: Float64Array.from(constant().values),
    })),
    single: () => constant().values instanceof Float32Array,
  };
}

function computed(name: string, array: () => NdArray, single: () => boolean, label: string): Entry {
  return {
    array,
    single,
    constant: once(() => {
      const { type, shape, values } = array();
      const bad = values.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) {
        throw new FormatError(
          `${label}: ${JSON.stringify(name)}[${bad}] is ${values[bad]}, expected a finite number`,
        );
      }
      return { name, shape, values: type === "float" && single() ? Float32Array.from(values) : values };
    }),
  };
}

/** A value of which nothing but the shape is asked. */
function shapeAlone(shape: Shape): Pick<Entry, "array" | "single"> {
  return { array: () => ({ type: "float", shape, values: new Float64Array(0) }), single: () => true };
}

function outputOf(results: readonly NdArray[], index: number, label: string): NdArray {
  const result = results[index];
  if (!result) throw new FormatError(`${label}: has no output ${index}`);
  return result;
}

/** Whether the file would compute a node's floating-point outputs in single precision. */
function isSingle(
  node: NodeProto,
  inputs: readonly (Pick<Entry, "array" | "single"> | undefined)[],
): boolean {
  const attribute = (name: string) => node.attribute.find((one) => one.name === name);
  if (node.opType === "Cast") return Number(attribute("to")?.i ?? 0n) !== DataType.DOUBLE;
  const own = attribute("value")?.t;
  if (own) return own.dataType !== DataType.DOUBLE;
  return inputs.every((input) => input?.array().type !== "float" || input.single());
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
