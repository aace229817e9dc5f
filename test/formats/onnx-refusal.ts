import type { TensorProto } from "onnx-buf";
import { expect } from "vitest";
import type { AutodualError } from "../../src/errors.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { fileOf, type GraphCase, stored } from "./onnx-import-oracle.js";
import { floats } from "./onnx-oracle.js";
import { type AttributeValue, int64, node } from "./onnx-writer.js";

/** A node that is refused. */
export interface Refused extends Pick<GraphCase, "opset" | "weights"> {
  readonly op: string;
  /** `x`, and all weights, unless given. */
  readonly inputs?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** `[1, 2, 5, 5]` unless given. */
  readonly input?: readonly number[];
  readonly type: new () => AutodualError;
  readonly message: RegExp;
}

/** A node that computes `h`, under the name `it`, between Relu and Neg. */
export function fileWith({
  op,
  weights = [],
  inputs,
  attributes,
  input = [1, 2, 5, 5],
  opset,
}: Refused): Uint8Array {
  const names = inputs ?? ["x", ...weights.map(({ name }) => name)];
  const nodes = [
    node("Relu", ["x"], "r"),
    node(
      op,
      names.map((name) => (name === "x" ? "r" : name)),
      "h",
      attributes,
      "it",
    ),
    node("Neg", ["h"], "y"),
  ];
  return fileOf({ name: op, input, nodes, weights, opset });
}

export const w = (name: string, ...shape: number[]): TensorProto => stored(name, floats(name, ...shape));
export const list = (name: string, ...values: number[]): TensorProto => int64(name, values);

/** The error's class, and its one line that names the file and, in most cases, the node. */
export function expectRefused(
  bytes: Uint8Array,
  type: new () => AutodualError,
  message: RegExp,
  start: RegExp,
): void {
  let error: unknown;
  try {
    importOnnx(bytes, "m.onnx");
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).toMatch(start);
  expect((error as Error).message).not.toMatch(/[\n\r]/);
}
