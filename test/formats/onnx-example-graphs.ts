import type { NodeProto, TensorProto } from "onnx-buf";
import { random } from "../../src/compute/random.js";
import type { GraphCase } from "./onnx-import-oracle.js";
import { floats } from "./onnx-oracle.js";
import { int64, node, tensor } from "./onnx-writer.js";

/** Random weights of a size that keeps activations of order 1: `fanIn` numbers meet in one. */
function weight(name: string, shape: readonly number[], fanIn = 1): TensorProto {
  return tensor(
    name,
    shape,
    floats(name, ...shape).values.map((value) => value / Math.sqrt(fanIn)),
  );
}

function positive(name: string, length: number): TensorProto {
  const source = random(3, name);
  return tensor(
    name,
    [length],
    Float32Array.from({ length }, () => 0.5 + source.uniform()),
  );
}

const statistics = (name: string, channels: number): TensorProto[] => [
  positive(`${name}.gamma`, channels),
  ...["beta", "mean"].map((what) => weight(`${name}.${what}`, [channels])),
  positive(`${name}.var`, channels),
];

const normalization = (name: string, x: string, y: string): NodeProto =>
  node("BatchNormalization", [x, ...["gamma", "beta", "mean", "var"].map((what) => `${name}.${what}`)], y, {
    epsilon: { float: 1e-3 },
  });

/** A LeNet as PyTorch exports it, flattened by a computation on shapes. */
const leNet: GraphCase = {
  name: "LeNet",
  input: [1, 1, 12, 12],
  nodes: [
    node("Conv", ["x", "c1.w", "c1.b"], "h1", { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, "/conv1/Conv"),
    node("Relu", ["h1"], "r1", {}, "/Relu"),
    node("MaxPool", ["r1"], "p1", { kernel_shape: [2, 2], strides: [2, 2] }, "/pool/MaxPool"),
    node("Conv", ["p1", "c2.w", "c2.b"], "h2", { kernel_shape: [3, 3] }, "/conv2/Conv"),
    node("Relu", ["h2"], "r2", {}, "/Relu_1"),
    node("AveragePool", ["r2"], "p2", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Shape", ["p2"], "s"),
    node("Constant", [], "zero", { value: int64("", [0], []) }),
    node("Gather", ["s", "zero"], "n", { axis: 0 }),
    node("Constant", [], "axes", { value: int64("", [0]) }),
    node("Unsqueeze", ["n", "axes"], "n1"),
    node("Constant", [], "rest", { value: int64("", [-1]) }),
    node("Concat", ["n1", "rest"], "target", { axis: 0 }),
    node("Reshape", ["p2", "target"], "f"),
    node("Gemm", ["f", "f1.w", "f1.b"], "h3", { transB: 1 }, "/fc1/Gemm"),
    node("Relu", ["h3"], "r3", {}, "/Relu_2"),
    node("Gemm", ["r3", "f2.w", "f2.b"], "y", { transB: 1 }, "/fc2/Gemm"),
  ],
  weights: [
    weight("c1.w", [4, 1, 3, 3], 9),
    weight("c1.b", [4]),
    weight("c2.w", [6, 4, 3, 3], 36),
    weight("c2.b", [6]),
    weight("f1.w", [8, 24], 24),
    weight("f1.b", [8]),
    weight("f2.w", [5, 8], 8),
    weight("f2.b", [5]),
  ],
};

/** Two residual blocks, the second one with a strided shortcut, and an average over the plane. */
const resNet: GraphCase = {
  name: "ResNet",
  input: [1, 3, 8, 8],
  opset: 13,
  nodes: [
    node("Conv", ["x", "w0"], "c0", { pads: [1, 1, 1, 1] }),
    normalization("n0", "c0", "b0"),
    node("Relu", ["b0"], "r0"),
    node("Conv", ["r0", "w1"], "c1", { pads: [1, 1, 1, 1] }),
    normalization("n1", "c1", "b1"),
    node("Relu", ["b1"], "r1"),
    node("Conv", ["r1", "w2"], "c2", { pads: [1, 1, 1, 1] }),
    normalization("n2", "c2", "b2"),
    node("Add", ["b2", "r0"], "s1"),
    node("Relu", ["s1"], "r2"),
    node("Conv", ["r2", "w3"], "c3", { pads: [1, 1, 1, 1], strides: [2, 2] }),
    normalization("n3", "c3", "b3"),
    node("Conv", ["r2", "w4"], "c4", { strides: [2, 2] }),
    node("Add", ["c4", "b3"], "s2"),
    node("Relu", ["s2"], "r3"),
    node("GlobalAveragePool", ["r3"], "g"),
    node("Flatten", ["g"], "f"),
    node("Gemm", ["f", "w5", "bias"], "y", { transB: 1 }),
  ],
  weights: [
    weight("w0", [4, 3, 3, 3], 27),
    weight("w1", [4, 4, 3, 3], 36),
    weight("w2", [4, 4, 3, 3], 36),
    weight("w3", [6, 4, 3, 3], 36),
    weight("w4", [6, 4, 1, 1], 4),
    weight("w5", [5, 6], 6),
    weight("bias", [5]),
    ...["n0", "n1", "n2"].flatMap((name) => statistics(name, 4)),
    ...statistics("n3", 6),
  ],
};

/** Images with their channels last, turned before and after each convolution, as tf2onnx exports Keras. */
const keras: GraphCase = {
  name: "Keras, channels last",
  input: [1, 8, 8, 3],
  opset: 15,
  nodes: [
    node("Sub", ["x", "mean"], "centred"),
    node("Div", ["centred", "std"], "scaled"),
    node("Transpose", ["scaled"], "t1", { perm: [0, 3, 1, 2] }),
    node("Conv", ["t1", "w1", "b1"], "c1", { auto_pad: "SAME_UPPER", strides: [2, 2] }),
    node("Clip", ["c1", "zero", "six"], "r1"),
    node("Transpose", ["r1"], "u1", { perm: [0, 2, 3, 1] }),
    node("Mul", ["u1", "gamma"], "m1"),
    node("Add", ["m1", "beta"], "a1"),
    node("Pad", ["a1", "pads"], "p1"),
    node("Transpose", ["p1"], "t2", { perm: [0, 3, 1, 2] }),
    node("Conv", ["t2", "w2"], "c2", { group: 4 }),
    node("Transpose", ["c2"], "u2", { perm: [0, 2, 3, 1] }),
    node("LeakyRelu", ["u2"], "r2", { alpha: { float: 0.3 } }),
    node("ReduceMean", ["r2"], "g", { axes: [1, 2], keepdims: 0 }),
    node("MatMul", ["g", "w3"], "h"),
    node("Add", ["h", "b3"], "y"),
  ],
  weights: [
    tensor("mean", [3], [0.4, 0.5, 0.6]),
    tensor("std", [1, 1, 1, 3], [0.2, 0.25, 0.3]),
    weight("w1", [4, 3, 3, 3], 27),
    weight("b1", [4]),
    tensor("zero", [], [0]),
    tensor("six", [], [6]),
    positive("gamma", 4),
    weight("beta", [4]),
    int64("pads", [0, 0, 0, 0, 0, 1, 1, 0]),
    weight("w2", [4, 1, 3, 3], 9),
    weight("w3", [4, 5], 4),
    weight("b3", [5]),
  ],
};

/** As ACAS Xu's networks: a normalised input of odd shape, and products with columns of a weight that is turned. */
const acas: GraphCase = {
  name: "ACAS Xu",
  input: [1, 1, 1, 5],
  opset: 9,
  nodes: [
    node("Sub", ["x", "mean"], "centred"),
    node("Div", ["centred", "range"], "n"),
    node("Flatten", ["n"], "f", { axis: 1 }),
    ...["f", "r1", "r2", "r3"].flatMap((from, i) => [
      node("MatMul", [from, `w${i}`], `h${i}`),
      node("Add", [`h${i}`, `b${i}`], i === 3 ? "y" : `a${i}`),
      ...(i === 3 ? [] : [node("Relu", [`a${i}`], `r${i + 1}`)]),
    ]),
  ],
  weights: [
    tensor("mean", [1, 1, 1, 5], [0.2, 0, 0, 0.6, 0.6]),
    tensor("range", [], [0.8]),
    ...[5, 8, 8, 8].map((n, i) => weight(`w${i}`, [n, i === 3 ? 5 : 8], n)),
    ...[8, 8, 8, 5].map((n, i) => weight(`b${i}`, [n])),
  ],
};

/** As VNN-COMP's mnist-fc: W·x + b on a column. */
const column: GraphCase = {
  name: "mnist-fc, a column",
  input: [36, 1],
  opset: 12,
  nodes: [
    node("Flatten", ["x"], "f", { axis: 0 }),
    node("Transpose", ["f"], "x0", { perm: [1, 0] }),
    ...[0, 1, 2].flatMap((i) => [
      node("MatMul", [`w${i}`, i === 0 ? "x0" : `r${i}`], `h${i}`),
      node("Add", [`b${i}`, `h${i}`], i === 2 ? "y" : `a${i}`),
      ...(i === 2 ? [] : [node("Relu", [`a${i}`], `r${i + 1}`)]),
    ]),
  ],
  weights: [
    weight("w0", [8, 36], 36),
    weight("w1", [8, 8], 8),
    weight("w2", [5, 8], 8),
    ...[8, 8, 5].map((n, i) => weight(`b${i}`, [n, 1])),
  ],
};

/** An encoder and a decoder that meets the encoder's stages again, as a U-Net does. */
const encoderDecoder: GraphCase = {
  name: "encoder and decoder",
  input: [1, 2, 8, 8],
  opset: 13,
  nodes: [
    node("Conv", ["x", "w1"], "c1", { pads: [1, 1, 1, 1] }),
    node("Relu", ["c1"], "r1"),
    node("MaxPool", ["r1"], "p1", { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Conv", ["p1", "w2", "b2"], "c2", { pads: [1, 1, 1, 1] }),
    node("Tanh", ["c2"], "r2"),
    node("ConvTranspose", ["r2", "w3", "b3"], "u1", { strides: [2, 2] }),
    node("Concat", ["u1", "r1"], "k1", { axis: 1 }),
    node("Conv", ["k1", "w4"], "c3"),
    node("Resize", ["r2", "", "scales"], "u2", {
      coordinate_transformation_mode: "asymmetric",
      nearest_mode: "floor",
    }),
    node("Concat", ["c3", "u2"], "k2", { axis: -3 }),
    node("Sigmoid", ["k2"], "s"),
    node("Slice", ["s", "from", "to", "axes"], "y"),
  ],
  weights: [
    weight("w1", [3, 2, 3, 3], 18),
    weight("w2", [4, 3, 3, 3], 27),
    weight("b2", [4]),
    weight("w3", [4, 3, 2, 2], 16),
    weight("b3", [3]),
    weight("w4", [2, 6, 3, 3], 54),
    tensor("scales", [4], [1, 1, 1.5, 1.5]),
    int64("from", [1, 1]),
    int64("to", [4, 4]),
    int64("axes", [2, 3]),
  ],
};

/** Whole networks in the manner of well-known exports. */
export const EXAMPLES: readonly GraphCase[] = [leNet, resNet, keras, acas, column, encoderDecoder];

/** Graphs that together have every operator that is imported. */
export const GALLERY: readonly GraphCase[] = [
  ...EXAMPLES,
  {
    name: "blocks and edges",
    input: [1, 4, 3, 3],
    nodes: [
      node("DepthToSpace", ["x"], "w", { blocksize: 2, mode: "CRD" }),
      node("Abs", ["w"], "a"),
      node("PRelu", ["w", "slopes"], "p"),
      node("Concat", ["a", "p"], "c", { axis: 1 }),
      node("SpaceToDepth", ["c"], "d", { blocksize: 3 }),
      node("HardSigmoid", ["d"], "h"),
      node("Tile", ["h", "repeats"], "t"),
      node("ReduceMax", ["t"], "u", { axes: [3] }),
      node("ReduceMin", ["u"], "l", { axes: [2], keepdims: 0 }),
      node("Einsum", ["l", "matrix"], "y", { equation: "bci,cd->bd" }),
    ],
    weights: [weight("slopes", [6, 6]), int64("repeats", [1, 1, 2, 1]), weight("matrix", [18, 3])],
  },
  {
    name: "an ellipsis in a sum of products",
    input: [1, 2, 3, 4],
    nodes: [
      node("Einsum", ["x", "first"], "a", { equation: "...d,dh->...h" }),
      node("Einsum", ["scale", "a"], "s", { equation: "...,...->..." }),
      node("Einsum", ["s"], "y", { equation: "b...h->bh..." }),
    ],
    weights: [weight("first", [4, 3]), weight("scale", [1, 2, 3, 3])],
  },
  {
    name: "sums and extremes",
    input: [1, 4],
    nodes: [
      node("Split", ["x", "halves"], "a", { axis: 1 }),
      node("Neg", ["a"], "n"),
      node("Sum", ["a", "b", "n"], "s"),
      node("Max", ["s", "c"], "m"),
      node("Min", ["m", "d"], "y"),
    ],
    weights: [int64("halves", [2, 2]), weight("c", [2]), positive("d", 2)],
  },
  {
    name: "moves",
    input: [1, 2, 3, 4],
    nodes: [
      node("Gather", ["x", "i"], "g", { axis: 3 }),
      node("Pad", ["g", "pads", "value"], "p"),
      node("Slice", ["p", "from", "to", "axis", "step"], "s"),
      node("Transpose", ["s"], "t", { perm: [0, 2, 3, 1] }),
      node("Squeeze", ["t", "zero"], "q"),
      node("Expand", ["q", "shape"], "e"),
      node("Unsqueeze", ["e", "zero"], "y"),
    ],
    weights: [
      int64("i", [3, -4, 1]),
      int64("pads", [0, 0, 1, 0, 0, 0, 0, 1]),
      tensor("value", [], [0.5]),
      int64("from", [-1]),
      int64("to", [-99]),
      int64("axis", [2]),
      int64("step", [-2]),
      int64("zero", [0]),
      int64("shape", [1, 4, 2]),
    ],
  },
  {
    name: "pools of lines",
    input: [1, 2, 9],
    opset: 13,
    nodes: [
      node("Conv", ["x", "w"], "c", { pads: [1, 1] }),
      node("AveragePool", ["c"], "a", {
        kernel_shape: [3],
        strides: [2],
        pads: [1, 1],
        count_include_pad: 1,
      }),
      node("MaxPool", ["a"], "m", { kernel_shape: [2], ceil_mode: 1, strides: [2] }),
      node("GlobalMaxPool", ["m"], "g"),
      node("ReduceSum", ["g", "axes"], "y", { keepdims: 0 }),
    ],
    weights: [weight("w", [3, 2, 3], 6), int64("axes", [2])],
  },
  {
    name: "an old file",
    input: [1, 2, 3, 3],
    opset: 7,
    nodes: [
      node("Dropout", ["x"], "d", { ratio: { float: 0.5 } }),
      node("Clip", ["d"], "c", { min: { float: -1 }, max: { float: 2 } }),
      node("Identity", ["c"], "i"),
      node("Pad", ["i"], "p", { pads: [0, 0, 1, 0, 0, 0, 0, 1] }),
      node("Slice", ["p"], "s", { starts: [0], ends: [3], axes: [2] }),
      node("ReduceMean", ["s"], "m", { axes: [2], keepdims: 1 }),
      node("Squeeze", ["m"], "q", { axes: [2] }),
      node("Cast", ["q"], "y", { to: 1 }),
    ],
  },
  {
    name: "an upsampled image",
    input: [1, 2, 3, 3],
    opset: 9,
    nodes: [
      node("Upsample", ["x", "scales"], "u"),
      node("GlobalAveragePool", ["u"], "g"),
      node("Add", ["u", "g"], "a"),
      node("Tanh", ["a"], "y"),
    ],
    weights: [tensor("scales", [4], [1, 1, 2, 1])],
  },
  {
    name: "a computed weight",
    input: [1, 6],
    nodes: [
      node("ConstantOfShape", ["shape"], "ones", { value: tensor("v", [1], [0.5]) }),
      node("Mul", ["w", "ones"], "half"),
      node("Transpose", ["half"], "t"),
      node("MatMul", ["x", "t"], "h"),
      node("Sigmoid", ["h"], "s"),
      node("Sub", ["h", "s"], "y"),
    ],
    weights: [int64("shape", [4, 6]), weight("w", [4, 6], 6)],
  },
];
// Split names its second output.
GALLERY.find(({ name }) => name === "sums and extremes")!.nodes[0].output.push("b");
