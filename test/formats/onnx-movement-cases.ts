import { bools, counting, evaluated, ints, type NodeCase, reals } from "./onnx-oracle.js";

// Operators that move entries: cases by which both the evaluator and the importer are tested.

/** Stands for the end of an axis. */
const END = 2 ** 63;
const x = counting(2, 3, 4);

const ones = counting(1, 3, 1, 2);
export const SHAPE_CASES: readonly NodeCase[] = [
  ...[0, 1, 2, 3].map((axis) => ({ op: "Flatten", opset: 9, inputs: [x], attributes: { axis } })),
  { op: "Flatten", opset: 7, inputs: [x] },
  { op: "Flatten", opset: 11, inputs: [x], attributes: { axis: -1 } },
  { op: "Flatten", opset: 22, inputs: [x], attributes: { axis: -3 } },
  { op: "Reshape", opset: 7, inputs: [x, ints([4, 6])] },
  { op: "Reshape", opset: 13, inputs: [x, ints([0, -1])] },
  { op: "Reshape", opset: 14, inputs: [x, ints([-1])] },
  { op: "Reshape", opset: 14, inputs: [x, ints([3, 0, 0, 1].slice(0, 1).concat([8]))] },
  { op: "Reshape", opset: 14, inputs: [x, ints([1, 0, 8])] },
  { op: "Reshape", opset: 14, inputs: [counting(0, 3), ints([3, 0])], attributes: { allowzero: 1 } },
  { op: "Reshape", opset: 21, inputs: [reals([3]), ints([])] },
  { op: "Squeeze", opset: 7, inputs: [ones] },
  { op: "Squeeze", opset: 11, inputs: [ones], attributes: { axes: [-2] } },
  { op: "Squeeze", opset: 13, inputs: [ones, ints([0, 2])] },
  { op: "Squeeze", opset: 13, inputs: [ones] },
  { op: "Unsqueeze", opset: 7, inputs: [x], attributes: { axes: [0, 4] } },
  { op: "Unsqueeze", opset: 11, inputs: [x], attributes: { axes: [-1, 1] } },
  { op: "Unsqueeze", opset: 13, inputs: [x, ints([2, -5])] },
  { op: "Shape", opset: 13, inputs: [x] },
  { op: "Shape", opset: 15, inputs: [x], attributes: { start: 1 } },
  { op: "Shape", opset: 15, inputs: [x], attributes: { start: -9, end: -1 } },
  { op: "Shape", opset: 19, inputs: [x], attributes: { start: 2, end: 1 } },
  { op: "Shape", opset: 19, inputs: [x], attributes: { end: 9 } },
  { op: "Size", opset: 13, inputs: [x] },
  { op: "Identity", opset: 13, inputs: [bools([1, 0])] },
];

export const MOVEMENT_CASES: readonly NodeCase[] = [
  { op: "Transpose", opset: 7, inputs: [x] },
  { op: "Transpose", opset: 13, inputs: [x], attributes: { perm: [1, 2, 0] } },
  { op: "Transpose", opset: 13, inputs: [ints([1, 2], [2])] },
  { op: "Concat", opset: 7, inputs: [x, counting(2, 1, 4), x], attributes: { axis: 1 } },
  { op: "Concat", opset: 11, inputs: [x, counting(2, 3, 0)], attributes: { axis: -1 } },
  { op: "Concat", opset: 13, inputs: [ints([1]), ints([2, 3])], attributes: { axis: 0 } },
  { op: "Split", opset: 7, inputs: [x], outputs: 2 },
  { op: "Split", opset: 7, inputs: [x], attributes: { axis: 2, split: [1, 3] }, outputs: 2 },
  { op: "Split", opset: 11, inputs: [x], attributes: { axis: -2 }, outputs: 3 },
  { op: "Split", opset: 13, inputs: [x, ints([3, 0, 1])], attributes: { axis: 2 }, outputs: 3 },
  { op: "Split", opset: 13, inputs: [x], attributes: { axis: 1 }, outputs: 3 },
  { op: "Split", opset: 18, inputs: [x], attributes: { axis: 1, num_outputs: 2 }, outputs: 2 },
  { op: "Split", opset: 18, inputs: [counting(7)], attributes: { num_outputs: 3 }, outputs: 3 },
  { op: "Split", opset: 18, inputs: [x, ints([1, 1])], outputs: 2 },
  { op: "Gather", opset: 7, inputs: [x, ints([1, 0, 1])] },
  { op: "Gather", opset: 11, inputs: [x, ints([-1, 0, 2, -3], [2, 2])], attributes: { axis: 1 } },
  { op: "Gather", opset: 13, inputs: [x, ints([2], [])], attributes: { axis: -1 } },
  { op: "Gather", opset: 13, inputs: [ints([5, 6, 7]), ints([-3])] },
  { op: "Gather", opset: 13, inputs: [x, ints([])], attributes: { axis: 1 } },
  { op: "Expand", opset: 8, inputs: [counting(3, 1), ints([2, 1, 4])] },
  { op: "Expand", opset: 13, inputs: [counting(2, 3), ints([1])] },
  { op: "Expand", opset: 13, inputs: [reals([7], []), ints([2, 2])] },
  { op: "Tile", opset: 7, inputs: [counting(2, 3), ints([2, 1])] },
  { op: "Tile", opset: 13, inputs: [counting(2, 3), ints([1, 3])] },
  { op: "Tile", opset: 13, inputs: [counting(2, 3), ints([0, 3])] },
  { op: "Tile", opset: 13, inputs: [counting(1, 2, 3), ints([1, 2, 2])] },
  { op: "DepthToSpace", opset: 7, inputs: [counting(1, 8, 2, 3)], attributes: { blocksize: 2 } },
  { op: "DepthToSpace", opset: 11, inputs: [counting(1, 9, 2, 1)], attributes: { blocksize: 3 } },
  ...["DCR", "CRD"].map((mode) => ({
    op: "DepthToSpace",
    opset: 13,
    inputs: [counting(2, 12, 2, 3)],
    attributes: { blocksize: 2, mode },
  })),
  { op: "DepthToSpace", opset: 13, inputs: [counting(1, 2, 2, 3)], attributes: { blocksize: 1 } },
  { op: "SpaceToDepth", opset: 7, inputs: [counting(1, 2, 4, 6)], attributes: { blocksize: 2 } },
  { op: "SpaceToDepth", opset: 13, inputs: [counting(2, 1, 3, 6)], attributes: { blocksize: 3 } },
];

const old = (attributes: NodeCase["attributes"]): NodeCase => ({
  op: "Slice",
  opset: 9,
  inputs: [x],
  attributes,
});
const now = (starts: number[], ends: number[], axes?: number[], steps?: number[]): NodeCase => ({
  op: "Slice",
  opset: 13,
  inputs: [x, ints(starts), ints(ends), axes && ints(axes), steps && ints(steps)],
});
export const SLICE_CASES: readonly NodeCase[] = [
  old({ starts: [0, 1], ends: [1, 3] }),
  old({ starts: [-3], ends: [-1], axes: [2] }),
  old({ starts: [1], ends: [1000], axes: [1] }),
  old({ starts: [2], ends: [1], axes: [1] }),
  { ...now([1], [3], [-1]), opset: 10 },
  now([0, 0, 1], [2, 2, 3]),
  now([1], [END], [1]),
  now([-1], [-END], [2], [-1]),
  now([END], [-END], [2], [-2]),
  now([-10], [-END], [2], [-1]),
  now([-10], [10], [2], [3]),
  now([3, 0], [0, 2], [2, 0], [-1, 1]),
  now([0], [3], [2], [5]),
  now([5], [9], [2]),
  now([1], [2], undefined, [1]),
  { op: "Slice", opset: 13, inputs: [counting(0, 2), ints([-1]), ints([-9]), ints([0]), ints([-1])] },
];

const pads = ints([0, 1, 0, 0, 2, 1]);
export const PAD_CASES: readonly NodeCase[] = [
  { op: "Pad", opset: 7, inputs: [x], attributes: { pads: [0, 1, 0, 0, 2, 1] } },
  { op: "Pad", opset: 10, inputs: [x], attributes: { pads: [1, 0, -1, 0, 0, -2], value: { float: 7 } } },
  { op: "Pad", opset: 10, inputs: [x], attributes: { pads: [0, 2, 3, 1, 0, 1], mode: "reflect" } },
  { op: "Pad", opset: 11, inputs: [x, pads] },
  { op: "Pad", opset: 13, inputs: [x, pads, reals([-1.5], [])] },
  { op: "Pad", opset: 13, inputs: [x, ints([3, 1, 0, 0, 2, 1])], attributes: { mode: "edge" } },
  { op: "Pad", opset: 13, inputs: [x, ints([1, 2, 0, 1, 2, 3])], attributes: { mode: "reflect" } },
  { op: "Pad", opset: 18, inputs: [x, ints([1, 2, 0, -1]), undefined, ints([-1, 0])] },
  { op: "Pad", opset: 18, inputs: [x, ints([-1, -1]), undefined, ints([1])], attributes: { mode: "edge" } },
  { op: "Pad", opset: 19, inputs: [x, ints([1, 3, 4, 0, 1, 4])], attributes: { mode: "wrap" } },
  ...[
    { opset: 11, mode: "reflect", pads: [0, 2, 3, 0, 0, 1] },
    { opset: 18, mode: "edge", pads: [0, 5, 0, 0, 0, 7] },
    { opset: 19, mode: "wrap", pads: [0, 0, 4, 0, 3, 2] },
  ].map(({ opset, mode, pads: list }) => ({
    op: "Pad",
    opset,
    inputs: [counting(1, 3, 4), ints(list)],
    attributes: { mode },
  })),
  { op: "Pad", opset: 21, inputs: [x, ints([2, 1]), reals([3], []), ints([1])] },
  { op: "Pad", opset: 13, inputs: [ints([1, 2]), ints([1, 0]), ints([9], [])] },
];

const image = counting(1, 2, 3, 5);
const none = reals([]);
export const COORDINATES = [
  "asymmetric",
  "half_pixel",
  "pytorch_half_pixel",
  "align_corners",
  "half_pixel_symmetric",
];
const roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"];
const scales = [
  [2, 3],
  [1.5, 2.5],
  [0.5, 0.6],
  [0.34, 1.4],
  [1 / 3, 1.7],
  [4, 1],
];
const sizes = [
  [6, 10],
  [1, 1],
  [2, 4],
  [7, 7],
  [5, 3],
];
export const RESIZE_CASES: readonly NodeCase[] = [
  { op: "Upsample", opset: 7, inputs: [image], attributes: { scales: { floats: [1, 1, 2, 3] } } },
  { op: "Upsample", opset: 9, inputs: [image, reals([1, 1, 1.5, 2.2])], attributes: { mode: "nearest" } },
  { op: "Resize", opset: 10, inputs: [image, reals([1, 1, 2, 1.4])] },
  { op: "Resize", opset: 11, inputs: [image, none, reals([1, 1, 2, 3])] },
  { op: "Resize", opset: 11, inputs: [image, none, none, ints([1, 2, 6, 4])] },
  { op: "Resize", opset: 13, inputs: [image, undefined, undefined, ints([1, 3, 6, 4])] },
  { op: "Resize", opset: 18, inputs: [image, undefined, reals([2, 3])], attributes: { axes: [2, 3] } },
  {
    op: "Resize",
    opset: 18,
    inputs: [image, undefined, undefined, ints([7, 2])],
    attributes: { axes: [3, -2] },
  },
];

/** By linear interpolation, with weights that every precision has. */
export const LINEAR_RESIZE_CASES: readonly NodeCase[] = [
  ...["asymmetric", "half_pixel", "pytorch_half_pixel"].flatMap((coordinate_transformation_mode) =>
    [
      [2, 4],
      [1, 2],
      [0.5, 2],
      [4, 0.5],
    ].map((scale) => ({
      op: "Resize",
      opset: 13,
      inputs: [counting(1, 2, 4, 6), undefined, reals([1, 1, ...scale])],
      attributes: { coordinate_transformation_mode, mode: "linear" },
    })),
  ),
  {
    op: "Resize",
    opset: 13,
    inputs: [counting(1, 2, 2, 3), undefined, undefined, ints([1, 2, 5, 9])],
    attributes: { coordinate_transformation_mode: "align_corners", mode: "linear" },
  },
  {
    op: "Resize",
    opset: 13,
    inputs: [counting(1, 2, 4, 3), undefined, undefined, ints([1, 2, 8, 6])],
    attributes: { mode: "linear" },
  },
];

/** Every rounding, scale and size in one coordinate transformation. */
export function stretchings(coordinate: string): readonly NodeCase[] {
  const opset = coordinate === "half_pixel_symmetric" ? 19 : 13;
  return roundings.flatMap((nearest_mode) => {
    const attributes = { coordinate_transformation_mode: coordinate, nearest_mode };
    return [
      ...scales.map((scale) => [image, undefined, reals([1, 1, ...scale])]),
      ...sizes.map((size) => [image, undefined, undefined, ints([1, 2, ...size])]),
    ].map((inputs): NodeCase => ({ op: "Resize", opset, inputs, attributes }));
  });
}

/** Why the evaluator refuses a case; nothing where it does not. */
export function refusal(one: NodeCase): string | undefined {
  try {
    evaluated(one);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
