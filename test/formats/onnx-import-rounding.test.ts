import { readFileSync } from "node:fs";
import { toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { type Backend, createBackend, type Dtype } from "../../src/compute/index.js";
import { FormatError, UnsupportedOperatorError } from "../../src/errors.js";
import { ElementTypes } from "../../src/formats/onnx/element-types.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { modelProto, node, tensor, valueInfo } from "./onnx-writer.js";

const { BFLOAT16, FLOAT16, FLOAT, DOUBLE } = DataType;

const fixture = (name: string) => readFileSync(new URL(`../fixtures/rounding/${name}`, import.meta.url));
const backendOf = (dtype: Dtype): Promise<Backend> => createBackend("portable", { dtype });
const imported = async (bytes: Uint8Array, dtype: Dtype = "float64") =>
  importCheckedOnnx(await backendOf(dtype), bytes, "m.onnx");

interface Graph {
  readonly nodes: readonly NodeProto[];
  readonly weights?: readonly TensorProto[];
  readonly input?: readonly number[];
  readonly type?: DataType;
  readonly opset?: number;
}

/** A graph from `x`, `[1, 3]` unless given, to `y`. */
function fileOf({ nodes, weights = [], input = [1, 3], type = FLOAT, opset = 19 }: Graph): Uint8Array {
  const model = modelProto({ input, nodes, weights, output: ["y", []] });
  model.graph!.input = [valueInfo("x", input, type)];
  model.opsetImport[0].version = BigInt(opset);
  return toBinary(ModelProtoSchema, model);
}

const double = (name: string, dims: readonly number[], values: readonly number[]): TensorProto => ({
  ...tensor(name, dims, []),
  dataType: DOUBLE,
  rawData: new Uint8Array(Float64Array.from(values).buffer),
});
const cast = (from: string, to: string, type: DataType) => node("Cast", [from], to, { to: type }, `to-${to}`);

describe("files of which single precision leaves nothing but rounding", () => {
  it.each([
    ["fp9.onnx", 0],
    ["c31_cancel_f32_b.onnx", 1],
  ])("%s is refused in float32, by the cause and the mend, and is right in float64", async (name, output) => {
    await expect(imported(fixture(name), "float32")).rejects.toThrow(
      new RegExp(
        `^m\\.onnx: rounding in float32 may change output ${output} by \\d+, and it is \\S+ at most on random inputs: its sum ` +
          "cancels, and nothing could be said of it; expected --dtype float64$",
      ),
    );
    const model = await imported(fixture(name));
    const outputs = await networkOutputs(await backendOf("float64"), model, [Float64Array.of(0.75)]);
    // fp9: −2²⁵ + x + 2²⁵ and 0.5; c31: 0.4 and x + 2²⁵ − 2²⁵.
    expect(outputs[0][output]).toBe(0.75);
    expect(outputs[0][1 - output]).toBeCloseTo(output === 0 ? 0.5 : 0.4, 7);
    expect(model.arithmetic).toBe("float32");
  });

  it("a sum that cancels in double precision, too, is taken there: no arithmetic is finer", async () => {
    const model = await imported(fixture("c31_cancel_f64_b.onnx"));
    const outputs = await networkOutputs(await backendOf("float64"), model, [Float64Array.of(0.75)]);
    expect(outputs[0][1]).toBe(0);
  });

  it("what a file computes with is told beside its network", async () => {
    const nodes = [node("Neg", ["x"], "y")];
    expect((await imported(fileOf({ nodes }))).arithmetic).toBe("float32");
    expect((await imported(fileOf({ nodes, type: DOUBLE }))).arithmetic).toBe("float64");
    const network = sequential([2], [linear(2)]);
    const weights = initialWeights(network, 1);
    expect((await imported(exportOnnx({ network, weights }))).arithmetic).toBe("float64");
    const single = new Map([...weights].map(([name, values]) => [name, Float32Array.from(values)]));
    expect((await imported(exportOnnx({ network, weights: single }))).arithmetic).toBe("float32");
  });
});

describe("types of values", () => {
  const typesOf = (...nodes: NodeProto[]) =>
    new ElementTypes(
      modelProto({
        input: [1, 3],
        nodes: [cast("x", "d", DOUBLE), ...nodes],
        weights: [tensor("single", [1], [1]), double("double", [1], [1])],
      }).graph!,
    );

  it.each<[string, NodeProto, boolean]>([
    ["a sum", node("Add", ["d", "double"], "y"), false],
    ["the larger", node("Max", ["d", "double"], "y"), false],
    ["a place", node("Transpose", ["d"], "y"), true],
    ["the nearest", node("Resize", ["d", "", "single"], "y", { mode: "nearest" }), true],
    ["a mean of neighbours", node("Resize", ["d", "", "single"], "y", { mode: "linear" }), false],
    ["bounds as attributes", node("Clip", ["d"], "y", { min: { float: 0.1 } }), true],
  ])("tell whether numbers of single precision stay that among doubles: %s", (_, one, stays) => {
    const types = typesOf(one);
    expect(types.of("y")).toBe(DOUBLE);
    expect(types.isHeldBy("y", FLOAT)).toBe(stays);
    expect(types.isHeldBy("y", DOUBLE)).toBe(true);
    expect(types.isHeldBy("y", FLOAT16)).toBe(false);
    expect(types.isHeldBy("unknown", DOUBLE)).toBe(false);
  });
});

describe("casts of activations", () => {
  const scale = tensor("c", [3], [0.1, 3, -1]);
  it.each<[string, Graph]>([
    ["to the same type", { nodes: [cast("x", "a", FLOAT), node("Mul", ["a", "c"], "y")], weights: [scale] }],
    [
      "to a wider one, in which the rest is computed",
      {
        nodes: [cast("x", "a", DOUBLE), node("Mul", ["a", "c"], "y")],
        weights: [double("c", [3], [0.1, 3, -1])],
      },
    ],
    [
      "to a wider one and back, with nothing but selection between",
      {
        nodes: [
          cast("x", "a", DOUBLE),
          node("Relu", ["a"], "r"),
          node("Reshape", ["r", "shape"], "s"),
          cast("s", "b", FLOAT),
          node("Mul", ["b", "c"], "y"),
        ],
        weights: [
          scale,
          {
            ...tensor("shape", [2], []),
            dataType: DataType.INT64,
            int64Data: [1n, 3n],
            rawData: new Uint8Array(),
          },
        ],
      },
    ],
    [
      "of an input of half precision",
      { type: FLOAT16, nodes: [cast("x", "a", FLOAT), node("Neg", ["a"], "y")] },
    ],
  ])("are nothing: %s", async (_, graph) => {
    const { network } = await imported(fileOf(graph));
    expect(network.nodes.map(({ layer }) => layer?.kind)).not.toContain("identity");
  });

  it.each<[string, Graph, RegExp]>([
    [
      "to half precision",
      { nodes: [cast("x", "a", FLOAT16), cast("a", "y", FLOAT)] },
      /node "to-a" \(Cast\): rounds activations of type FLOAT to FLOAT16, which no layer of a network does/,
    ],
    ["to bfloat16", { nodes: [cast("x", "y", BFLOAT16)] }, /rounds activations of type FLOAT to BFLOAT16/],
    [
      "between two halves",
      { type: FLOAT16, nodes: [cast("x", "y", BFLOAT16)] },
      /rounds activations of type FLOAT16 to BFLOAT16/,
    ],
    [
      "of doubles",
      { type: DOUBLE, nodes: [cast("x", "y", FLOAT)] },
      /rounds activations of type DOUBLE to FLOAT/,
    ],
    [
      "of what was computed in double precision",
      {
        nodes: [cast("x", "a", DOUBLE), node("Mul", ["a", "c"], "m"), cast("m", "y", FLOAT)],
        weights: [double("c", [3], [0.1, 3, -1])],
      },
      /node "to-y" \(Cast\): rounds activations of type DOUBLE to FLOAT/,
    ],
    [
      "of what was bounded by doubles",
      {
        nodes: [cast("x", "a", DOUBLE), node("Max", ["a", "c"], "m"), cast("m", "y", FLOAT)],
        weights: [double("c", [3], [0.1, 3, -1])],
      },
      /node "to-y" \(Cast\): rounds activations of type DOUBLE to FLOAT/,
    ],
    [
      "to integers",
      { nodes: [cast("x", "y", DataType.INT32)] },
      /a cast of activations to INT32 is not supported/,
    ],
    [
      "to numbers of eight bits",
      { nodes: [cast("x", "y", DataType.FLOAT8E4M3FN)] },
      /a cast of activations to FLOAT8E4M3FN is not supported/,
    ],
    [
      "where the graph computes in half precision",
      { type: FLOAT16, nodes: [node("Add", ["x", "x"], "y", {}, "sum")] },
      /node "sum" \(Add\): computes in FLOAT16, whose rounding no bound covers; convert the model to FLOAT/,
    ],
    ...["Round", "Floor", "Ceil", "QuantizeLinear"].map((op): [string, Graph, RegExp] => [
      op,
      { nodes: [node(op, ["x"], "y", {}, "it")] },
      new RegExp(`node "it" \\(${op}\\): rounds activations, which no layer of a network does`),
    ]),
  ])("and what rounds are refused by name: %s", async (_, graph, message) => {
    const run = imported(fileOf(graph));
    await expect(run).rejects.toThrow(UnsupportedOperatorError);
    await expect(run).rejects.toThrow(message);
    await expect(run).rejects.toThrow(/^m\.onnx: [^\n]+$/);
  });

  it("refuse the file in which two inputs 2⁻¹² apart are one", async () => {
    await expect(imported(fixture("cast16.onnx"))).rejects.toThrow(
      /^m\.onnx: node "Cast1" \(Cast\): rounds activations of type FLOAT to FLOAT16[^\n]+$/,
    );
  });
});

describe("constants that nodes compute", () => {
  const third = Math.fround(1 / 3);
  const scaled = (...nodes: NodeProto[]) => [...nodes, node("Mul", ["x", "k"], "y")];
  const scaleOf = async (graph: Graph) => {
    const { network } = await imported(fileOf(graph));
    const [layer] = network.nodes.flatMap((one) => (one.layer?.kind === "scale-shift" ? [one.layer] : []));
    return layer.scale;
  };

  it("are computed in double precision, and do not become single", async () => {
    const weights = [tensor("w", [1], [third]), tensor("c", [1], [0.1])];
    const product = third * Math.fround(0.1);
    expect(Math.fround(product)).not.toBe(product);
    expect(await scaleOf({ nodes: scaled(node("Mul", ["w", "c"], "k")), weights })).toEqual([product]);
    expect(await scaleOf({ nodes: scaled(node("Div", ["w", "c"], "k")), weights })).toEqual([
      third / Math.fround(0.1),
    ]);
  });

  it("stay single where they are", async () => {
    const nodes = [node("Mul", ["w", "two"], "w2"), node("MatMul", ["x", "w2"], "y")];
    const weights = [tensor("w", [3, 1], [0.1, 0.2, third]), tensor("two", [], [2])];
    const model = await imported(fileOf({ nodes, weights }));
    expect(model.weights.get("MatMul1.weight")).toEqual(Float32Array.of(0.2, 0.4, 2 * third));
    expect(model.arithmetic).toBe("float32");
  });

  it("are rounded where they are cast", async () => {
    const weights = [tensor("w", [1], [third])];
    const half = await scaleOf({ nodes: scaled(cast("w", "h", FLOAT16), cast("h", "k", FLOAT)), weights });
    expect(half).toEqual([0.333251953125]);
    const single = await scaleOf({
      nodes: scaled(cast("d", "k", FLOAT)),
      weights: [double("d", [1], [1 / 3])],
    });
    expect(single).toEqual([third]);
  });

  it.each<[string, NodeProto[], TensorProto[]]>([
    [
      "by cancellation",
      [node("Add", ["w", "big"], "s"), node("Sub", ["s", "big"], "k")],
      [tensor("w", [1], [third]), tensor("big", [1], [2 ** 12])],
    ],
    [
      "by underflow",
      [node("Mul", ["w", "w"], "s"), node("Div", ["s", "w"], "k")],
      [tensor("w", [1], [2 ** -80])],
    ],
    [
      "in half precision",
      [node("Mul", ["w", "w"], "s"), cast("s", "k", FLOAT)],
      [{ ...tensor("w", [1], []), dataType: FLOAT16, int32Data: [0x3555], rawData: new Uint8Array() }],
    ],
  ])("are refused where rounding decides them: %s", async (_, nodes, weights) => {
    const run = imported(fileOf({ nodes: scaled(...nodes), weights }));
    await expect(run).rejects.toThrow(FormatError);
    await expect(run).rejects.toThrow(
      /^m\.onnx: node \S+ \(\w+\): "k"\[0\] is \S+, but \S+ where each step is rounded to FLOAT: rounding decides it; export the model with constants folded$/,
    );
  });

  it("are refused where no layer pays for their rounding", async () => {
    const product = node("Mul", ["w", "c"], "k");
    const weights = [tensor("w", [], [third]), tensor("c", [], [0.1])];
    const clip = fileOf({ nodes: [product, node("Clip", ["x", "", "k"], "y", {}, "it")], weights });
    await expect(imported(clip)).rejects.toThrow(
      /^m\.onnx: node "it" \(Clip\): constant "k" is computed with rounding; export the model with constants folded$/,
    );
    const three = (name: string, value: number) => tensor(name, [3], [value, value, value]);
    const norm = fileOf({
      nodes: [
        node("Mul", ["w", "c"], "k"),
        node("BatchNormalization", ["x", "g", "b", "k", "v"], "y", {}, "it"),
      ],
      weights: [three("w", third), three("c", 0.1), three("g", 1), three("b", 0), three("v", 1)],
    });
    await expect(imported(norm)).rejects.toThrow(
      /"it" \(BatchNormalization\): constant "k" is computed with/,
    );
  });
});

/** |a·b − c| relative to |c|, exactly but for the last step. */
function relativeError(a: number, b: number, c: number): number {
  const whole = (value: number) => BigInt(value * 2 ** 200);
  const [product, expected] = [whole(a) * whole(b), whole(c) << 200n];
  return Math.abs(Number(product - expected) / Number(expected));
}

describe("numbers of a network that are not the file's", () => {
  it("are off by a rounding of double precision: 1/c for a division, 1/n for a mean, n for a sum", async () => {
    const nodes = [
      node("Div", ["x", "c"], "d", {}, "d"),
      node("ReduceSum", ["d", "axes"], "s", {}, "s"),
      node("AveragePool", ["s"], "y", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, "p"),
    ];
    const divisors = [0.1, 3, 0.2247].map(Math.fround);
    const axes = {
      ...tensor("axes", [1], []),
      dataType: DataType.INT64,
      int64Data: [3n],
      rawData: new Uint8Array(),
    };
    const file = fileOf({ nodes, input: [1, 3, 5, 7], weights: [tensor("c", [3, 1, 1], divisors), axes] });
    const { network } = await imported(file);
    const scales = network.nodes.flatMap(({ layer }) => (layer?.kind === "scale-shift" ? [layer.scale] : []));
    for (const [i, divisor] of divisors.entries()) {
      expect(relativeError(scales[0][i], divisor, 1)).toBeLessThanOrEqual(2 ** -53);
    }
    expect(scales[1]).toEqual([7]);
    expect(relativeError(1 / 7, 7, 1)).toBeLessThanOrEqual(2 ** -53);
    // Windows of 2, 3 and 3 entries along each axis; the sum left one column.
    for (const factor of scales[2]) {
      const count = [6, 4, 9, 2, 3].find((n) => Math.abs(factor * n - 9) < 1e-9)!;
      expect(relativeError(factor, count, 9)).toBeLessThanOrEqual(2 ** -53);
    }
  });

  it("are none: products with α and β are exact, and a dilated mean is a sum and a division", async () => {
    const [w, c] = [[0.1, 0.2, third(1), 3, -7, 0.3].map(Math.fround), [0.7, third(2)].map(Math.fround)];
    const factors = { alpha: { float: 0.1 }, beta: { float: third(4) } };
    const gemm = fileOf({
      nodes: [node("Gemm", ["x", "w", "c"], "y", { ...factors, transB: 1 })],
      weights: [tensor("w", [2, 3], w), tensor("c", [2], c)],
    });
    const { weights } = await imported(gemm);
    expect(weights.get("Gemm1.weight")).toEqual(Float64Array.from(w, (one) => one * Math.fround(0.1)));
    expect(weights.get("Gemm1.bias")).toEqual(Float64Array.from(c, (one) => one * Math.fround(third(4))));
    const pool = fileOf({
      nodes: [node("AveragePool", ["x"], "y", { kernel_shape: [3, 3], dilations: [2, 1] }, "p")],
      input: [1, 2, 6, 6],
    });
    const dilated = await imported(pool);
    expect(dilated.weights.get("p.weight")).toEqual(new Float32Array(18).fill(1));
    const { layer } = dilated.network.nodes.at(-1)!;
    expect(layer?.kind === "scale-shift" && layer.scale.every((one) => one === 1 / 9)).toBe(true);
  });

  it("are not bounds of a Clip: 3.4e38 bounds doubles, and numbers of single precision it does not", async () => {
    const kinds = async (type: DataType, bound: TensorProto) => {
      const file = fileOf({ type, nodes: [node("Clip", ["x", "", "m"], "y")], weights: [bound] });
      return (await imported(file)).network.nodes.length;
    };
    const largest = Math.fround(3.4028234663852886e38);
    expect(await kinds(FLOAT, tensor("m", [], [largest]))).toBe(1);
    expect(await kinds(DOUBLE, double("m", [], [largest]))).toBe(4);
    expect(await kinds(DOUBLE, double("m", [], [Number.MAX_VALUE]))).toBe(1);
  });
});

function third(n: number): number {
  return n / 3;
}
