import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create } from "@bufbuild/protobuf";
import { type GraphProto, GraphProtoSchema, type NodeProto, type TensorProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { GraphEvaluator } from "../../src/formats/onnx/evaluate/index.js";
import { expectClose, floats, runtimeOutputs } from "./onnx-oracle.js";
import { int64, node, tensor } from "./onnx-writer.js";

const OPSET = 13;

const graphOf = (nodes: readonly NodeProto[], weights: readonly TensorProto[] = []): GraphProto =>
  create(GraphProtoSchema, { node: [...nodes], initializer: [...weights] });

function evaluator(
  nodes: readonly NodeProto[],
  weights: readonly TensorProto[],
  inputShape: readonly number[],
  outputName = "y",
): GraphEvaluator {
  const settings = { opset: OPSET, where: "m.onnx", inputName: "x", inputShape, outputName };
  return new GraphEvaluator(graphOf(nodes, weights), settings);
}

const weight = (name: string, ...shape: number[]): TensorProto => {
  const { values } = floats(name, ...shape);
  return tensor(
    name,
    shape,
    values.map((value) => value / Math.sqrt(shape.slice(1).reduce((a, b) => a * b, 1))),
  );
};

/** Our values, after a check that onnxruntime has them too. */
async function checked(
  nodes: readonly NodeProto[],
  weights: readonly TensorProto[],
  inputShape: readonly number[],
) {
  const graph = evaluator(nodes, weights, inputShape);
  const x = floats("x", ...inputShape);
  const ours = graph.run(x.values);
  const theirs = await runtimeOutputs(nodes, { x }, { y: "float" }, OPSET, weights);
  expectClose(ours, theirs.get("y")!.data as Float32Array, "y");
  // The second run finds everything as the first did.
  expect(graph.run(x.values)).toEqual(ours);
  return ours;
}

/** A residual network of 3 × 12 × 12 images, reshaped by a computation on shapes as PyTorch exports it. */
const residual = {
  nodes: [
    node("Conv", ["x", "w1", "b1"], "c1", { pads: [1, 1, 1, 1] }),
    node("Relu", ["c1"], "r1"),
    node("Conv", ["r1", "w2"], "c2", { pads: [1, 1, 1, 1] }),
    node("BatchNormalization", ["c2", "scale", "bias", "mean", "var"], "n2"),
    node("Add", ["n2", "r1"], "s"),
    node("MaxPool", ["s"], "p", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Shape", ["p"], "shape"),
    node("Constant", [], "zero", { value: int64("", [0], []) }),
    node("Gather", ["shape", "zero"], "batch"),
    node("Constant", [], "axes", { value: int64("", [0]) }),
    node("Unsqueeze", ["batch", "axes"], "batch1"),
    node("Concat", ["batch1", "rest"], "target", { axis: 0 }),
    node("Reshape", ["p", "target"], "f"),
    node("Transpose", ["w3"], "w3t", { perm: [1, 0] }),
    node("MatMul", ["f", "w3t"], "y"),
  ],
  weights: [
    weight("w1", 4, 3, 3, 3),
    weight("b1", 4),
    weight("w2", 4, 4, 3, 3),
    tensor("scale", [4], [1, 0.5, -1, 2]),
    tensor("bias", [4], [0, 1, 0.5, -1]),
    tensor("mean", [4], [0.1, 0, 0, -0.2]),
    tensor("var", [4], [1, 0.5, 2, 0.7]),
    int64("rest", [-1]),
    weight("w3", 5, 144),
  ],
};

describe("GraphEvaluator", () => {
  it("computes a network's outputs as onnxruntime does", async () => {
    expect(await checked(residual.nodes, residual.weights, [1, 3, 12, 12])).toHaveLength(5);
  });

  // onnxruntime 1.30.0 crashes on an output of Split that has no name.
  it("computes nodes with several outputs, some without a name", () => {
    const nodes = [
      node("Split", ["x"], "a", { axis: 1 }),
      node("Mul", ["a", "c"], "ac"),
      node("Sub", ["ac", "a"], "y"),
    ];
    nodes[0].output = ["a", "", "c"];
    expect(evaluator(nodes, [], [1, 3]).run([2, 5, 7])).toEqual(Float64Array.of(12));
    nodes[0].output = ["a", "c", ""];
    expect(evaluator(nodes, [], [1, 3]).run([2, 5, 7])).toEqual(Float64Array.of(8));
  });

  it("computes in double precision", () => {
    const numbers = [0.1, 1e-9, 1 / 3, 2e8];
    const y = evaluator([node("MatMul", ["x", "w"], "y")], [tensor("w", [4, 1], [1, 3, 1, 1])], [1, 4]).run(
      numbers,
    );
    expect(y).toEqual(Float64Array.of(0.1 + 3 * 1e-9 + 1 / 3 + 2e8));
  });

  it("evaluates only what the output depends on", () => {
    const nodes = [
      node("Sin", ["x"], "dead"),
      node("Relu", ["x"], "y"),
      node("Add", ["y", "missing"], "dead2"),
    ];
    const broken = tensor("broken", [7], [1]);
    expect(evaluator(nodes, [broken], [1, 2]).run([-1, 2])).toEqual(Float64Array.of(0, 2));
  });

  it("answers a copy, and leaves the input as it was", () => {
    const identity = evaluator([node("Identity", ["x"], "y")], [], [1, 2]);
    const x = Float64Array.of(1, 2);
    identity.run(x).fill(7);
    expect(x).toEqual(Float64Array.of(1, 2));
    const constant = evaluator([], [tensor("y", [2], [3, 4])], [1, 2]);
    constant.run(x).fill(7);
    expect(constant.run(x)).toEqual(Float64Array.of(3, 4));
    expect(evaluator([], [], [1, 2], "x").run(x)).toEqual(x);
  });

  it("reads a value as often as it is needed", () => {
    const nodes = [
      node("Add", ["x", "x"], "a"),
      node("Mul", ["a", "x"], "b"),
      node("Add", ["b", "a"], "c"),
      node("Sub", ["c", "x"], "y"),
    ];
    expect(evaluator(nodes, [], [1, 1]).run([3])).toEqual(Float64Array.of(21));
  });

  it("keeps no value longer than it is read", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const held = () => {
      collect();
      return process.memoryUsage().arrayBuffers;
    };
    const [count, size] = [40, 2 ** 17];
    const names = Array.from({ length: count }, (_, i) => `h${i}`);
    const nodes = names.map((name, i) => node("Neg", [names[i - 1] ?? "x"], names[i + 1] ? name : "y"));
    const input = new Float64Array(size).fill(1);
    const before = held();
    let atLast = Number.NaN;
    Object.defineProperty(nodes.at(-1), "attribute", {
      get: () => {
        atLast = held();
        return [];
      },
    });
    expect(evaluator(nodes, [], [1, size]).run(input)[5]).toBe(1);
    // Two values are needed at a time.
    expect(atLast - before).toBeLessThan(10 * 8 * size);
  });

  it("evaluates a network of 50 million multiplications in seconds", () => {
    // 32 → 64 channels of 32 × 32, kernel 5: 52 million.
    const nodes = [
      node("Conv", ["x", "w"], "c", { pads: [2, 2, 2, 2] }),
      node("Relu", ["c"], "r"),
      node("GlobalAveragePool", ["r"], "y"),
    ];
    const graph = evaluator(nodes, [weight("w", 64, 32, 5, 5)], [1, 32, 32, 32]);
    const x = floats("x", 1, 32, 32, 32).values;
    const start = performance.now();
    expect(graph.run(x)).toHaveLength(64);
    // It takes a tenth of this on a machine that does nothing else.
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("GraphEvaluator refuses", () => {
  const refused = (nodes: readonly NodeProto[], weights: readonly TensorProto[] = []) => ({
    constructed: () => evaluator(nodes, weights, [1, 2]),
    run: () => evaluator(nodes, weights, [1, 2]).run([1, 2]),
  });

  it("operators that are not known, before anything is run", () => {
    const { constructed } = refused([node("Sin", ["x"], "y", {}, "wave")]);
    expect(constructed).toThrow(UnsupportedOperatorError);
    expect(constructed).toThrow(/^m\.onnx: node "wave" \(Sin\): operator "Sin" cannot be evaluated/);
  });

  it("values that no node computes", () => {
    const { run } = refused([node("Add", ["x", "nowhere"], "y")]);
    expect(run).toThrow(FormatError);
    expect(run).toThrow(/^m\.onnx: node "y" \(Add\): reads "nowhere", which no earlier node computes$/);
    const late = refused([node("Relu", ["h"], "y"), node("Relu", ["x"], "h")]);
    expect(late.run).toThrow(/reads "h", which no earlier node computes/);
    expect(refused([]).constructed).toThrow(/^m\.onnx: output "y" is computed by no node$/);
  });

  it("values that are defined twice", () => {
    const twice = [node("Relu", ["x"], "y"), node("Neg", ["x"], "y")];
    expect(refused(twice).constructed).toThrow(/^m\.onnx: value "y" is defined twice$/);
    expect(refused(twice.slice(1), [tensor("x", [2], [1, 2])]).constructed).toThrow(/"x" is defined twice/);
    expect(refused(twice.slice(1), [tensor("y", [2], [1, 2])]).constructed).toThrow(/"y" is defined twice/);
  });

  it("inputs of another length", () => {
    const graph = evaluator([node("Relu", ["x"], "y")], [], [1, 2]);
    expect(() => graph.run([1, 2, 3])).toThrow(ShapeError);
    expect(() => graph.run([1])).toThrow(/^m\.onnx: input "x" of shape \[1, 2\] needs 2 numbers, found 1$/);
    expect(() => evaluator([node("Relu", ["x"], "y")], [], [1, -2])).toThrow(ShapeError);
  });

  it("faults of nodes, naming the node", () => {
    const { run } = refused([node("MatMul", ["x", "w"], "y", {}, "fc")], [tensor("w", [3, 1], [1, 2, 3])]);
    expect(run).toThrow(/^m\.onnx: node "fc" \(MatMul\): cannot multiply shapes \[1, 2\] and \[3, 1\]$/);
    const unasked = refused([node("Relu", ["x"], "y", { axis: 1 })]);
    expect(unasked.run).toThrow(/^m\.onnx: node "y" \(Relu\): attribute "axis" is not supported$/);
  });

  it("weights that are damaged", () => {
    const w = tensor("w", [1, 2], [1, 2]);
    w.rawData = w.rawData.slice(1);
    expect(refused([node("Add", ["x", "w"], "y")], [w]).constructed).toThrow(
      /tensor "w": shape \[1, 2\] needs 2/,
    );
  });
});
