import { create } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  SparseTensorProtoSchema,
  TensorProto_SegmentSchema,
} from "onnx-buf";
import { describe, it } from "vitest";
import { type AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { changed } from "./onnx-change.js";
import { fileOf } from "./onnx-import-oracle.js";
import { expectRefused, w } from "./onnx-refusal.js";
import { node, tensor, valueInfo } from "./onnx-writer.js";

const shape = ShapeError;
const format = FormatError;
const unsupported = UnsupportedOperatorError;

describe("files that cannot be imported", () => {
  const plain = fileOf({
    name: "plain",
    input: [1, 2],
    nodes: [node("MatMul", ["x", "w"], "h"), node("Relu", ["h"], "y")],
    weights: [w("w", 2, 3)],
  });
  type Change = Parameters<typeof changed>[1];

  it.each<[string, Change, new () => AutodualError, RegExp]>([
    [
      "operator set 6",
      (file) => (file.opsetImport[0].version = 6n),
      unsupported,
      /operator set 6 .* expected 7/,
    ],
    ["operator set 23", (file) => (file.opsetImport[0].version = 23n), unsupported, /operator set 23/],
    ["a negative one", (file) => (file.opsetImport[0].version = -1n), unsupported, /operator set -1/],
    [
      "several inputs",
      (file) => file.graph!.input.push(valueInfo("z", [1, 2])),
      unsupported,
      /expected one input, found 2: "x", "z"/,
    ],
    [
      "several outputs",
      (file) => file.graph!.output.push(valueInfo("h", [1, 3])),
      unsupported,
      /expected one output, found 2/,
    ],
    ["no output", (file) => (file.graph!.output = []), unsupported, /expected one output, found 0/],
    ["no graph", (file) => (file.graph = undefined), format, /it has no graph/],
    [
      "integers as input",
      (file) => (file.graph!.input[0] = valueInfo("x", [1, 2], DataType.INT32)),
      unsupported,
      /expected FLOAT, DOUBLE or FLOAT16 numbers, found INT32/,
    ],
    ["an input without a type", (file) => (file.graph!.input[0].type = undefined), format, /is not a tensor/],
    ["a scalar as input", (file) => (file.graph!.input[0] = valueInfo("x", [])), shape, /found \[\]/],
    ["an empty input", (file) => (file.graph!.input[0] = valueInfo("x", [1, 0])), shape, /positive number/],
    ["an open vector", (file) => (file.graph!.input[0] = valueInfo("x", ["N"])), shape, /positive number/],
    [
      "a huge input",
      (file) => (file.graph!.input[0] = valueInfo("x", [1, 2 ** 40])),
      shape,
      /input "x": a value of shape \[1, 1099511627776\] is not possible or too large/,
    ],
    [
      "sparse initializers",
      (file) => file.graph!.sparseInitializer.push(create(SparseTensorProtoSchema, {})),
      unsupported,
      /sparse initializers/,
    ],
    [
      "external data",
      (file) => (file.graph!.initializer[0].dataLocation = DataLocation.EXTERNAL),
      unsupported,
      /tensor "w": is kept in another file/,
    ],
    [
      "a weight in segments",
      (file) => (file.graph!.initializer[0].segment = create(TensorProto_SegmentSchema, {})),
      unsupported,
      /split into segments/,
    ],
    [
      "a weight of complex numbers",
      (file) => (file.graph!.initializer[0].dataType = DataType.COMPLEX64),
      unsupported,
      /type COMPLEX64/,
    ],
    [
      "a weight of no extent",
      (file) => (file.graph!.initializer[0].dims = [-2n, -3n]),
      shape,
      /no valid shape/,
    ],
    [
      "an empty weight",
      (file) => (file.graph!.initializer[0] = tensor("w", [2, 0], [])),
      shape,
      /"w" must be a matrix, found \[2, 0\]/,
    ],
    [
      "a NaN",
      (file) => (file.graph!.initializer[0] = tensor("w", [2, 3], [1, 2, Number.NaN, 4, 5, 6])),
      format,
      /NaN/,
    ],
    [
      "an infinity",
      (file) => (file.graph!.initializer[0] = tensor("w", [2, 3], [1, 2, 3, Number.NEGATIVE_INFINITY, 5, 6])),
      format,
      /-Infinity/,
    ],
    [
      "a graph in an attribute",
      (file) =>
        file.graph!.node[1].attribute.push({
          ...node("Relu", [], "", { a: 1 }).attribute[0],
          name: "then_branch",
          type: AttributeType.GRAPH,
        }),
      unsupported,
      /attribute "then_branch" is not supported/,
    ],
    [
      "an output of nobody's",
      (file) => (file.graph!.output[0].name = "z"),
      format,
      /"z" is computed by no node/,
    ],
    ["a node out of order", (file) => file.graph!.node.reverse(), format, /which no earlier node computes/],
  ])("%s", (_, change, type, message) => {
    expectRefused(changed(plain, change), type, message, /^m\.onnx: /);
  });
});
