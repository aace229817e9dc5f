import type { NodeProto, TensorProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { type AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { OPERATORS } from "../../src/formats/onnx/operators/index.js";
import { changed } from "./onnx-change.js";
import { fileOf, stored } from "./onnx-import-oracle.js";
import { ints, reals } from "./onnx-oracle.js";
import { expectRefused, fileWith, list, type Refused, w } from "./onnx-refusal.js";
import { REFUSED_LAYERS } from "./onnx-refused-layers.js";
import { REFUSED_MOVES } from "./onnx-refused-moves.js";
import { node, tensor } from "./onnx-writer.js";

const shape = ShapeError;
const format = FormatError;
const unsupported = UnsupportedOperatorError;
const huge = 2 ** 31;

const REFUSED = [...REFUSED_LAYERS, ...REFUSED_MOVES];

describe("nodes that cannot be imported", () => {
  it.each(REFUSED.map((one, i): [string, number, Refused] => [one.op, i, one]))(
    "%s, case %i",
    (op, _, one) => {
      // Layers' own complaints name the layer alone.
      const start = new RegExp(`^m\\.onnx: (node "it" \\(${op}\\)|it(/[a-z0-9']+)?): `);
      const missing = /^m\.onnx: output "y" is a constant$/;
      expectRefused(fileWith(one), one.type, one.message, one.inputs?.join() === "" ? missing : start);
    },
  );

  it("are of every operator", () => {
    const tested = new Set(REFUSED.map(({ op }) => op));
    expect([...OPERATORS.keys()].filter((op) => !tested.has(op))).toEqual([]);
  });

  it("are those of other domains as well", () => {
    const other = changed(fileWith({ ...REFUSED[0], op: "Relu", inputs: ["x"] }), (file) => {
      file.graph!.node[1].domain = "com.microsoft";
    });
    expectRefused(other, unsupported, /operator "com\.microsoft\.Relu"/, /^m\.onnx: node "it" \(Relu\): /);
  });
});

describe("outputs that no layer has", () => {
  const second = (one: NodeProto): Uint8Array => {
    one.output.push("second");
    const nodes = [one, node("Cast", ["second"], "s", { to: 1 }), node("Add", ["h", "s"], "y")];
    return fileOf({ name: "second", input: [1, 2, 4, 4], nodes });
  };

  it.each([
    node("MaxPool", ["x"], "h", { kernel_shape: [1, 1] }, "it"),
    node("Dropout", ["x"], "h", {}, "it"),
    node("Relu", ["x"], "h", {}, "it"),
  ])("the second of $opType", (one) => {
    expectRefused(second(one), unsupported, /output 1 is not supported/, /^m\.onnx: node "it" \(\w+\): /);
  });

  it("is one only if it is read", () => {
    const pool = node("MaxPool", ["x"], "y", { kernel_shape: [2, 2] });
    pool.output.push("indices");
    const file = fileOf({ name: "unread", input: [1, 2, 4, 4], nodes: [pool] });
    expect(importOnnx(file, "m.onnx").network.outputShape).toEqual([2, 3, 3]);
  });
});

describe("constants that cannot be computed", () => {
  it.each<[string, NodeProto[], TensorProto[], new () => AutodualError, RegExp]>([
    ["a root of −1", [node("Sqrt", ["c"], "k")], [tensor("c", [2], [4, -1])], format, /"k"\[1\] is NaN/],
    ["1/0", [node("Reciprocal", ["c"], "k")], [tensor("c", [2], [0, 1])], format, /"k"\[0\] is Infinity/],
    ["an operator of none", [node("Sin", ["c"], "k")], [w("c", 2)], unsupported, /"Sin" cannot be evaluated/],
    ["a shape too large", [node("ConstantOfShape", ["c"], "k")], [list("c", huge)], shape, /too large/],
    [
      "a shape rather large",
      [node("ConstantOfShape", ["c"], "k")],
      [list("c", 2 ** 14, 2 ** 14)],
      shape,
      /too large/,
    ],
    [
      "an Expand to the large",
      [node("Expand", ["v", "c"], "k")],
      [w("v"), list("c", 2 ** 26)],
      shape,
      /too large/,
    ],
    [
      "a Tile to the large",
      [node("Tile", ["v", "c"], "k")],
      [w("v", 2), list("c", 2 ** 26)],
      shape,
      /too large/,
    ],
    [
      "a long Range",
      [node("Range", ["a", "b", "c"], "k")],
      [stored("a", ints([0], [])), stored("b", ints([2 ** 27], [])), stored("c", ints([1], []))],
      shape,
      /too large/,
    ],
    [
      "a sum of the unlike",
      [node("Add", ["a", "b"], "k")],
      [w("a", 2), w("b", 3)],
      shape,
      /shapes \[2\] and \[3\] do not fit/,
    ],
    [
      "an outer sum",
      [node("Add", ["a", "b"], "k")],
      [stored("a", reals(Array(2 ** 13).fill(1), [2 ** 13, 1])), stored("b", reals(Array(2 ** 13).fill(1)))],
      shape,
      /too large/,
    ],
  ])("%s", (_, before, weights, type, message) => {
    const nodes = [...before, node("Add", ["x", "k"], "y")];
    const file = fileOf({ name: "constant", input: [1, 2], nodes, weights });
    expectRefused(file, type, message, /^m\.onnx: node "\w+" \(\w+\): /);
  });

  it("nor of more extents than any library has", () => {
    const weights = [tensor("k", Array(65).fill(1), [4])];
    const file = fileOf({ name: "rank", input: [1, 2], nodes: [node("Add", ["x", "k"], "y")], weights });
    expectRefused(file, shape, /at most 64 extents, found 65$/, /^m\.onnx: tensor "k": /);
    const wide = fileOf({ name: "rank", input: Array(65).fill(1), nodes: [node("Relu", ["x"], "y")] });
    expectRefused(wide, shape, /at most 64 extents, found 65$/, /^m\.onnx: input "x": /);
  });
});
