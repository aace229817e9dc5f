import { describe, expect, it } from "vitest";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { OPERATORS } from "../../src/formats/onnx/operators/index.js";
import { EXAMPLES, GALLERY } from "./onnx-example-graphs.js";
import { fileOf, type GraphCase, imports } from "./onnx-import-oracle.js";
import { floats } from "./onnx-oracle.js";

const thrice = (one: GraphCase): GraphCase => ({
  ...one,
  points: [0, 1, 2].map((i) => floats(`${one.name}${i}`, ...one.input)),
});

describe("whole networks", () => {
  imports(GALLERY.map(thrice));

  it("together have every operator but those that are always refused", () => {
    const used = new Set(GALLERY.flatMap(({ nodes }) => nodes.map(({ opType }) => opType)));
    expect([...OPERATORS.keys()].filter((op) => !used.has(op))).toEqual(["Softmax", "LogSoftmax"]);
  });

  it("need no more layers than they have nodes, or little more", () => {
    const kinds = (name: string) =>
      importOnnx(fileOf(EXAMPLES.find((one) => one.name === name)!), "m.onnx")
        .network.nodes.slice(1)
        .map(({ layer }) => layer!.kind);
    expect(kinds("LeNet")).toEqual([
      ...["conv2d", "relu", "max-pool", "conv2d", "relu", "average-pool", "flatten"],
      ...["linear", "relu", "linear"],
    ]);
    expect(kinds("ACAS Xu")).toEqual([
      ...["scale-shift", "scale-shift", "flatten", "linear", "relu", "linear", "relu", "linear", "relu"],
      "linear",
    ]);
    // The file's four, and one before its mean over rows and columns.
    expect(kinds("Keras, channels last").filter((kind) => kind === "permute")).toHaveLength(5);
  });
});
