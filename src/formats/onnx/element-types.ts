import { TensorProto_DataType as DataType, type GraphProto, type NodeProto } from "onnx-buf";
import { holderOf, holdsAll, isReal } from "./number-types.js";

/** Operators whose results are entries of their inputs, their negatives, or 0: they round nothing. */
const SELECTING: ReadonlySet<string> = new Set([
  ...[
    "Identity",
    "Dropout",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Slice",
    "Split",
    "Concat",
  ],
  ...[
    "Gather",
    "Expand",
    "Pad",
    "Upsample",
    "Resize",
    "MaxPool",
    "GlobalMaxPool",
    "Relu",
    "Neg",
    "Clip",
    "Max",
    "Min",
  ],
]);

const OF_BOOLS: readonly string[] = [
  "Less",
  "LessOrEqual",
  "Greater",
  "GreaterOrEqual",
  "Equal",
  "Not",
  "And",
  "Or",
  "Xor",
];

/** The types of a graph's values, in which a runtime keeps them. */
export class ElementTypes {
  readonly #types = new Map<string, DataType>();
  /** The narrowest type that is known to hold all numbers of a value of real ones. */
  readonly #holders = new Map<string, DataType>();

  constructor(graph: GraphProto) {
    for (const { name, type } of graph.input) {
      if (type?.value.case === "tensorType") this.#set(name, type.value.value.elemType);
    }
    for (const { name, dataType } of graph.initializer) this.#set(name, dataType);
    for (const node of graph.node) {
      const [type, holder] = [this.#resultOf(node), this.#holderOf(node)];
      for (const name of node.output) if (type !== undefined) this.#set(name, type, holder);
    }
  }

  /** A value's type; nothing where it is not known. */
  of(value: string): DataType | undefined {
    return this.#types.get(value);
  }

  /** Whether all numbers of a value, real ones, are numbers of `type`. */
  isHeldBy(value: string, type: DataType): boolean {
    const holder = this.#holders.get(value);
    return holder !== undefined && holdsAll(type, holder);
  }

  /** The type to which a node rounds what it computes; nothing where it computes nothing. */
  roundsTo(node: NodeProto): DataType | undefined {
    return selects(node) || node.opType === "Cast" ? undefined : this.of(node.output[0]);
  }

  #set(name: string, type: DataType, holder = type): void {
    this.#types.set(name, type);
    if (isReal(type)) this.#holders.set(name, isReal(holder) ? holder : type);
  }

  #resultOf(node: NodeProto): DataType | undefined {
    const attribute = (name: string) => node.attribute.find((one) => one.name === name);
    if (node.opType === "Cast") return Number(attribute("to")?.i ?? 0n);
    if (node.opType === "Constant" || node.opType === "ConstantOfShape") {
      if (attribute("value_int") ?? attribute("value_ints")) return DataType.INT64;
      return attribute("value")?.t?.dataType ?? DataType.FLOAT;
    }
    if (node.opType === "Shape" || node.opType === "Size") return DataType.INT64;
    if (OF_BOOLS.includes(node.opType)) return DataType.BOOL;
    return this.of(node.input[node.opType === "Where" ? 1 : 0]);
  }

  /** Nothing where the result's own type holds it and no narrower one is known. */
  #holderOf(node: NodeProto): DataType | undefined {
    const result = this.#resultOf(node);
    if (node.opType === "Cast") {
      return result !== undefined && this.isHeldBy(node.input[0], result)
        ? this.#holders.get(node.input[0])
        : undefined;
    }
    if (!selects(node)) return undefined;
    const holders = node.input.flatMap((name) => this.#holders.get(name) ?? []);
    // Bounds and values to pad with may be attributes.
    const isBounded = node.attribute.some(({ name }) => ["min", "max", "value"].includes(name));
    return holderOf(isBounded ? [...holders, DataType.FLOAT] : holders);
  }
}

function selects({ opType, attribute }: NodeProto): boolean {
  if (!SELECTING.has(opType)) return false;
  // Resizing takes the nearest entry, or a mean of several.
  const mode = attribute.find(({ name }) => name === "mode")?.s;
  return (
    !["Resize", "Upsample"].includes(opType) ||
    mode === undefined ||
    new TextDecoder().decode(mode) === "nearest"
  );
}
