import { create } from "@bufbuild/protobuf";
import { TensorProto_DataType as DataType, TensorProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../src/errors.js";
import { evaluateNode, type NdArray } from "../../src/formats/onnx/evaluate/index.js";
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
import {
  agrees,
  bools,
  counting,
  evaluated,
  expectAgreement,
  ints,
  type NodeCase,
  nodeOf,
  reals,
  refuses,
} from "./onnx-oracle.js";
import { int64, tensor } from "./onnx-writer.js";

const x = counting(2, 3, 4);

describe("shapes", () => {
  agrees(SHAPE_CASES);
});

describe("movement", () => {
  agrees(MOVEMENT_CASES);
});

describe("Slice", () => {
  agrees(SLICE_CASES);

  it("takes 2⁶³ − 1 as an attribute for the end", () => {
    const one = { op: "Slice", opset: 9, inputs: [x], attributes: { starts: [1], ends: [0], axes: [1] } };
    const proto = nodeOf(one);
    proto.attribute.find(({ name }) => name === "ends")!.ints = [2n ** 63n - 1n];
    expect(evaluateNode(proto, one.inputs, 9, "n")[0].shape).toEqual([2, 2, 4]);
  });
});

describe("Pad", () => {
  agrees(PAD_CASES);
});

describe("Upsample and Resize", () => {
  agrees(RESIZE_CASES);
  agrees(LINEAR_RESIZE_CASES);

  it.each(COORDINATES)("%s is onnxruntime's at every rounding, scale and size", async (coordinate) => {
    const cases = stretchings(coordinate);
    // Others depend on rounding errors.
    const clear = cases.filter((one) => !refusal(one)?.includes("depends on rounding errors"));
    expect(clear.length).toBeGreaterThan(cases.length / 2);
    for (const one of clear) await expectAgreement(one);
  });

  it("refuses what depends on how a program rounds", () => {
    const line = counting(1, 1, 10);
    const resized = (mode: string, nearest_mode: string, ...rest: (NdArray | undefined)[]) =>
      refusal({
        op: "Resize",
        opset: 13,
        inputs: [line, undefined, ...rest],
        attributes: { coordinate_transformation_mode: mode, nearest_mode },
      });
    const ambiguous = /entry nearest to .* along axis 2 depends on rounding errors/;
    // 3 / 0.6 and 18 / 2.4, both on an edge but for the error of the scale in single precision.
    expect(resized("asymmetric", "floor", reals([1, 1, 0.6]))).toMatch(ambiguous);
    expect(resized("asymmetric", "round_prefer_ceil", undefined, ints([1, 1, 24]))).toMatch(ambiguous);
    expect(resized("asymmetric", "floor", reals([1, 1, 2.5]))).toBeUndefined();
    expect(resized("asymmetric", "floor", undefined, ints([1, 1, 20]))).toBeUndefined();
    // By the formula position 9 lies at 8.14; onnxruntime copies the input.
    expect(resized("asymmetric", "floor", reals([1, 1, 1.05]))).toMatch(/change no extent are ambiguous/);
  });
});

describe("constants", () => {
  const number = (value: number) => reals([value], []);
  const whole = (value: number) => ints([value], []);
  const stored = (dataType: DataType, int32Data: number[]) =>
    create(TensorProtoSchema, { dims: [BigInt(int32Data.length)], dataType, int32Data });
  agrees([
    { op: "Constant", opset: 9, inputs: [], attributes: { value: tensor("v", [2, 1], [1.5, -2]) } },
    { op: "Constant", opset: 13, inputs: [], attributes: { value: int64("v", [3, 4]) } },
    { op: "Constant", opset: 13, inputs: [], attributes: { value: stored(DataType.BOOL, [1, 0]) } },
    { op: "Constant", opset: 12, inputs: [], attributes: { value_float: { float: 2.5 } } },
    { op: "Constant", opset: 12, inputs: [], attributes: { value_floats: { floats: [2.5, -1] } } },
    { op: "Constant", opset: 12, inputs: [], attributes: { value_int: -3 } },
    { op: "Constant", opset: 22, inputs: [], attributes: { value_ints: [1, -2] } },
    { op: "ConstantOfShape", opset: 9, inputs: [ints([2, 3])] },
    { op: "ConstantOfShape", opset: 9, inputs: [ints([])], attributes: { value: int64("v", [7]) } },
    {
      op: "ConstantOfShape",
      opset: 20,
      inputs: [ints([0, 2])],
      attributes: { value: tensor("v", [1], [0.5]) },
    },
    { op: "Range", opset: 11, inputs: [number(1), number(2), number(0.3)] },
    { op: "Range", opset: 11, inputs: [whole(10), whole(0), whole(-3)] },
    { op: "Range", opset: 11, inputs: [whole(3), whole(0), whole(2)] },
    ...[7, 9, 13, 19, 22].flatMap((opset): NodeCase[] => [
      { op: "Cast", opset, inputs: [reals([-1.9, 0.5, 2.7])], attributes: { to: DataType.INT64 } },
      { op: "Cast", opset, inputs: [reals([-1.9, 0, 0.5])], attributes: { to: DataType.BOOL } },
      { op: "Cast", opset, inputs: [ints([-2, 0])], attributes: { to: DataType.FLOAT } },
      { op: "Cast", opset, inputs: [bools([1, 0])], attributes: { to: DataType.INT64 } },
    ]),
  ]);

  it("reads small integers, signed and not", () => {
    const values = (dataType: DataType, bytes: number[]) =>
      [
        { dims: [3n], dataType, rawData: Uint8Array.from(bytes) },
        { dims: [3n], dataType, int32Data: dataType === DataType.INT8 ? [...Int8Array.from(bytes)] : bytes },
      ].map((init) => {
        const value = create(TensorProtoSchema, init);
        return evaluated({ op: "Constant", opset: 13, inputs: [], attributes: { value } })[0];
      });
    const int: NdArray = ints([0, 127, 128]);
    expect(values(DataType.UINT8, [0, 127, 128])).toEqual([int, int]);
    const signed = ints([0, 127, -128]);
    expect(values(DataType.INT8, [0, 127, 128])).toEqual([signed, signed]);
    expect(values(DataType.BOOL, [0, 1, 1])).toEqual([bools([0, 1, 1]), bools([0, 1, 1])]);
  });

  it("leaves real numbers as they are when cast to another precision", () => {
    const third = { ...reals([0]), values: Float64Array.of(1 / 3) };
    const cast = (to: DataType) =>
      evaluated({ op: "Cast", opset: 13, inputs: [third], attributes: { to } })[0];
    expect(cast(DataType.FLOAT)).toEqual(third);
    expect(cast(DataType.DOUBLE)).toEqual(third);
  });
});

const [many, seconds] = [ints([2 ** 20, 2 ** 20, 2 ** 20]), { outputs: 2 }];

refuses([
  [{ op: "Flatten", opset: 7, inputs: [x], attributes: { axis: 4 } }, ShapeError, /axis 4 is out of range/],
  [
    { op: "Reshape", opset: 7, inputs: [x, ints([5, 5])] },
    ShapeError,
    /cannot turn shape \[2, 3, 4\] into \[5, 5\]/,
  ],
  [{ op: "Reshape", opset: 7, inputs: [x, ints([5, -1])] }, ShapeError, /cannot turn shape/],
  [{ op: "Reshape", opset: 7, inputs: [x, ints([-1, -1])] }, ShapeError, /cannot turn shape/],
  [{ op: "Reshape", opset: 7, inputs: [x, ints([-1, -1, -1])] }, ShapeError, /is not possible/],
  [{ op: "Reshape", opset: 7, inputs: [x, ints([24, 1, 1, 0])] }, ShapeError, /cannot turn shape/],
  [{ op: "Reshape", opset: 7, inputs: [counting(0), ints([0, -1])] }, ShapeError, /cannot turn shape/],
  [{ op: "Reshape", opset: 7, inputs: [x, reals([24])] }, FormatError, /input 1 must be int/],
  [{ op: "Reshape", opset: 7, inputs: [x, ints([24], [1, 1])] }, ShapeError, /must be a vector/],
  [
    { op: "Reshape", opset: 13, inputs: [x, ints([24])], attributes: { allowzero: 1 } },
    UnsupportedOperatorError,
    /allowzero/,
  ],
  [{ op: "Squeeze", opset: 13, inputs: [x, ints([0])] }, ShapeError, /are not all 1/],
  [{ op: "Squeeze", opset: 12, inputs: [x, ints([0])] }, FormatError, /at most 1 inputs/],
  [{ op: "Unsqueeze", opset: 13, inputs: [x] }, ShapeError, /axes are missing/],
  [{ op: "Unsqueeze", opset: 13, inputs: [x, ints([0, -5])] }, ShapeError, /an axis stands twice/],
  [{ op: "Shape", opset: 13, inputs: [x], attributes: { start: 1 } }, UnsupportedOperatorError, /"start"/],
  [{ op: "Transpose", opset: 7, inputs: [x], attributes: { perm: [0, 1] } }, ShapeError, /does not permute/],
  [{ op: "Transpose", opset: 7, inputs: [x], attributes: { perm: [0, 1, 1] } }, ShapeError, /stands twice/],
  [{ op: "Concat", opset: 7, inputs: [x, x] }, FormatError, /"axis" is missing/],
  [
    { op: "Concat", opset: 7, inputs: [x, counting(2, 2, 2)], attributes: { axis: 1 } },
    ShapeError,
    /do not fit along/,
  ],
  [
    { op: "Concat", opset: 7, inputs: [x, undefined, x], attributes: { axis: 1 } },
    FormatError,
    /input 1 is missing/,
  ],
  [{ op: "Split", opset: 7, inputs: [x], attributes: { axis: 1 }, ...seconds }, ShapeError, /cannot split 3/],
  [
    { op: "Split", opset: 13, inputs: [x, ints([1, 2])], ...seconds },
    ShapeError,
    /cannot split 2 .* into \[1, 2\]/,
  ],
  [{ op: "Split", opset: 13, inputs: [x, ints([-1, 3])], ...seconds }, ShapeError, /cannot split 2/],
  [
    { op: "Split", opset: 13, inputs: [x, ints([2])], ...seconds },
    FormatError,
    /names 2 outputs for 1 parts/,
  ],
  [{ op: "Split", opset: 18, inputs: [x], ...seconds }, FormatError, /either input 1 or attribute/],
  [
    { op: "Split", opset: 18, inputs: [counting(5)], attributes: { num_outputs: 4 }, outputs: 4 },
    ShapeError,
    /cannot split 5/,
  ],
  [
    { op: "Gather", opset: 7, inputs: [x, ints([2])] },
    ShapeError,
    /index 2 is out of range for 2 entries of axis 0/,
  ],
  [{ op: "Gather", opset: 7, inputs: [x, ints([-4])], attributes: { axis: 1 } }, ShapeError, /index -4/],
  [{ op: "Gather", opset: 7, inputs: [x, reals([0])] }, FormatError, /input 1 must be int/],
  [{ op: "Expand", opset: 8, inputs: [x, ints([2, 1])] }, ShapeError, /do not fit/],
  [{ op: "Expand", opset: 8, inputs: [reals([1], []), many] }, ShapeError, /too large/],
  [{ op: "Expand", opset: 8, inputs: [reals([1], []), ints([-2])] }, ShapeError, /is not possible/],
  [{ op: "Tile", opset: 7, inputs: [x, ints([2])] }, ShapeError, /1 repeats do not fit/],
  [{ op: "Tile", opset: 7, inputs: [x, many] }, ShapeError, /too large/],
  [
    { op: "Slice", opset: 9, inputs: [x], attributes: { starts: [0] } },
    FormatError,
    /"starts" and "ends" are needed/,
  ],
  [{ op: "Slice", opset: 9, inputs: [x, ints([0]), ints([1])] }, FormatError, /at most 1 inputs/],
  [{ op: "Slice", opset: 13, inputs: [x, ints([0]), ints([1, 2])] }, ShapeError, /must be of one length/],
  [
    { op: "Slice", opset: 13, inputs: [x, ints([0]), ints([1]), ints([3])] },
    ShapeError,
    /axis 3 is out of range/,
  ],
  [
    { op: "Slice", opset: 13, inputs: [x, ints([0]), ints([1]), undefined, ints([0])] },
    ShapeError,
    /a step is 0/,
  ],
  [
    { op: "Slice", opset: 13, inputs: [x, ints([0, 0]), ints([1, 1]), ints([1, -2])] },
    ShapeError,
    /stands twice/,
  ],
  [{ op: "Pad", opset: 10, inputs: [x] }, FormatError, /pads are missing/],
  [{ op: "Pad", opset: 13, inputs: [x, ints([1, 1])] }, ShapeError, /expected 6 pads/],
  [{ op: "Pad", opset: 13, inputs: [x, ints([0, -3, 0, 0, -1, 0])] }, ShapeError, /is not possible/],
  [
    { op: "Pad", opset: 13, inputs: [x, ints([2, 0, 0, 0, 0, 0])], attributes: { mode: "reflect" } },
    ShapeError,
    /cannot reflect 2 of 2/,
  ],
  [
    { op: "Pad", opset: 13, inputs: [x, ints([0, 1, 0, 0, -1, 0])], attributes: { mode: "edge" } },
    UnsupportedOperatorError,
    /also crops/,
  ],
  [
    { op: "Pad", opset: 18, inputs: [x, ints(Array(6).fill(0))], attributes: { mode: "wrap" } },
    UnsupportedOperatorError,
    /"wrap"/,
  ],
  [
    { op: "Pad", opset: 17, inputs: [x, ints([0, 0]), undefined, ints([0])] },
    FormatError,
    /at most 3 inputs/,
  ],
  [
    { op: "Upsample", opset: 10, inputs: [x, reals([1, 1, 2])] },
    UnsupportedOperatorError,
    /not defined from operator set 10/,
  ],
  [{ op: "Upsample", opset: 9, inputs: [x, reals([1, 1, 0.5])] }, UnsupportedOperatorError, /scales under 1/],
  [{ op: "Upsample", opset: 9, inputs: [x, reals([1, 2])] }, ShapeError, /2 scales do not fit/],
  [
    { op: "Upsample", opset: 9, inputs: [x, reals([1, 1, 2])], attributes: { mode: "linear" } },
    UnsupportedOperatorError,
    /"mode" = "linear" is not supported/,
  ],
  [
    { op: "Resize", opset: 13, inputs: [x, undefined, reals([1, 2])] },
    ShapeError,
    /2 scales or sizes for 3 axes/,
  ],
  [
    { op: "Resize", opset: 13, inputs: [x, undefined, reals([1, 2, 0])] },
    ShapeError,
    /scales must be positive/,
  ],
  [
    { op: "Resize", opset: 13, inputs: [x, undefined, undefined, ints([1, 2, 0])] },
    ShapeError,
    /cannot stretch 4 entries to 0/,
  ],
  [
    { op: "Resize", opset: 13, inputs: [x, undefined, reals([1, 1, 1]), ints([2, 3, 4])] },
    FormatError,
    /either/,
  ],
  [{ op: "Resize", opset: 13, inputs: [x, undefined, reals([1, 1, 2 ** 30])] }, ShapeError, /too large/],
  [
    {
      op: "Resize",
      opset: 13,
      inputs: [x, undefined, reals([1, 1, 2])],
      attributes: { coordinate_transformation_mode: "tf_crop_and_resize" },
    },
    UnsupportedOperatorError,
    /"tf_crop_and_resize" is not supported/,
  ],
  [
    { op: "Resize", opset: 18, inputs: [x, undefined, reals([1, 1, 2])], attributes: { antialias: 1 } },
    UnsupportedOperatorError,
    /"antialias" = 1/,
  ],
  [{ op: "Constant", opset: 13, inputs: [] }, FormatError, /holds no value/],
  [
    { op: "Constant", opset: 13, inputs: [], attributes: { value_int: 1, value_ints: [1] } },
    FormatError,
    /holds both/,
  ],
  [
    { op: "Constant", opset: 13, inputs: [], attributes: { value_string: "a" } },
    UnsupportedOperatorError,
    /"value_string"/,
  ],
  [{ op: "ConstantOfShape", opset: 9, inputs: [many] }, ShapeError, /too large/],
  [{ op: "ConstantOfShape", opset: 9, inputs: [ints([-1])] }, ShapeError, /is not possible/],
  [
    { op: "ConstantOfShape", opset: 9, inputs: [ints([2])], attributes: { value: int64("v", [1, 2]) } },
    ShapeError,
    /must be one number/,
  ],
  [
    { op: "Range", opset: 11, inputs: [ints([0], []), ints([5], []), ints([0], [])] },
    ShapeError,
    /no finite range/,
  ],
  [
    { op: "Range", opset: 11, inputs: [ints([0], []), ints([2 ** 40], []), ints([1], [])] },
    ShapeError,
    /too large/,
  ],
  [{ op: "Cast", opset: 13, inputs: [x] }, FormatError, /"to" is missing/],
  [
    { op: "Cast", opset: 13, inputs: [x], attributes: { to: DataType.STRING } },
    UnsupportedOperatorError,
    /STRING/,
  ],
  [
    { op: "Cast", opset: 13, inputs: [reals([300])], attributes: { to: DataType.UINT8 } },
    FormatError,
    /300 does not fit into UINT8/,
  ],
  [
    { op: "Cast", opset: 13, inputs: [reals([Number.NaN])], attributes: { to: DataType.INT64 } },
    FormatError,
    /NaN/,
  ],
]);
