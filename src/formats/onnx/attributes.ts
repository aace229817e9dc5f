import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { FormatError, UnsupportedOperatorError } from "../../errors.js";

/**
 * A node's attributes. Each is asked for with its default; one that nobody asked for would change the meaning
 * without our knowing, so `checkAllRead` refuses it.
 */
export class Attributes {
  readonly #label: string;
  readonly #attributes = new Map<string, AttributeProto>();
  readonly #read = new Set<string>();

  constructor(node: NodeProto, label: string) {
    this.#label = label;
    for (const attribute of node.attribute) {
      if (this.#attributes.has(attribute.name)) {
        throw new FormatError(`${label}: attribute ${JSON.stringify(attribute.name)} stands there twice`);
      }
      this.#attributes.set(attribute.name, attribute);
    }
  }

  /** Whether the node has the attribute; it does not count as asked for. */
  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int<T extends number | undefined>(name: string, fallback: T): number | T {
    const attribute = this.#get(name, AttributeType.INT);
    return attribute ? this.#integer(name, attribute.i) : fallback;
  }

  ints<T extends readonly number[] | undefined>(name: string, fallback: T): readonly number[] | T {
    const attribute = this.#get(name, AttributeType.INTS);
    return attribute ? attribute.ints.map((value) => this.#integer(name, value)) : fallback;
  }

  /** Integers, rounded to doubles where they are larger: Slice's ends, where 2⁶³ − 1 stands for the end of an axis. */
  roundedInts(name: string): readonly number[] | undefined {
    return this.#get(name, AttributeType.INTS)?.ints.map(Number);
  }

  float(name: string, fallback: number): number {
    const attribute = this.#get(name, AttributeType.FLOAT);
    return attribute ? this.#finite(name, attribute.f) : fallback;
  }

  floats(name: string): readonly number[] {
    const attribute = this.#get(name, AttributeType.FLOATS);
    return (attribute?.floats ?? []).map((value) => this.#finite(name, value));
  }

  string(name: string, fallback: string): string {
    const attribute = this.#get(name, AttributeType.STRING);
    return attribute ? new TextDecoder().decode(attribute.s) : fallback;
  }

  tensor(name: string): TensorProto | undefined {
    return this.#get(name, AttributeType.TENSOR)?.t;
  }

  /** Throws an `UnsupportedOperatorError` that names the first attribute that was not asked for. */
  checkAllRead(): void {
    for (const name of this.#attributes.keys()) {
      if (!this.#read.has(name)) {
        throw new UnsupportedOperatorError(
          `${this.#label}: attribute ${JSON.stringify(name)} is not supported`,
        );
      }
    }
  }

  #get(name: string, type: AttributeType): AttributeProto | undefined {
    const attribute = this.#attributes.get(name);
    if (!attribute) return undefined;
    this.#read.add(name);
    if (attribute.type !== type) {
      throw new FormatError(
        `${this.#label}: attribute "${name}" must be of type ${AttributeType[type]}, ` +
          `found ${AttributeType[attribute.type] ?? attribute.type}`,
      );
    }
    return attribute;
  }

  #integer(name: string, value: bigint): number {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw new FormatError(`${this.#label}: attribute "${name}" is out of range: ${value}`);
    }
    return number;
  }

  #finite(name: string, value: number): number {
    if (!Number.isFinite(value)) {
      throw new FormatError(`${this.#label}: attribute "${name}" must be finite, found ${value}`);
    }
    return value;
  }
}
