import { describe } from "vitest";
import { graphOf, imports, stored } from "./onnx-import-oracle.js";
import { floats, type NodeCase, reals } from "./onnx-oracle.js";
import { node } from "./onnx-writer.js";

describe("MatMul with a constant", () => {
  const right: [x: readonly number[], w: readonly number[]][] = [
    [
      [1, 4],
      [4, 2],
    ],
    [[4], [4, 2]],
    [
      [3, 4],
      [4, 2],
    ],
    [
      [1, 3, 4],
      [4, 2],
    ],
    [
      [2, 3, 4],
      [4, 2],
    ],
    [
      [1, 1, 1, 4],
      [4, 2],
    ],
    [
      [1, 2, 3, 4],
      [4, 2],
    ],
    [
      [2, 2, 3, 4],
      [4, 2],
    ],
    [
      [1, 4],
      [1, 4, 2],
    ],
    [
      [3, 4],
      [1, 1, 4, 2],
    ],
    [
      [1, 3, 4],
      [1, 1, 4, 2],
    ],
    [[4], [1, 4, 2]],
    [[4], [1, 1, 4, 2]],
    [[1], [1, 3]],
    [
      [5, 1],
      [1, 3],
    ],
    [
      [1, 1],
      [1, 1],
    ],
  ];
  const left: [w: readonly number[], x: readonly number[]][] = [
    [
      [2, 4],
      [4, 1],
    ],
    [[2, 4], [4]],
    [
      [2, 4],
      [4, 3],
    ],
    [
      [2, 4],
      [1, 4, 1],
    ],
    [
      [2, 4],
      [1, 4, 3],
    ],
    [
      [2, 4],
      [1, 3, 4, 5],
    ],
    [
      [2, 4],
      [2, 3, 4, 5],
    ],
    [
      [1, 2, 4],
      [4, 3],
    ],
    [[1, 1, 2, 4], [4]],
    [
      [1, 1, 2, 4],
      [1, 4, 3],
    ],
    [
      [3, 1],
      [1, 5],
    ],
  ];
  imports([
    ...right.map(([x, w]) =>
      graphOf({ op: "MatMul", opset: 13, inputs: [floats("x", ...x), floats("w", ...w)] }),
    ),
    ...left.map(([w, x]) =>
      graphOf({ op: "MatMul", opset: 9, inputs: [floats("w", ...w), floats("x", ...x)] }, 1),
    ),
  ]);

  // What comes after tells whether the result has the right number of dimensions.
  imports(
    [...right.map(([x, w]) => [x, w, 0] as const), ...left.map(([w, x]) => [x, w, 1] as const)].map(
      ([x, w, at]) => ({
        name: `${at ? `[${w}] · x [${x}]` : `x [${x}] · [${w}]`}, then a sum over the last axis, turned`,
        input: x,
        nodes: [
          node("MatMul", at ? ["w", "x"] : ["x", "w"], "h"),
          node("Transpose", ["h"], "t"),
          node("ReduceSum", ["t"], "y", { axes: [-1] }),
        ],
        weights: [stored("w", floats("w", ...w))],
        opset: 12,
      }),
    ),
  );
});

describe("Gemm with a constant", () => {
  const x = floats("x", 1, 4);
  const w = floats("w", 4, 3);
  const turned = floats("w", 3, 4);
  const factors = { alpha: { float: 0.5 }, beta: { float: -2 } };
  const constants = [[3], [1, 3], [1], [], [1, 1]];
  const column = floats("column", 4, 1);
  imports([
    ...[
      ...constants.flatMap((shape): NodeCase[] => [
        { op: "Gemm", opset: 9, inputs: [x, w, floats("c", ...shape)] },
        {
          op: "Gemm",
          opset: 13,
          inputs: [x, turned, floats("c", ...shape)],
          attributes: { transB: 1, ...factors },
        },
      ]),
      { op: "Gemm", opset: 11, inputs: [x, w] },
      { op: "Gemm", opset: 11, inputs: [x, w], attributes: factors },
      { op: "Gemm", opset: 7, inputs: [x, w, reals([1, 2, 3])], attributes: { beta: { float: 0 } } },
      { op: "Gemm", opset: 13, inputs: [column, w], attributes: { transA: 1 } },
      {
        op: "Gemm",
        opset: 13,
        inputs: [column, turned, floats("c", 3)],
        attributes: { transA: 1, transB: 1 },
      },
      { op: "Gemm", opset: 13, inputs: [floats("lines", 5, 4), w], attributes: { alpha: { float: 2 } } },
      { op: "Gemm", opset: 13, inputs: [floats("lines", 5, 4), turned], attributes: { transB: 1 } },
    ].map((one) => graphOf(one as NodeCase)),
    ...[
      { op: "Gemm", opset: 13, inputs: [turned, column] },
      { op: "Gemm", opset: 13, inputs: [turned, column, floats("c", 3, 1)], attributes: factors },
      { op: "Gemm", opset: 13, inputs: [turned, column, floats("c", 1)] },
      { op: "Gemm", opset: 13, inputs: [w, column, floats("c", 1, 1)], attributes: { transA: 1 } },
      { op: "Gemm", opset: 13, inputs: [turned, x], attributes: { transB: 1 } },
      { op: "Gemm", opset: 13, inputs: [w, x, floats("c", 3, 1)], attributes: { transA: 1, transB: 1 } },
      { op: "Gemm", opset: 13, inputs: [turned, floats("lines", 4, 5)], attributes: factors },
    ].map((one) => graphOf(one as NodeCase, 1)),
  ]);
});
