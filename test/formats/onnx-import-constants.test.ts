import { TensorProto_DataType as DataType } from "onnx-buf";
import { describe } from "vitest";
import { type GraphCase, imports, stored } from "./onnx-import-oracle.js";
import { bools, floats, ints, reals } from "./onnx-oracle.js";
import { int64, node, tensor } from "./onnx-writer.js";

const constant = (name: string, values: readonly number[], dims?: number[]) =>
  node("Constant", [], name, { value: int64("", values, dims) });
const weight = (name: string, ...shape: number[]) => stored(name, floats(name, ...shape));

const image = [1, 3, 4, 5];

describe("computations on shapes", () => {
  const flattenings: Omit<GraphCase, "input">[] = [
    {
      name: "x.view(x.size(0), -1) as PyTorch writes it",
      nodes: [
        node("Relu", ["x"], "r"),
        node("Shape", ["r"], "s"),
        constant("zero", [0], []),
        node("Gather", ["s", "zero"], "n", { axis: 0 }),
        constant("axes", [0]),
        node("Unsqueeze", ["n", "axes"], "n1"),
        constant("rest", [-1]),
        node("Concat", ["n1", "rest"], "target", { axis: 0 }),
        node("Reshape", ["r", "target"], "y"),
      ],
    },
    {
      name: "the same with axes as an attribute",
      opset: 11,
      nodes: [
        node("Shape", ["x"], "s"),
        constant("zero", [0], []),
        node("Gather", ["s", "zero"], "n"),
        node("Unsqueeze", ["n"], "n1", { axes: [0] }),
        constant("rest", [-1]),
        node("Concat", ["n1", "rest"], "target", { axis: 0 }),
        node("Reshape", ["x", "target"], "y"),
      ],
    },
    {
      name: "extents multiplied",
      nodes: [
        node("Shape", ["x"], "s"),
        node("Slice", ["s", "one", "end", "zero"], "spatial"),
        node("ReduceProd", ["spatial"], "size", { axes: [0], keepdims: 1 }),
        node("Concat", ["one", "size"], "target", { axis: 0 }),
        node("Reshape", ["x", "target"], "y"),
      ],
      weights: [int64("one", [1]), int64("end", [4]), int64("zero", [0])],
    },
    {
      name: "part of the shape, halved and cast, as a size",
      nodes: [
        node("Shape", ["x"], "s", { start: 2 }),
        node("Cast", ["s"], "sf", { to: DataType.FLOAT }),
        node("Mul", ["sf", "two"], "sf2"),
        node("Cast", ["sf2"], "spatial", { to: DataType.INT64 }),
        node("Concat", ["front", "spatial"], "sizes", { axis: 0 }),
        node("Resize", ["x", "", "", "sizes"], "y", {
          coordinate_transformation_mode: "asymmetric",
          nearest_mode: "floor",
        }),
      ],
      weights: [int64("front", [1, 3]), tensor("two", [1], [2])],
    },
    {
      name: "Expand to the shape of another value",
      nodes: [
        node("GlobalAveragePool", ["x"], "g"),
        node("Shape", ["x"], "s"),
        node("Expand", ["g", "s"], "e"),
        node("Sub", ["x", "e"], "y"),
      ],
    },
    {
      name: "ConstantOfShape of a shape",
      nodes: [
        node("Shape", ["x"], "s"),
        node("ConstantOfShape", ["s"], "c", { value: tensor("v", [1], [0.5]) }),
        node("Add", ["x", "c"], "y"),
      ],
    },
    {
      name: "Size, Range and Where",
      nodes: [
        node("Size", ["x"], "n"),
        node("Range", ["zero", "n", "step"], "r"),
        node("Cast", ["r"], "rf", { to: DataType.FLOAT }),
        node("Less", ["rf", "c30"], "low"),
        node("Where", ["low", "c1", "rf"], "w"),
        node("Shape", ["x"], "s"),
        node("Reshape", ["w", "s"], "factor"),
        node("Mul", ["x", "factor"], "y"),
      ],
      weights: [
        int64("zero", [0], []),
        int64("step", [1], []),
        tensor("c30", [], [30]),
        tensor("c1", [], [1]),
      ],
    },
  ];
  imports(flattenings.map((one) => ({ ...one, input: image })));
});

describe("weights computed from constants", () => {
  imports([
    {
      name: "Transpose of a weight",
      input: [1, 4],
      nodes: [node("Transpose", ["w"], "wt"), node("MatMul", ["x", "wt"], "y")],
      weights: [weight("w", 3, 4)],
    },
    {
      name: "a weight scaled, shifted and clipped",
      input: [1, 4],
      nodes: [
        node("Mul", ["w", "c"], "w1"),
        node("Sub", ["w1", "d"], "w2"),
        node("Clip", ["w2", "low"], "w3"),
        node("Gemm", ["x", "w3"], "y"),
      ],
      weights: [weight("w", 4, 3), weight("c", 3), weight("d", 4, 1), tensor("low", [], [-0.5])],
    },
    {
      name: "a kernel normalised by its own norm",
      input: [1, 2, 5, 5],
      nodes: [
        node("Mul", ["v", "v"], "v2"),
        node("ReduceSum", ["v2", "axes"], "sum", { keepdims: 1 }),
        node("Sqrt", ["sum"], "norm"),
        node("Div", ["v", "norm"], "unit"),
        node("Mul", ["unit", "g"], "w"),
        node("Conv", ["x", "w"], "y"),
      ],
      weights: [weight("v", 3, 2, 3, 3), weight("g", 3, 1, 1, 1), int64("axes", [1, 2, 3])],
    },
    {
      name: "statistics out of one table",
      input: [1, 3, 2, 2],
      nodes: [
        node("Gather", ["table", "i0"], "g", { axis: 0 }),
        node("Gather", ["table", "i1"], "b", { axis: 0 }),
        node("Gather", ["table", "i2"], "m", { axis: 0 }),
        node("Gather", ["table", "i3"], "v", { axis: 0 }),
        node("BatchNormalization", ["x", "g", "b", "m", "v"], "y"),
      ],
      weights: [
        tensor("table", [4, 3], [1, 2, -1, 0.5, 0, 1, 0.1, 0.2, 0.3, 1, 2, 0.5]),
        ...[0, 1, 2, 3].map((i) => int64(`i${i}`, [i], [])),
      ],
    },
    {
      name: "Constant in each of its forms",
      input: [1, 2],
      nodes: [
        node("Constant", [], "c1", { value: tensor("", [2], [1, 2]) }),
        node("Constant", [], "c2", { value_float: { float: 3 } }),
        node("Constant", [], "c3", { value_ints: [1, 2] }),
        node("Identity", ["c1"], "c5"),
        node("Add", ["x", "c5"], "a"),
        node("Mul", ["a", "c2"], "b"),
        node("Reshape", ["b", "c3"], "y"),
      ],
    },
    {
      name: "a weight that two layers share",
      input: [1, 3],
      nodes: [
        node("MatMul", ["x", "w"], "h"),
        node("Relu", ["h"], "r"),
        node("MatMul", ["r", "w"], "h2"),
        node("Add", ["h2", "x"], "y"),
      ],
      weights: [weight("w", 3, 3)],
    },
  ]);
});

describe("what does nothing at inference", () => {
  const nothing = (
    name: string,
    opset: number,
    node0: GraphCase["nodes"][number],
    weights: GraphCase["weights"] = [],
  ): GraphCase => ({
    name: `${name}-${opset}`,
    input: [1, 3, 2],
    nodes: [node("Relu", ["x"], "r"), node0, node("Neg", ["h"], "y")],
    weights,
    opset,
  });
  imports([
    ...[7, 10].map((opset) =>
      nothing("Dropout", opset, node("Dropout", ["r"], "h", { ratio: { float: 0.3 } })),
    ),
    nothing("Dropout", 12, node("Dropout", ["r", "p"], "h", { seed: 3 }), [tensor("p", [], [0.3])]),
    nothing("Dropout, told not to train", 13, node("Dropout", ["r", "", "t"], "h"), [
      stored("t", bools([0], [])),
    ]),
    ...[7, 13, 22].map((opset) => nothing("Identity", opset, node("Identity", ["r"], "h"))),
    ...[9, 13, 19, 22].map((opset) =>
      nothing("Cast", opset, node("Cast", ["r"], "h", { to: DataType.FLOAT })),
    ),
    {
      name: "Cast to doubles and back",
      input: [1, 3],
      nodes: [
        node("Cast", ["x"], "d", { to: DataType.DOUBLE }),
        node("Relu", ["d"], "r"),
        node("Cast", ["r"], "y", { to: DataType.FLOAT }),
      ],
    },
    {
      name: "a chain of Identity alone",
      input: [1, 3],
      nodes: [node("Identity", ["x"], "a"), node("Identity", ["a"], "b"), node("Identity", ["b"], "y")],
    },
    {
      name: "a second output of Dropout that nobody reads",
      input: [1, 3],
      nodes: [
        (() => {
          const dropout = node("Dropout", ["x"], "h");
          dropout.output.push("mask");
          return dropout;
        })(),
        node("Relu", ["h"], "y"),
      ],
    },
  ]);
});

describe("the leading 1, moved about", () => {
  const moves: [string, readonly number[], GraphCase["nodes"], GraphCase["weights"]?][] = [
    [
      "Squeeze and Unsqueeze",
      [1, 3, 4],
      [
        node("Squeeze", ["x", "a0"], "s"),
        node("Transpose", ["s"], "t"),
        node("Relu", ["t"], "r"),
        node("Unsqueeze", ["r", "a1"], "u"),
        node("Add", ["u", "c"], "y"),
      ],
      [int64("a0", [0]), int64("a1", [1]), weight("c", 4, 2, 3)],
    ],
    [
      "to the end and back",
      [1, 3, 4],
      [
        node("Transpose", ["x"], "t", { perm: [1, 2, 0] }),
        node("Add", ["t", "c"], "a"),
        node("Transpose", ["a"], "b", { perm: [2, 0, 1] }),
        node("Mul", ["b", "d"], "y"),
      ],
      [weight("c", 4, 1), weight("d", 4)],
    ],
    [
      "rows as a batch of their own",
      [1, 6],
      [
        node("Reshape", ["x", "s"], "r"),
        node("MatMul", ["r", "w"], "h"),
        node("Relu", ["h"], "p"),
        node("Reshape", ["p", "back"], "y"),
      ],
      [int64("s", [3, 2]), weight("w", 2, 4), int64("back", [1, -1])],
    ],
    [
      "a column, summed to a number",
      [5, 1],
      [
        node("Relu", ["x"], "r"),
        node("ReduceSum", ["r"], "s", { keepdims: 0 }),
        node("Add", ["s", "c"], "y"),
      ],
      [weight("c", 3)],
    ],
    [
      "a number alone",
      [1],
      [node("Squeeze", ["x"], "s"), node("Relu", ["s"], "r"), node("Unsqueeze", ["r", "a"], "y")],
      [int64("a", [0, 1])],
    ],
    [
      "along the first axis of a value without a batch",
      [3, 4],
      [
        node("Slice", ["x", "from", "to", "axis", "step"], "a"),
        node("Relu", ["a"], "r"),
        node("Concat", ["x", "r"], "c", { axis: 0 }),
        node("Gather", ["c", "index"], "y", { axis: 0 }),
      ],
      [
        int64("from", [-1]),
        int64("to", [-9]),
        int64("axis", [0]),
        int64("step", [-2]),
        int64("index", [0, 3, 4]),
      ],
    ],
    [
      "one row of several: a value that happens to begin with 1",
      [3, 4],
      [
        node("Slice", ["x", "from", "to", "axis"], "a"),
        node("Mul", ["a", "c"], "m"),
        node("Expand", ["m", "shape"], "e"),
        node("Add", ["e", "x"], "y"),
      ],
      [int64("from", [1]), int64("to", [2]), int64("axis", [0]), weight("c", 4), int64("shape", [3, 1])],
    ],
  ];
  // ReduceSum takes its axes as an input from 13 on, and none here.
  imports(moves.map(([name, input, nodes, weights]) => ({ name, input, nodes, weights, opset: 13 })));
});

const scale = reals([2, 0.5]);
imports([
  {
    name: "integers as constants of arithmetic on shapes alone",
    input: [2, 3],
    nodes: [
      node("Shape", ["x"], "s"),
      node("Sub", ["s", "one"], "less"),
      node("Slice", ["x", "zeros", "less"], "p"),
      node("Mul", ["p", "scale"], "y"),
    ],
    weights: [int64("one", [1, 1]), stored("zeros", ints([0, 0])), stored("scale", scale)],
  },
]);
