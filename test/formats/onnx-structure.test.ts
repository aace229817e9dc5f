import { create, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { AutodualError, FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { decodeModel, encodeModel } from "../../src/formats/model-file.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { type GraphParts, int64, modelProto, node, onnxBytes, tensor, valueInfo } from "./onnx-writer.js";

const from = (length: number, scale = 0.1) =>
  Float32Array.from({ length }, (_, i) => (i - length / 2) * scale);

/** x [N, 3] → W x + b, as MatMul and Add. */
const linearParts = {
  input: ["N", 3],
  nodes: [node("MatMul", ["x", "w"], "h"), node("Add", ["h", "b"], "y")],
  weights: [tensor("w", [3, 2], from(6)), tensor("b", [2], [1, 2])],
} satisfies GraphParts;

const layersOf = (bytes: Uint8Array) =>
  importOnnx(bytes, "m.onnx")
    .network.nodes.slice(1)
    .map(({ name, layer }) => [name, layer!.kind]);

describe("structure of imported networks", () => {
  it("takes node names where they are unique, else the operator and a number", () => {
    const nodes = [
      node("Relu", ["x"], "a", {}, "same"),
      node("Relu", ["a"], "b", {}, "same"),
      node("Relu", ["b"], "c"),
      node("Relu", ["c"], "d", {}, "input"),
      node("Relu", ["d"], "e", {}, "Relu3"),
      node("Relu", ["e"], "y", {}, "/net/act.1"),
    ];
    expect(layersOf(onnxBytes({ input: ["N", 3], nodes })).map(([name]) => name)).toEqual([
      "Relu1",
      "Relu2",
      "Relu4",
      "Relu5",
      "Relu3",
      "/net/act.1",
    ]);
  });

  it("folds an added vector into the linear layer before it, and nothing else", () => {
    expect(layersOf(onnxBytes(linearParts))).toEqual([["MatMul1", "linear"]]);
    const weights = linearParts.weights;
    const both = [
      ...linearParts.nodes.slice(0, 1),
      node("Add", ["b", "h"], "z"),
      node("Add", ["z", "h"], "y"),
    ];
    expect(layersOf(onnxBytes({ ...linearParts, nodes: both }))).toEqual([
      ["MatMul1", "linear"],
      ["Add1", "scale-shift"],
      ["Add2", "add"],
    ]);
    const scalar = onnxBytes({ ...linearParts, weights: [weights[0], tensor("b", [], [5])] });
    expect(layersOf(scalar).map(([, kind]) => kind)).toEqual(["linear", "scale-shift"]);
  });

  it("leaves out nodes that the output does not depend on, and Identity", () => {
    const nodes = [
      node("Sin", ["x"], "dead"),
      node("Identity", ["w"], "w2"),
      node("Identity", ["x"], "x2"),
      node("MatMul", ["x2", "w2"], "h"),
      node("Add", ["h", "b"], "y0"),
      node("Identity", ["y0"], "y"),
    ];
    expect(layersOf(onnxBytes({ ...linearParts, nodes }))).toEqual([["MatMul1", "linear"]]);
  });

  it("takes initializers among the inputs for weights", () => {
    const model = modelProto(linearParts);
    model.graph!.input.push(valueInfo("w", [3, 2]), valueInfo("b", [2]));
    expect(importOnnx(toBinary(ModelProtoSchema, model), "m").weights.size).toBe(2);
  });

  it.each([[["N", 3]], [[undefined, 3]], [[-1, 3]], [[0, 3]], [[1, 3]]])(
    "takes the batch from %j",
    (input) => {
      expect(importOnnx(onnxBytes({ ...linearParts, input }), "m").network.inputShape).toEqual([3]);
    },
  );

  it("keeps the file's precision and reads every kind of storage", () => {
    const values = [0.5, -1, 2, 0.25, 3, -4];
    const dims = [3n, 2n];
    const kinds: [Partial<TensorProto>, typeof Float32Array | typeof Float64Array][] = [
      [{ dataType: DataType.FLOAT, floatData: values }, Float32Array],
      [{ dataType: DataType.DOUBLE, doubleData: values }, Float64Array],
      [
        { dataType: DataType.DOUBLE, rawData: new Uint8Array(Float64Array.from(values).buffer) },
        Float64Array,
      ],
      [
        { dataType: DataType.FLOAT16, int32Data: [0x3800, 0xbc00, 0x4000, 0x3400, 0x4200, 0xc400] },
        Float32Array,
      ],
      [
        { dataType: DataType.BFLOAT16, int32Data: [0x3f00, 0xbf80, 0x4000, 0x3e80, 0x4040, 0xc080] },
        Float32Array,
      ],
    ];
    for (const [init, type] of kinds) {
      const w = create(TensorProtoSchema, { name: "w", dims, ...(init as object) });
      const { weights } = importOnnx(
        onnxBytes({ ...linearParts, weights: [w, linearParts.weights[1]] }),
        "m",
      );
      expect(weights.get("MatMul1.weight")).toEqual(type.of(0.5, 2, 3, -1, 0.25, -4));
    }
    // Raw bytes at every alignment.
    for (let pad = 0; pad < 8; pad++) {
      const model = modelProto(linearParts);
      model.producerName = "p".repeat(pad);
      const { weights } = importOnnx(toBinary(ModelProtoSchema, model), "m");
      expect(weights.get("MatMul1.bias")).toEqual(Float32Array.of(1, 2));
    }
  });

  it("gives the file's metadata, and a model that can be saved and read again", () => {
    const proto = modelProto(linearParts);
    proto.metadataProps = [create(StringStringEntryProtoSchema, { key: "task", value: "digits" })];
    const model = importOnnx(toBinary(ModelProtoSchema, proto), "m");
    expect(model.metadata).toEqual({ task: "digits" });
    const back = decodeModel(encodeModel(model, model.metadata), "m");
    expect(back.network.nodes).toEqual(model.network.nodes);
    expect(back.weights).toEqual(model.weights);
  });
});

describe("what cannot be imported", () => {
  const [matMul, add] = linearParts.nodes;
  const [w, b] = linearParts.weights;
  const parts = (change: Partial<GraphParts>) => onnxBytes({ ...linearParts, ...change });
  const proto = (change: (model: ReturnType<typeof modelProto>) => void) => {
    const model = modelProto(linearParts);
    change(model);
    return toBinary(ModelProtoSchema, model);
  };
  const one = (
    op: string,
    attributes = {},
    input: GraphParts["input"] = ["N", 3],
    ...weights: TensorProto[]
  ) =>
    onnxBytes({
      input,
      nodes: [node(op, ["x", ...weights.map(({ name }) => name)], "y", attributes, "it")],
      weights,
    });
  const image = ["N", 2, 5, 5];
  const kernel = tensor("k", [4, 2, 3, 3], from(72));
  const wrongNumbers = (value: number) => tensor("w", [3, 2], [1, 2, value, 4, 5, 6]);

  it.each<[string, Uint8Array, typeof AutodualError, RegExp]>([
    [
      "an unknown operator",
      one("Sin"),
      UnsupportedOperatorError,
      /node "it" \(Sin\): operator "Sin" is not supported; known: Conv, ConvTranspose/,
    ],
    [
      "another domain",
      proto((m) => {
        m.graph!.node[0].domain = "com.microsoft";
      }),
      UnsupportedOperatorError,
      /operator "com\.microsoft\.MatMul"/,
    ],
    ["an operator's name of several lines", one("A\nB"), UnsupportedOperatorError, /"A\\nB"/],
    [
      "an unknown attribute",
      one("Relu", { axis: 1 }),
      UnsupportedOperatorError,
      /node "it" \(Relu\): attribute "axis" is not supported/,
    ],
    [
      "an attribute of another type",
      one("Flatten", { axis: "1" }, image),
      FormatError,
      /"axis" must be of type INT, found STRING/,
    ],
    ["too many inputs", one("Relu", {}, ["N", 3], b), FormatError, /expected at most 1 inputs, found 2/],
    [
      "two real inputs",
      proto((m) => {
        m.graph!.input.push(valueInfo("z", ["N", 3]));
      }),
      UnsupportedOperatorError,
      /expected one input, found 2: "x", "z"/,
    ],
    [
      "two outputs",
      proto((m) => {
        m.graph!.output.push(valueInfo("h", ["N", 2]));
      }),
      UnsupportedOperatorError,
      /expected one output, found 2: "y", "h"/,
    ],
    [
      "no input",
      proto((m) => {
        m.graph!.input = [];
      }),
      UnsupportedOperatorError,
      /expected one input, found 0/,
    ],
    [
      "an open feature",
      parts({ input: ["N", "F"] }),
      ShapeError,
      /every dimension after the batch.*\[N, F\]/,
    ],
    [
      "integer inputs",
      proto((m) => {
        m.graph!.input[0] = valueInfo("x", ["N", 3], DataType.INT64);
      }),
      UnsupportedOperatorError,
      /found INT64/,
    ],
    [
      "no operator set",
      proto((m) => {
        m.opsetImport = [];
      }),
      FormatError,
      /names no operator set/,
    ],
    [
      "an old operator set",
      proto((m) => {
        m.opsetImport[0].version = 6n;
      }),
      UnsupportedOperatorError,
      /operator set 6/,
    ],
    [
      "an empty graph",
      proto((m) => {
        m.graph!.node = [];
      }),
      FormatError,
      /no graph/,
    ],
    [
      "an output that nobody computes",
      parts({ output: ["q", ["N", 2]] }),
      FormatError,
      /output "q" is computed by no node/,
    ],
    ["an output that is a weight", parts({ output: ["w", [3, 2]] }), FormatError, /output "w" is a constant/],
    [
      "a value from nowhere",
      parts({ nodes: [node("MatMul", ["x2", "w"], "h"), add] }),
      FormatError,
      /"MatMul1" \(MatMul\): reads "x2", which no earlier node computes/,
    ],
    ["nodes out of order", parts({ nodes: [add, matMul] }), FormatError, /which no earlier node computes/],
    [
      "a value computed twice",
      parts({ nodes: [matMul, node("Relu", ["x"], "h"), add] }),
      FormatError,
      /value "h" is defined twice/,
    ],
    [
      "a node in a weight's place",
      parts({ nodes: [node("Relu", ["x"], "w"), matMul, add] }),
      FormatError,
      /value "w" is defined twice/,
    ],
    ["two weights of one name", parts({ weights: [w, b, b] }), FormatError, /value "b" is defined twice/],
    [
      "a NaN",
      parts({ weights: [wrongNumbers(Number.NaN), b] }),
      FormatError,
      /tensor "w"\[2\] is NaN, expected a finite number/,
    ],
    [
      "an infinity",
      parts({ weights: [wrongNumbers(Number.POSITIVE_INFINITY), b] }),
      FormatError,
      /tensor "w"\[2\] is Infinity/,
    ],
    [
      "a short weight",
      parts({ weights: [tensor("w", [3, 2], from(5)), b] }),
      FormatError,
      /tensor "w": shape \[3, 2\] needs 6 numbers, found 5/,
    ],
    [
      "a huge shape",
      parts({ weights: [tensor("w", [2 ** 31, 2 ** 31], from(5)), b] }),
      FormatError,
      /needs \d+ numbers, found 5/,
    ],
    [
      "a weight elsewhere",
      parts({
        weights: [create(TensorProtoSchema, { ...w, dataLocation: TensorProto_DataLocation.EXTERNAL }), b],
      }),
      UnsupportedOperatorError,
      /"w": is kept in another file/,
    ],
    [
      "text as numbers",
      parts({ weights: [create(TensorProtoSchema, { ...w, dataType: DataType.STRING }), b] }),
      UnsupportedOperatorError,
      /type STRING/,
    ],
    [
      "a weight of fewer dimensions",
      parts({ weights: [tensor("w", [6], from(6)), b] }),
      ShapeError,
      /node "MatMul1" \(MatMul\): weight "w" must be a matrix, found \[6\]/,
    ],
    [
      "a weight that does not fit",
      parts({ weights: [tensor("w", [2, 3], from(6)), b] }),
      ShapeError,
      /expected 2 features, found a value of shape \[1, 3\]/,
    ],
    [
      "a product of activations",
      parts({ nodes: [node("Mul", ["x", "x"], "y")] }),
      UnsupportedOperatorError,
      /product of two activations/,
    ],
    [
      "MatMul of activations",
      parts({ nodes: [node("MatMul", ["x", "x"], "y")] }),
      UnsupportedOperatorError,
      /input 1 "x" is an activation, expected a constant/,
    ],
    [
      "division by an activation",
      parts({ nodes: [node("Div", ["b", "x"], "y")], weights: [tensor("b", [3], from(3))] }),
      UnsupportedOperatorError,
      /division by an activation/,
    ],
    [
      "division by zero",
      one("Div", {}, ["N", 3], tensor("c", [3], [1, 0, 2])),
      FormatError,
      /constant "c" holds 0/,
    ],
    [
      "a constant of another length",
      one("Add", {}, ["N", 3], tensor("c", [2], [1, 2])),
      ShapeError,
      /shapes \[1, 3\] and \[2\] do not fit together/,
    ],
    [
      "a sum of unlike shapes",
      parts({ nodes: [node("MatMul", ["x", "w"], "h"), node("Add", ["h", "x"], "y")] }),
      ShapeError,
      /"Add1" \(Add\): shapes \[1, 2\] and \[1, 3\] do not fit together/,
    ],
    [
      "a Gemm bias a row",
      one("Gemm", {}, ["N", 3], w, tensor("c", [3], from(3))),
      ShapeError,
      /bias "c" must be one number or 2, found \[3\]/,
    ],
    [
      "two open extents",
      one("Reshape", {}, image, int64("s", [-1, -1, 5])),
      ShapeError,
      /only one entry may be -1/,
    ],
    [
      "a reshape to what does not fit",
      one("Reshape", {}, image, int64("s", [0, 3, -1])),
      ShapeError,
      /cannot reshape/,
    ],
    [
      "an open shape",
      parts({ nodes: [node("Reshape", ["x", "x"], "y")] }),
      UnsupportedOperatorError,
      /expected a constant/,
    ],
    [
      "a kernel of fewer dimensions",
      one("Conv", {}, image, tensor("k", [4, 18], from(72))),
      ShapeError,
      /weight "k" must be \[out, in\/groups, kh, kw\]/,
    ],
    ["other channels", one("Conv", { group: 2 }, image, kernel), ShapeError, /takes 2 × 2 channels, found 2/],
    [
      "another kernel_shape",
      one("Conv", { kernel_shape: [5, 5] }, image, kernel),
      ShapeError,
      /kernel_shape is \[5, 5\]/,
    ],
    [
      "a bias of another length",
      one("Conv", {}, image, kernel, tensor("c", [3], from(3))),
      ShapeError,
      /bias "c" must be \[4\]/,
    ],
    [
      "a kernel larger than the image",
      one("Conv", { dilations: [3, 1] }, image, kernel),
      ShapeError,
      /window of 7 does not fit/,
    ],
    ["negative pads", one("Conv", { pads: [0, -1, 0, 0] }, image, kernel), ShapeError, /"pads"/],
    [
      "auto_pad with pads",
      one("Conv", { pads: [1, 1, 1, 1], auto_pad: "VALID" }, image, kernel),
      FormatError,
      /exclude each other/,
    ],
    [
      "an unknown auto_pad",
      one("Conv", { auto_pad: "SOME" }, image, kernel),
      UnsupportedOperatorError,
      /auto_pad "SOME"/,
    ],
    [
      "strides of zero",
      one("Conv", { strides: [0, 1] }, image, kernel),
      ShapeError,
      /"strides" must be two positive/,
    ],
    [
      "training mode",
      one(
        "BatchNormalization",
        { training_mode: 1 },
        image,
        ...["g", "b", "m", "v"].map((n) => tensor(n, [2], [1, 1])),
      ),
      UnsupportedOperatorError,
      /training mode/,
    ],
    [
      "statistics of another length",
      one("BatchNormalization", {}, image, ...["g", "b", "m", "v"].map((n) => tensor(n, [3], [1, 1, 1]))),
      ShapeError,
      /"g" must be \[2\], found \[3\]/,
    ],
    [
      "a missing input",
      one("BatchNormalization", {}, image, tensor("g", [2], [1, 1])),
      FormatError,
      /input 2 is missing/,
    ],
  ])("%s", (_, bytes, type, message) => {
    let error: unknown;
    try {
      importOnnx(bytes, "m.onnx");
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^m\.onnx: [^\n]+$/);
  });

  it("says of other files that they are no ONNX model", () => {
    for (const text of ["PK\u0003\u0004 a zip file", "<html></html>", "\u0000".repeat(64), ""]) {
      expect(() => importOnnx(new TextEncoder().encode(text), "m.onnx")).toThrow(
        /m\.onnx: not a readable ONNX model/,
      );
    }
  });
});

describe("damaged files", () => {
  const shape = int64("shape", [0, -1]);
  const bytes = onnxBytes({
    input: ["N", 1, 6, 6],
    nodes: [
      node("Sub", ["x", "mean"], "n", {}, "mean/sub"),
      node("Conv", ["n", "k", "kb"], "c", { pads: [1, 1, 1, 1], strides: [2, 2] }, "conv"),
      node("BatchNormalization", ["c", "g", "be", "m", "v"], "bn", { epsilon: { float: 1e-5 } }),
      node("Relu", ["bn"], "r"),
      node("Constant", [], "s", { value: shape }),
      node("Reshape", ["r", "s"], "f"),
      node("MatMul", ["f", "w"], "h"),
      node("Add", ["h", "b"], "y"),
    ],
    weights: [
      tensor("mean", [1, 1, 1, 1], [0.5]),
      tensor("k", [2, 1, 3, 3], from(18)),
      tensor("kb", [2], [0.1, 0.2]),
      ...["g", "be", "m", "v"].map((name) => tensor(name, [2], [0.5, 2])),
      tensor("w", [18, 3], from(54)),
      tensor("b", [3], [1, 2, 3]),
    ],
  });

  it("are told apart from good ones at 100 truncations and 400 flipped bits", () => {
    expect(importOnnx(bytes, "m").network.outputShape).toEqual([3]);
    const source = random(7, "fuzz");
    const below = (limit: number) => Math.floor(source.uniform() * limit);
    for (let i = 0; i < 500; i++) {
      const damaged = Uint8Array.from(i < 100 ? bytes.subarray(0, below(bytes.length)) : bytes);
      for (let flips = i < 100 ? 0 : 1 + below(3); flips > 0; flips--)
        damaged[below(damaged.length)] ^= 1 << below(8);
      try {
        importOnnx(damaged, "m");
      } catch (error) {
        expect(error, `case ${i}: ${(error as Error).stack}`).toBeInstanceOf(AutodualError);
        expect((error as Error).message).toMatch(/^m: [^\n]+$/);
      }
    }
  });
});
