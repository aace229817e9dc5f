import type { NodeProto, TensorProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import type { ImportedModel } from "../../src/formats/onnx/imported-model.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import { floats, runtimeOutputs } from "./onnx-oracle.js";
import { list, w } from "./onnx-refusal.js";
import { node, onnxBytes, tensor } from "./onnx-writer.js";

const backend = createPortableBackend();
const checked = (bytes: Uint8Array) => importCheckedOnnx(backend, bytes, "m.onnx");

async function outputsOf(model: ImportedModel, values: Float64Array): Promise<Float64Array> {
  const [outputs] = await networkOutputs(backend, model, [values]);
  return outputs;
}

describe("a fixed batch", () => {
  const mlp = [node("Gemm", ["x", "k", "c"], "h"), node("Relu", ["h"], "r"), node("Gemm", ["r", "m"], "y")];
  const mlpWeights = [w("k", 4, 5), w("c", 5), w("m", 5, 3)];
  const image = [
    node("Conv", ["x", "f"], "h", { pads: [1, 1, 1, 1] }),
    node("Relu", ["h"], "r"),
    node("Reshape", ["r", "s"], "v"),
    node("MatMul", ["v", "m"], "y"),
  ];
  const imageWeights = (batch: number): TensorProto[] => [
    w("f", 2, 1, 3, 3),
    list("s", batch, -1),
    w("m", 18, 3),
  ];

  it.each<[string, number[], NodeProto[], TensorProto[], number[]]>([
    ["matrices", [6, 4], mlp, mlpWeights, [4]],
    ["products without a bias", [6, 4], [node("MatMul", ["x", "k"], "y")], [w("k", 4, 3)], [4]],
    ["images, reshaped by a constant", [3, 1, 3, 3], image, imageWeights(3), [1, 3, 3]],
    ["as many examples as channels", [2, 1, 3, 3], image, imageWeights(2), [1, 3, 3]],
    [
      "a shape that the graph computes",
      [3, 1, 3, 3],
      [
        node("Shape", ["x"], "e"),
        node("Gather", ["e", "first"], "b"),
        node("Concat", ["b", "rest"], "s", { axis: 0 }),
        node("Reshape", ["x", "s"], "v"),
        node("MatMul", ["v", "m"], "y"),
      ],
      [list("first", 0), list("rest", -1), w("m", 9, 3)],
      [1, 3, 3],
    ],
    [
      "what is split, turned and put together",
      [4, 4, 2],
      [
        node("Transpose", ["x"], "t", { perm: [0, 2, 1] }),
        node("Slice", ["t", "from", "to", "axis"], "half"),
        node("Concat", ["half", "t"], "both", { axis: 2 }),
        node("Flatten", ["both"], "v"),
        node("Gemm", ["v", "m"], "y"),
      ],
      [list("from", 1), list("to", 3), list("axis", 2), w("m", 12, 3)],
      [4, 2],
    ],
    [
      "sums along an axis, and an Einsum",
      [3, 3, 5],
      [
        node("ReduceSum", ["x", "axis"], "s", { keepdims: 0 }),
        node("Einsum", ["s", "m"], "y", { equation: "nc,ck->nk" }),
      ],
      [list("axis", 2), w("m", 3, 3)],
      [3, 5],
    ],
    [
      "an Einsum with an ellipsis",
      [3, 2, 5],
      [
        node("Einsum", ["x", "m"], "s", { equation: "...c,ck->...k" }),
        node("ReduceSum", ["s", "axis"], "y", { keepdims: 0 }),
      ],
      [w("m", 5, 3), list("axis", 1)],
      [2, 5],
    ],
  ])("of %s is read as a batch of 1", async (_, input, nodes, weights, shape) => {
    const model = await checked(onnxBytes({ input, nodes, weights }));
    const [batch] = input;
    expect(model.network.inputShape).toEqual(shape);
    expect(model.network.outputShape).toEqual([3]);
    expect(model.notes).toEqual([expect.stringContaining(`the fixed batch of ${batch} examples is read as`)]);
    const x = floats("batch", ...input);
    const { data } = (await runtimeOutputs(nodes, { x }, { y: "float" }, 17, weights)).get("y")!;
    const size = x.values.length / batch;
    for (let example = 0; example < batch; example++) {
      const found = await outputsOf(model, x.values.slice(example * size, (example + 1) * size));
      for (const [i, value] of found.entries()) expect(value).toBeCloseTo(Number(data[example * 3 + i]), 4);
    }
  });

  it("whose examples meet is a value of its whole shape", async () => {
    const nodes = [node("ReduceSum", ["x", "a"], "s", { keepdims: 1 }), node("Add", ["x", "s"], "y")];
    const model = await checked(onnxBytes({ input: [3, 4], nodes, weights: [list("a", 0)] }));
    expect(model.network.inputShape).toEqual([3, 4]);
    expect(model.notes).toBeUndefined();
  });

  it("whose examples meet and that is no value of its whole shape is refused by a line that says how to export", async () => {
    const nodes = [
      node("Gemm", ["x", "k", "c"], "h"),
      node("ReduceSum", ["h", "a"], "s", { keepdims: 1 }),
      node("Add", ["h", "s"], "y"),
    ];
    const weights = [w("k", 4, 5), w("c", 5), list("a", 0)];
    await expect(checked(onnxBytes({ input: [3, 4], nodes, weights }))).rejects.toThrow(
      /^m\.onnx: input "x" has a fixed batch of 3, whose examples are not taken one by one by node "s" \(ReduceSum\); export with an open batch/,
    );
  });

  it("is named beside what cannot be imported", async () => {
    const nodes = [node("Conv", ["x", "f"], "h"), node("Erf", ["h"], "y")];
    await expect(
      checked(onnxBytes({ input: [8, 1, 3, 3], nodes, weights: [w("f", 2, 1, 3, 3)] })),
    ).rejects.toThrow(/\(Erf\): .*; input "x" has a fixed batch of 8: export with an open batch/);
  });

  /** Each is the same function of each example wherever the sum of the inputs is below 1000, as at random ones. */
  const farAway = (...nodes: NodeProto[]): NodeProto[] => [
    node("Sub", ["x", "far"], "d"),
    node("Relu", ["d"], "r"),
    ...nodes,
    node("Add", ["x", "z"], "h"),
    node("Gemm", ["h", "m"], "y"),
  ];
  it.each<[string, string, NodeProto[], TensorProto[]]>([
    ["a sum over them", "ReduceSum", [node("ReduceSum", ["r", "a"], "z", { keepdims: 1 })], [list("a", 0)]],
    ["a turned axis", "Transpose", [node("Transpose", ["r"], "z", { perm: [1, 0] })], []],
    [
      "another order",
      "Gather",
      [node("Gather", ["r", "order"], "z", { axis: 0 })],
      [list("order", 1, 0, 2, 3)],
    ],
    [
      "numbers of other extents",
      "Reshape",
      [node("Reshape", ["r", "flat"], "f"), node("Reshape", ["f", "square"], "z")],
      [list("flat", -1), list("square", -1, 4)],
    ],
    ["a product from the left", "MatMul", [node("MatMul", ["k", "r"], "z")], [w("k", 4, 4)]],
    ["an Einsum", "Einsum", [node("Einsum", ["r"], "z", { equation: "ab->ba" })], []],
    ["an Einsum's ellipsis", "Einsum", [node("Einsum", ["r"], "z", { equation: "...a->a..." })], []],
    ["constants of their own", "Mul", [node("Mul", ["r", "own"], "z")], [w("own", 4, 4)]],
    [
      "a Softmax over them",
      "Softmax",
      [node("Softmax", ["r"], "s", { axis: 0 }), node("Mul", ["s", "r"], "z")],
      [],
    ],
  ])(
    "whose examples meet far from random inputs, by %s, is not read as a batch of 1",
    async (_, __, nodes, more) => {
      const bytes = onnxBytes({
        input: [4, 4],
        nodes: farAway(...nodes),
        weights: [tensor("far", [1], [1000]), w("m", 4, 3), ...more],
      });
      await checked(bytes).then(
        // As one input of all its numbers it may stand.
        (model) => expect(model.network.inputShape).toEqual([4, 4]),
        (error: Error) => {
          expect(error.message).toMatch(/^m\.onnx: /);
          expect(error.message).toContain('input "x" has a fixed batch of 4');
        },
      );
    },
  );
});
