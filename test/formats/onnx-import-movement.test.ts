import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { AutodualError } from "../../src/errors.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { expectImported, fileOf, graphOf, imports } from "./onnx-import-oracle.js";
import {
  COORDINATES,
  LINEAR_RESIZE_CASES,
  MOVEMENT_CASES,
  PAD_CASES,
  RESIZE_CASES,
  refusal,
  SHAPE_CASES,
  SLICE_CASES,
  stretchings,
} from "./onnx-movement-cases.js";
import { counting, describeCase, evaluated, floats, ints, type NodeCase, reals } from "./onnx-oracle.js";
import { node } from "./onnx-writer.js";

/** What only the evaluator knows: integers, arrays of nothing, questions about shapes. */
function isForConstants(one: NodeCase): boolean {
  const { op, inputs } = one;
  const results = evaluated(one).slice(0, one.outputs ?? 1);
  return (
    inputs[0]?.type !== "float" ||
    ["Shape", "Size"].includes(op) ||
    inputs[0].shape.length === 0 ||
    [...results, inputs[0]].some(({ values }) => values.length === 0)
  );
}

const all = [
  ...SHAPE_CASES,
  ...MOVEMENT_CASES,
  ...SLICE_CASES,
  ...PAD_CASES,
  ...RESIZE_CASES,
  ...LINEAR_RESIZE_CASES,
];
const refused = all.filter((one) => isForConstants(one) && one.inputs[0] && one.inputs[0].shape[0] !== 0);
const plain = all.filter((one) => !isForConstants(one) && one.op !== "Concat");

describe("the evaluator's cases, each input of the network's", () => {
  imports(
    plain.flatMap((one) => Array.from({ length: one.outputs ?? 1 }, (_, output) => graphOf(one, 0, output))),
  );

  it.each(refused.map((one): [string, NodeCase] => [describeCase(one), one]))(
    "%s is refused",
    async (_, one) => {
      const file = fileOf(graphOf(one));
      const run = importCheckedOnnx(createPortableBackend(), file, "m.onnx");
      await expect(run).rejects.toBeInstanceOf(AutodualError);
      await expect(run).rejects.toThrow(/^m\.onnx: [^\n]+$/);
    },
  );

  it.each(COORDINATES)("Resize, %s at every rounding, scale and size", async (coordinate) => {
    const clear = stretchings(coordinate).filter((one) => refusal(one) === undefined);
    expect(clear.length).toBeGreaterThan(20);
    for (const one of clear) await expectImported(graphOf(one));
  });
});

const image = counting(1, 3, 4, 5);
const of = (
  op: string,
  opset: number,
  rest: readonly NodeCase["inputs"][number][],
  attributes?: NodeCase["attributes"],
  outputs?: number,
): NodeCase => ({ op, opset, inputs: [image, ...rest], attributes, outputs });

describe("images with a batch", () => {
  imports(
    [
      ...[
        [0, 2, 3, 1],
        [0, 3, 1, 2],
        [0, 1, 3, 2],
        [1, 0, 2, 3],
        [3, 2, 1, 0],
        [2, 0, 3, 1],
      ].map((perm) => of("Transpose", 13, [], { perm })),
      of("Transpose", 7, []),
      ...[0, 1, 2, 3, 4, -1, -2, -3, -4].map((axis) => of("Flatten", 13, [], { axis })),
      ...[
        [1, -1],
        [0, 60],
        [-1, 20],
        [60],
        [3, 20],
        [3, 1, 20],
        [1, 1, 1, 60],
        [0, 0, -1],
        [4, 3, 5],
        [1, 5, 4, 3],
        [60, 1],
        [2, 30],
        [0, 0, 0, 0],
      ].map((shape) => of("Reshape", 14, [ints(shape)])),
      of("Squeeze", 11, [], { axes: [0] }),
      of("Squeeze", 13, [ints([-4])]),
      of("Squeeze", 13, []),
      ...[[0], [1], [4], [-1], [0, 1], [2, -1]].map((axes) => of("Unsqueeze", 13, [ints(axes)])),
      of("Unsqueeze", 11, [], { axes: [0, 5] }),
      ...[1, 2, 3].flatMap((axis) => [
        of("Gather", 13, [ints([1, -1, 0, 0])], { axis }),
        of("Gather", 11, [ints([-2], [])], { axis }),
        of("Gather", 13, [ints([0, 1, 2, 1, 0, -1], [2, 3])], { axis: axis - 4 }),
        of("Slice", 13, [ints([-1]), ints([-99]), ints([axis]), ints([-1])]),
        of("Slice", 11, [ints([1]), ints([-1]), ints([axis - 4]), ints([1])]),
        of("Slice", 10, [ints([0]), ints([99]), ints([axis]), ints([2])]),
        of("Split", 13, [ints([1, image.shape[axis] - 1])], { axis }, 2),
        of("Split", 18, [], { axis: axis - 4, num_outputs: 2 }, 2),
        of("Split", 11, [], { axis, split: [image.shape[axis] - 2, 1, 1] }, 3),
      ]),
      of("Gather", 13, [ints([0, 0, 0])], { axis: 0 }),
      of("Gather", 13, [ints([0], [])], { axis: 0 }),
      of("Gather", 13, [ints([0], [1, 1])], { axis: 0 }),
      of("Slice", 9, [], { starts: [0, 1], ends: [2, 3], axes: [1, 3] }),
      of("Slice", 13, [ints([3, 0]), ints([0, 2]), ints([2, 1]), ints([-2, 1])]),
      of("Split", 13, [ints([1])], { axis: 0 }, 1),
      of("Expand", 13, [ints([2, 1, 1, 1])]),
      of("Expand", 8, [ints([3, 1, 1, 1, 1])]),
      of("Expand", 13, [ints([5])]),
      of("Pad", 11, [ints([0, 0, 1, 2, 0, 0, 2, 0])]),
      of("Pad", 13, [ints([0, 1, -1, 2, 0, 0, 2, -1]), reals([0.5], [])]),
      of("Pad", 13, [ints([0, 0, -1, -2, 0, 0, -1, -1]), reals([9], [])]),
      of("Pad", 13, [ints([1, 0, 0, 0, 0, 0, 0, 0]), reals([-2], [])]),
      of("Pad", 18, [ints([1, 2, 3, 0]), reals([-2], []), ints([-1, 2])]),
      of("Pad", 8, [], { pads: [0, 0, 1, 1, 0, 0, 1, 1], value: { float: -0.5 } }),
      of("Pad", 13, [ints([0, 0, 0, 0, 0, 0, 0, 0])]),
    ].flatMap((one) => Array.from({ length: one.outputs ?? 1 }, (_, output) => graphOf(one, 0, output))),
  );
});

describe("Expand of what is smaller", () => {
  const cases: [readonly number[], readonly number[]][] = [
    [
      [1, 3, 1, 1],
      [1, 3, 4, 5],
    ],
    [
      [1, 1, 1, 5],
      [1, 2, 3, 1],
    ],
    [
      [1, 4],
      [3, 4],
    ],
    [[4], [2, 3, 1]],
    [[1], [2, 2]],
    [
      [1, 1],
      [1, 1],
    ],
  ];
  imports(
    cases.map(([shape, wanted]) =>
      graphOf({ op: "Expand", opset: 13, inputs: [floats("small", ...shape), ints(wanted)] }),
    ),
  );
});

describe("Concat of the network's values", () => {
  const shapes = [[1, 3, 4, 5], [2, 3, 4], [1, 6], [6], [4, 1]];
  imports(
    shapes.flatMap((shape) =>
      shape.flatMap((_, axis) =>
        [axis, axis - shape.length].map((at) => ({
          name: `[${shape}] along ${at}`,
          input: shape,
          nodes: [
            node("Relu", ["x"], "r"),
            node("Neg", ["x"], "n"),
            node("Concat", ["r", "x", "n"], "c", { axis: at }),
            // Of another extent along the axis.
            node("Concat", ["n", "c"], "y", { axis: at }),
          ],
          opset: at < 0 ? 11 : 7,
        })),
      ),
    ),
  );
  imports([{ name: "one value", input: [1, 3], nodes: [node("Concat", ["x"], "y", { axis: 1 })] }]);
});
