import { TensorProto_DataType as DataType, type NodeProto, type TensorProto } from "onnx-buf";
import { type RandomSource, random } from "../../src/compute/random.js";
import type { GraphCase } from "./onnx-import-oracle.js";
import { type AttributeValue, int64, node, tensor } from "./onnx-writer.js";

interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A value has at most so many entries. */
const LARGEST = 500;

const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A graph under construction, with the means to draw what comes next. */
class Draft {
  readonly source: RandomSource;
  readonly nodes: NodeProto[] = [];
  readonly weights: TensorProto[] = [];
  readonly values: Value[] = [];

  constructor(seed: number) {
    this.source = random(seed, "onnx-graph");
  }

  /** From `least` to `most`, both included. */
  int(least: number, most: number): number {
    return least + this.source.integer(most - least + 1);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.source.integer(choices.length)];
  }

  chance(share: number): boolean {
    return this.source.uniform() < share;
  }

  /** Normal numbers, divided by the root of how many of them meet in one. */
  weight(shape: readonly number[], fanIn = 1): string {
    const name = `w${this.weights.length}`;
    const scale = 1 / Math.sqrt(fanIn);
    const values = Float32Array.from({ length: countOf(shape) }, () => this.source.normal() * scale);
    this.weights.push(tensor(name, shape, values));
    return name;
  }

  /** Numbers from ½ to 1½. */
  positive(shape: readonly number[]): string {
    const name = `w${this.weights.length}`;
    const values = Float32Array.from({ length: countOf(shape) }, () => 0.5 + this.source.uniform());
    this.weights.push(tensor(name, shape, values));
    return name;
  }

  integers(values: readonly number[]): string {
    const name = `w${this.weights.length}`;
    this.weights.push(int64(name, values));
    return name;
  }

  /** A shape that broadcasts with `shape` and does not enlarge it. */
  smaller(shape: readonly number[]): number[] {
    return shape.slice(this.int(0, shape.length)).map((extent) => (this.chance(0.5) ? extent : 1));
  }

  add(
    op: string,
    inputs: readonly string[],
    shape: readonly number[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Value {
    const value = { name: `v${this.values.length}`, shape };
    this.nodes.push(node(op, inputs, value.name, attributes));
    this.values.push(value);
    return value;
  }
}

/** Adds nodes that take `x`; nothing where the step does not suit it. */
type Step = (draft: Draft, x: Value) => Value | undefined;

const unary: Step = (draft, { name, shape }) => {
  const op = draft.pick([
    "Relu",
    "Sigmoid",
    "Tanh",
    "Neg",
    "LeakyRelu",
    "Identity",
    "Dropout",
    "Clip",
    "Cast",
  ]);
  if (op === "Clip") {
    const low = draft.chance(0.7) ? draft.pick(["zero", "minusOne"]) : "";
    const high = draft.chance(0.7) ? "one" : "";
    return draft.add(op, [name, low, high], shape);
  }
  const attributes: Record<string, AttributeValue> =
    op === "Cast" ? { to: DataType.FLOAT } : op === "LeakyRelu" ? { alpha: { float: 0.2 } } : {};
  return draft.add(op, [name], shape, attributes);
};

const withConstant: Step = (draft, { name, shape }) => {
  const op = draft.pick(["Add", "Sub", "Mul", "Div", "Max", "Min", "Sum"]);
  const constant = draft.smaller(shape);
  const other = op === "Div" || op === "Mul" ? draft.positive(constant) : draft.weight(constant);
  const inputs = op !== "Div" && draft.chance(0.3) ? [other, name] : [name, other];
  return draft.add(op, inputs, shape);
};

const broadcast = (a: readonly number[], b: readonly number[]): number[] | undefined => {
  const rank = Math.max(a.length, b.length);
  const extents = Array.from({ length: rank }, (_, i) => [
    a[a.length - rank + i] ?? 1,
    b[b.length - rank + i] ?? 1,
  ]);
  return extents.every(([p, q]) => p === q || p === 1 || q === 1)
    ? extents.map(([p, q]) => Math.max(p, q))
    : undefined;
};

const skip: Step = (draft, { name, shape }) => {
  const fits = draft.values.filter((other) => {
    const common = broadcast(shape, other.shape);
    return common && countOf(common) <= LARGEST;
  });
  const other = draft.pick(fits);
  const result = broadcast(shape, other.shape)!;
  return draft.add(draft.pick(["Add", "Sub", "Sum"]), [name, other.name], result);
};

const transpose: Step = (draft, { name, shape }) => {
  const perm = [...draft.source.permutation(shape.length)];
  return draft.add(
    "Transpose",
    [name],
    perm.map((axis) => shape[axis]),
    { perm },
  );
};

const reshape: Step = (draft, { name, shape }) => {
  const size = countOf(shape);
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((n) => size % n === 0);
  const first = draft.pick(divisors);
  const rest = size / first;
  const second = draft.pick(divisors.filter((n) => rest % n === 0));
  const extents = draft.pick([
    [1, size],
    [size],
    [1, first, rest],
    [first, rest],
    [1, first, second, rest / second],
  ]);
  const open = draft.int(0, extents.length - 1);
  const asked = draft.chance(0.5) ? extents.with(open, -1) : extents;
  return draft.add("Reshape", [name, draft.integers(asked)], extents);
};

const flatten: Step = (draft, { name, shape }) => {
  const axis = draft.int(0, shape.length);
  return draft.add("Flatten", [name], [countOf(shape.slice(0, axis)), countOf(shape.slice(axis))], { axis });
};

const squeeze: Step = (draft, { name, shape }) => {
  const ones = shape.flatMap((extent, axis) => (extent === 1 ? [axis] : []));
  if (draft.chance(0.5) && ones.length > 0 && shape.length > 1) {
    const axis = draft.pick(ones);
    return draft.add("Squeeze", [name, draft.integers([axis - shape.length])], shape.toSpliced(axis, 1));
  }
  if (shape.length > 3) return undefined;
  const axis = draft.int(0, shape.length);
  return draft.add("Unsqueeze", [name, draft.integers([axis])], shape.toSpliced(axis, 0, 1));
};

const longAxis = (draft: Draft, shape: readonly number[]): number | undefined => {
  const axes = shape.flatMap((extent, axis) => (extent > 1 ? [axis] : []));
  return axes.length > 0 ? draft.pick(axes) : undefined;
};

const slice: Step = (draft, { name, shape }) => {
  const axis = longAxis(draft, shape);
  if (axis === undefined) return undefined;
  const step = draft.pick([1, 1, 2, -1, -2]);
  const [a, b] = [draft.int(0, shape[axis] - 1), draft.int(0, shape[axis] - 1)].sort((p, q) => p - q);
  const [start, end] = step > 0 ? [a, b + 1] : [b, a - 1 - shape[axis]];
  const inputs = [[start], [end], [axis], [step]].map((list) => draft.integers(list));
  const length = Math.floor((b - a) / Math.abs(step)) + 1;
  return draft.add("Slice", [name, ...inputs], shape.with(axis, length));
};

const split: Step = (draft, { name, shape }) => {
  const axis = longAxis(draft, shape);
  if (axis === undefined) return undefined;
  const first = draft.int(1, shape[axis] - 1);
  const sizes = [first, shape[axis] - first];
  const value = draft.add("Split", [name, draft.integers(sizes)], shape.with(axis, first), { axis });
  const other = { name: `${value.name}b`, shape: shape.with(axis, sizes[1]) };
  draft.nodes.at(-1)!.output.push(other.name);
  draft.values.push(other);
  return draft.pick([value, other]);
};

const gather: Step = (draft, { name, shape }) => {
  const axis = draft.int(0, shape.length - 1);
  const index = Array.from({ length: draft.int(1, 4) }, () => draft.int(-shape[axis], shape[axis] - 1));
  return draft.add("Gather", [name, draft.integers(index)], shape.with(axis, index.length), { axis });
};

const concat: Step = (draft, { name, shape }) => {
  const axis = draft.int(0, shape.length - 1);
  const fits = draft.values.filter(
    (other) =>
      other.shape.length === shape.length && other.shape.every((n, i) => i === axis || n === shape[i]),
  );
  const other = draft.pick(fits);
  const result = shape.with(axis, shape[axis] + other.shape[axis]);
  return draft.add("Concat", draft.chance(0.5) ? [name, other.name] : [other.name, name], result, { axis });
};

const pad: Step = (draft, { name, shape }) => {
  const sides = () => shape.map((extent) => draft.int(extent > 2 ? -1 : 0, 2) * draft.int(0, 1));
  const [before, after] = [sides(), sides()];
  const value = draft.chance(0.5) ? [draft.weight([])] : [];
  const result = shape.map((extent, i) => before[i] + extent + after[i]);
  return draft.add("Pad", [name, draft.integers([...before, ...after]), ...value], result);
};

const reduce: Step = (draft, { name, shape }) => {
  const axes = shape.flatMap((_, axis) => (draft.chance(0.4) ? [axis] : []));
  if (axes.length === 0 || axes.length === shape.length) return undefined;
  const keepdims = draft.int(0, 1);
  const kept = shape.flatMap((extent, axis) => (axes.includes(axis) ? (keepdims ? [1] : []) : [extent]));
  if (draft.chance(0.5)) return draft.add("ReduceMean", [name], kept, { axes, keepdims });
  return draft.add("ReduceSum", [name, draft.integers(axes)], kept, { keepdims });
};

const expand: Step = (draft, { name, shape }) => {
  const result = shape.map((extent) => (extent === 1 && draft.chance(0.5) ? draft.int(1, 3) : extent));
  return draft.add("Expand", [name, draft.integers(result)], result);
};

const matMul: Step = (draft, { name, shape }) => {
  const out = draft.int(1, 6);
  if (shape.length > 1 && draft.chance(0.3)) {
    const axis = shape.length - 2;
    const weight = draft.weight([out, shape[axis]], shape[axis]);
    return draft.add("MatMul", [weight, name], shape.with(axis, out));
  }
  const axis = shape.length - 1;
  const weight = draft.weight([shape[axis], out], shape[axis]);
  return draft.add("MatMul", [name, weight], shape.with(axis, out));
};

const gemm: Step = (draft, { name, shape }) => {
  if (shape.length !== 2) return undefined;
  const out = draft.int(1, 6);
  const transB = draft.int(0, 1);
  const weight = draft.weight(transB ? [out, shape[1]] : [shape[1], out], shape[1]);
  const c = shape[0] === 1 && draft.chance(0.7) ? [draft.weight([out])] : [];
  const attributes = { transB, alpha: { float: 0.75 } };
  return draft.add("Gemm", [name, weight, ...c], [shape[0], out], attributes);
};

const conv: Step = (draft, { name, shape }) => {
  const [batch, channels, ...spatial] = shape;
  if (batch !== 1 || spatial.length < 1 || spatial.length > 2) return undefined;
  const kernel = spatial.map((extent) => draft.int(1, Math.min(3, extent)));
  const strides = spatial.map(() => draft.int(1, 2));
  const pads = [...kernel, ...kernel].map((extent) => draft.int(0, extent - 1));
  const after = spatial.length;
  const transposed = draft.chance(0.3);
  const out = draft.int(1, 4);
  const group = channels % 2 === 0 && draft.chance(0.3) ? 2 : 1;
  const extents = spatial.map((extent, i) => {
    const around = pads[i] + pads[i + after];
    return transposed
      ? (extent - 1) * strides[i] + kernel[i] - around
      : Math.floor((extent + around - kernel[i]) / strides[i]) + 1;
  });
  if (extents.some((extent) => extent < 1)) return undefined;
  const weight = transposed ? [channels, out, ...kernel] : [out * group, channels / group, ...kernel];
  const bias = draft.chance(0.5) ? [draft.weight([out * group])] : [];
  const inputs = [name, draft.weight(weight, countOf(weight.slice(1))), ...bias];
  const attributes = { strides, pads, group };
  return draft.add(transposed ? "ConvTranspose" : "Conv", inputs, [1, out * group, ...extents], attributes);
};

const pool: Step = (draft, { name, shape }) => {
  const [batch, channels, ...spatial] = shape;
  if (batch !== 1 || spatial.length < 1 || spatial.length > 2) return undefined;
  if (draft.chance(0.2)) {
    const op = draft.pick(["GlobalAveragePool", "GlobalMaxPool"]);
    return draft.add(op, [name], [1, channels, ...spatial.map(() => 1)]);
  }
  const kernel_shape = spatial.map((extent) => draft.int(1, Math.min(3, extent)));
  const strides = spatial.map(() => draft.int(1, 2));
  const pads = [...kernel_shape, ...kernel_shape].map((extent) => draft.int(0, extent - 1));
  const attributes: Record<string, AttributeValue> = { kernel_shape, strides, pads };
  const op = draft.pick(["MaxPool", "AveragePool"]);
  if (op === "AveragePool") attributes.count_include_pad = draft.int(0, 1);
  const extents = spatial.map(
    (extent, i) =>
      Math.floor((extent + pads[i] + pads[i + spatial.length] - kernel_shape[i]) / strides[i]) + 1,
  );
  return draft.add(op, [name], [1, channels, ...extents], attributes);
};

const batchNormalization: Step = (draft, { name, shape }) => {
  if (shape.length < 2 || shape.length > 4 || shape[0] !== 1) return undefined;
  const statistics = [0, 1, 2].map(() => draft.weight([shape[1]]));
  return draft.add("BatchNormalization", [name, ...statistics, draft.positive([shape[1]])], shape);
};

const resize: Step = (draft, { name, shape }) => {
  const axis = draft.int(0, shape.length - 1);
  const result = shape.with(axis, shape[axis] * 2);
  return draft.add("Resize", [name, "", "", draft.integers(result)], result, {
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
};

const STEPS: readonly Step[] = [
  ...[unary, unary, withConstant, withConstant, skip, skip, transpose, reshape, flatten, squeeze, slice],
  ...[split, gather, concat, pad, reduce, expand, matMul, matMul, gemm, conv, conv, conv, pool, pool],
  ...[batchNormalization, resize],
];

/** A random graph of 3 to 8 nodes and a last one, with skip connections, over a value of any rank up to 4. */
export function randomOnnxGraph(seed: number): GraphCase {
  const draft = new Draft(seed);
  draft.weights.push(tensor("minusOne", [], [-1]), tensor("zero", [], [0]), tensor("one", [], [1]));
  const n = () => draft.int(1, 6);
  const input = draft.pick([
    [1, n(), n(), n()],
    [1, n(), n(), n()],
    [1, n()],
    [1, n(), n()],
    [n()],
    [n(), n()],
    [1, 1, 1, n()],
  ]);
  draft.values.push({ name: "x", shape: input });
  const count = draft.int(3, 8);
  let last = draft.values[0];
  for (let tries = 0; draft.nodes.length < count && tries < 60; tries++) {
    const [nodes, weights, values] = [draft.nodes.length, draft.weights.length, draft.values.length];
    const x = draft.chance(0.8) ? last : draft.pick(draft.values);
    const value = draft.pick(STEPS)(draft, x);
    if (value && countOf(value.shape) <= LARGEST) {
      last = value;
      continue;
    }
    draft.nodes.length = nodes;
    draft.weights.length = weights;
    draft.values.length = values;
  }
  draft.nodes.push(node("Identity", [last.name], "y"));
  return { name: `random graph ${seed}`, input, nodes: draft.nodes, weights: draft.weights };
}
