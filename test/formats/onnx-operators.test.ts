import type { NodeProto, TensorProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { forward } from "../../src/network/forward.js";
import { fixedBindings, type Model, releaseParameters, uploadWeights } from "../../src/network/weights.js";
import { type AttributeValue, int64, node, onnxBytes, tensor } from "./onnx-writer.js";

/** Numbers with their shape, batch first, as ONNX has them. */
interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const BATCH = 3;
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function values(seed: string, ...shape: number[]): Values {
  const source = random(5, seed);
  // In single precision, as the file holds them.
  return { shape, data: Array.from({ length: sizeOf(shape) }, () => Math.fround(source.normal())) };
}

function map(x: Values, f: (value: number, index: readonly number[]) => number, shape = x.shape): Values {
  const data = Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    for (let i = shape.length - 1, rest = flat; i >= 0; rest = Math.floor(rest / shape[i]), i--)
      index[i] = rest % shape[i];
    return f(x.data[flat] ?? 0, index);
  });
  return { shape, data };
}

/** The entry at an index, 0 outside; missing leading dimensions and dimensions of 1 broadcast. */
function at({ shape, data }: Values, index: readonly number[]): number {
  let flat = 0;
  const own = index.slice(index.length - shape.length);
  for (let i = 0; i < shape.length; i++) {
    const k = shape[i] === 1 ? 0 : own[i];
    if (k < 0 || k >= shape[i]) return 0;
    flat = flat * shape[i] + k;
  }
  return data[flat];
}

/** The imported network's outputs, one list of features per example. */
async function run(model: Model, x: Values): Promise<number[][]> {
  const backend = createPortableBackend();
  const features = sizeOf(x.shape.slice(1));
  const columns = new Float64Array(x.data.length);
  x.data.forEach((value, i) => {
    columns[(i % features) * BATCH + Math.floor(i / features)] = value;
  });
  const parameters = uploadWeights(backend, model);
  const input = backend.upload(features, BATCH, columns);
  const tape = new Tape(backend, { record: false });
  const { output } = forward(tape, model.network, fixedBindings(parameters), tape.constant(input));
  const result = await backend.read(output.value);
  const count = output.value.features;
  tape.dispose();
  input.dispose();
  releaseParameters(parameters);
  return Array.from({ length: BATCH }, (_, b) =>
    Array.from({ length: count }, (_, f) => result[f * BATCH + b]),
  );
}

async function check(
  x: Values,
  nodes: readonly NodeProto[],
  weights: readonly TensorProto[],
  expected: Values,
) {
  const bytes = onnxBytes({ input: ["N", ...x.shape.slice(1)], nodes, weights });
  const model = importOnnx(bytes, "m.onnx");
  expect(model.network.outputShape).toEqual(expected.shape.slice(1));
  const got = (await run(model, x)).flat();
  expect(got.length).toBe(expected.data.length);
  const worst = Math.max(...got.map((value, i) => Math.abs(value - expected.data[i])));
  expect(worst).toBeLessThan(1e-5);
}

const stored = (name: string, { shape, data }: Values) => tensor(name, shape, data);

function product(x: Values, w: (k: number, j: number) => number, columns: number): Values {
  const rows = x.shape[1];
  return map(
    x,
    (_, [n, j]) =>
      Array.from({ length: rows }, (_, k) => x.data[n * rows + k] * w(k, j)).reduce((a, b) => a + b, 0),
    [x.shape[0], columns],
  );
}

describe("ONNX linear operators", () => {
  const x = values("x", BATCH, 5);
  const w = values("w", 5, 4);
  const b = values("b", 4);
  const xw = product(x, (k, j) => at(w, [k, j]), 4);

  it("MatMul", () => check(x, [node("MatMul", ["x", "w"], "y")], [stored("w", w)], xw));

  it.each([
    [["h", "b"], [4]],
    [
      ["b", "h"],
      [1, 4],
    ],
  ])("MatMul and Add of %j, %j", (inputs, shape) =>
    check(
      x,
      [node("MatMul", ["x", "w"], "h"), node("Add", inputs, "y")],
      [stored("w", w), stored("b", { ...b, shape })],
      map(xw, (value, [, j]) => value + b.data[j]),
    ),
  );

  it.each<[string, Record<string, AttributeValue>, readonly number[] | undefined]>([
    ["plain", {}, undefined],
    ["with a row", {}, [4]],
    ["with a matrix of one row", {}, [1, 4]],
    ["with one number", {}, [1]],
    ["with a scalar", {}, []],
    ["with factors", { alpha: { float: 0.5 }, beta: { float: -2 } }, [4]],
    ["with β = 0", { beta: { float: 0 } }, [4]],
  ])("Gemm %s", async (_, attributes, shape) => {
    const alpha = "alpha" in attributes ? 0.5 : 1;
    const beta = "beta" in attributes ? (attributes.beta as { float: number }).float : 1;
    const c = shape && values("c", ...shape);
    const expected = map(xw, (value, index) => alpha * value + (c ? beta * at(c, index) : 0));
    const extra = c ? [stored("c", c)] : [];
    const inputs = ["x", "w", ...(c ? ["c"] : [])];
    await check(x, [node("Gemm", inputs, "y", attributes)], [stored("w", w), ...extra], expected);
    const transposed = map(w, (_, [j, k]) => at(w, [k, j]), [4, 5]);
    const byRow = node("Gemm", inputs, "y", { ...attributes, transB: 1 });
    await check(x, [byRow], [stored("w", transposed), ...extra], expected);
  });
});

interface Window {
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly pads?: readonly number[];
  readonly group?: number;
  readonly auto_pad?: string;
}

/** A convolution by its definition; `pads` are the ones in force. */
function convolution(x: Values, w: Values, bias: Values | undefined, window: Window): Values {
  const { strides: s = [1, 1], dilations: d = [1, 1], pads: p = [0, 0, 0, 0], group = 1 } = window;
  const [outChannels, groupChannels, kh, kw] = w.shape;
  const extent = (i: 0 | 1, k: number) =>
    Math.floor((x.shape[2 + i] + p[i] + p[2 + i] - d[i] * (k - 1) - 1) / s[i]) + 1;
  return map(
    x,
    (_, [n, o, i, j]) => {
      let sum = bias?.data[o] ?? 0;
      const first = Math.floor(o / (outChannels / group)) * groupChannels;
      for (let c = 0; c < groupChannels; c++) {
        for (let a = 0; a < kh; a++) {
          for (let b = 0; b < kw; b++) {
            const row = i * s[0] - p[0] + a * d[0];
            const column = j * s[1] - p[1] + b * d[1];
            sum += at(w, [o, c, a, b]) * at(x, [n, first + c, row, column]);
          }
        }
      }
      return sum;
    },
    [x.shape[0], outChannels, extent(0, kh), extent(1, kw)],
  );
}

describe("ONNX Conv", () => {
  const x = values("image", BATCH, 4, 7, 6);
  it.each<[string, Window, readonly [number, number], readonly number[] | undefined]>([
    ["plain", {}, [3, 3], undefined],
    ["padded", { pads: [1, 0, 2, 1] }, [3, 2], undefined],
    ["strided", { strides: [2, 3], pads: [1, 1, 1, 1] }, [4, 4], undefined],
    ["dilated", { dilations: [2, 1] }, [3, 3], undefined],
    ["grouped", { group: 2, pads: [1, 1, 1, 1] }, [3, 3], undefined],
    ["by channel", { group: 4 }, [2, 2], undefined],
    ["valid", { auto_pad: "VALID" }, [3, 3], [0, 0, 0, 0]],
    // 7 → 4 by stride 2 with a kernel of 4: 3 of padding; 6 → 3: 2 of padding.
    ["same upper", { auto_pad: "SAME_UPPER", strides: [2, 2] }, [4, 4], [1, 1, 2, 1]],
    ["same lower", { auto_pad: "SAME_LOWER", strides: [2, 2] }, [4, 4], [2, 1, 1, 1]],
    // Reach 3 along both: 2 of padding, even.
    ["same dilated", { auto_pad: "SAME_UPPER", dilations: [2, 2] }, [2, 2], [1, 1, 1, 1]],
    // Stride beyond the kernel: no padding at all.
    ["same with gaps", { auto_pad: "SAME_LOWER", strides: [3, 3] }, [1, 1], [0, 0, 0, 0]],
  ])("%s", async (_, window, kernel, pads) => {
    const w = values("kernel", 8, 4 / (window.group ?? 1), ...kernel);
    const bias = values("bias", 8);
    const inForce = { ...window, pads: pads ?? window.pads };
    const attributes = { ...window, kernel_shape: kernel } as Record<string, AttributeValue>;
    await check(
      x,
      [node("Conv", ["x", "w"], "y", attributes)],
      [stored("w", w)],
      convolution(x, w, undefined, inForce),
    );
    const weights = [stored("w", w), stored("b", bias)];
    await check(
      x,
      [node("Conv", ["x", "w", "b"], "y", attributes)],
      weights,
      convolution(x, w, bias, inForce),
    );
  });
});

describe("ONNX arithmetic with constants", () => {
  const image = values("image", BATCH, 2, 3, 4);
  const flat = values("flat", BATCH, 4);
  const operations = {
    Add: (a: number, b: number) => a + b,
    Sub: (a: number, b: number) => a - b,
    Mul: (a: number, b: number) => a * b,
    Div: (a: number, b: number) => a / b,
  };
  const cases: [Values, readonly number[]][] = [
    ...[
      [],
      [1],
      [1, 1, 1, 1],
      [2, 1, 1],
      [1, 2, 1, 1],
      [4],
      [3, 1],
      [3, 4],
      [1, 1, 4],
      [2, 1, 4],
      [1, 2, 3, 4],
    ].map((shape): [Values, number[]] => [image, shape]),
    ...[[], [1, 1], [4], [1, 4]].map((shape): [Values, number[]] => [flat, shape]),
  ];
  for (const [name, operation] of Object.entries(operations)) {
    it.each(cases)(`${name}, case %#`, async (x, shape) => {
      const c = map(values("c", ...shape), (value) => value + Math.sign(value));
      const expected = map(x, (value, index) => operation(value, at(c, index)));
      await check(x, [node(name, ["x", "c"], "y")], [stored("c", c)], expected);
      if (name === "Div") return;
      const reversed = map(x, (value, index) => operation(at(c, index), value));
      await check(x, [node(name, ["c", "x"], "y")], [stored("c", c)], reversed);
    });
  }
});

describe("other ONNX operators", () => {
  const image = values("image", BATCH, 3, 2, 4);

  it.each<[string, (x: number) => number]>([
    ["Add", (x) => Math.max(x, 0) + x],
    ["Sub", (x) => Math.max(x, 0) - x],
  ])("%s of two activations", (name, f) =>
    check(image, [node("Relu", ["x"], "r"), node(name, ["r", "x"], "y")], [], map(image, f)),
  );

  it("twice the same activation", async () => {
    await check(
      image,
      [node("Add", ["x", "x"], "y")],
      [],
      map(image, (x) => 2 * x),
    );
    await check(
      image,
      [node("Sub", ["x", "x"], "y")],
      [],
      map(image, () => 0),
    );
  });

  it.each([
    [{}, 1e-5],
    [{ epsilon: { float: 0.25 }, momentum: { float: 0.5 } }, 0.25],
  ])("BatchNormalization %j", async (attributes, epsilon) => {
    for (const x of [image, values("flat", BATCH, 3)]) {
      const [g, b, m] = ["g", "b", "m"].map((name) => values(name, 3));
      const v = map(values("v", 3), Math.abs);
      const nodes = [node("BatchNormalization", ["x", "g", "b", "m", "v"], "y", attributes)];
      const weights = [stored("g", g), stored("b", b), stored("m", m), stored("v", v)];
      const expected = map(
        x,
        (value, [, c]) => ((value - m.data[c]) / Math.sqrt(v.data[c] + epsilon)) * g.data[c] + b.data[c],
      );
      await check(x, nodes, weights, expected);
    }
  });

  it.each([
    ["Flatten", { axis: 1 }, undefined, [24]],
    ["Flatten", {}, undefined, [24]],
    ["Flatten", { axis: -3 }, undefined, [24]],
    ["Reshape", {}, [0, -1], [24]],
    ["Reshape", {}, [-1, 24], [24]],
    ["Reshape", {}, [1, 24], [24]],
    ["Reshape", {}, [-1, 4, 6], [4, 6]],
    ["Reshape", {}, [0, 0, -1], [3, 8]],
    ["Reshape", {}, [1, 2, -1, 3], [2, 4, 3]],
  ])("%s %j %j", (name, attributes, shape, expected) => {
    const weights = shape ? [int64("s", shape)] : [];
    const nodes = [node(name, ["x", ...weights.map((w) => w.name)], "y", attributes)];
    return check(image, nodes, weights, { ...image, shape: [BATCH, ...expected] });
  });

  it("Constant in each of its forms, and Identity", async () => {
    const x = values("x", BATCH, 2);
    const nodes = [
      node("Constant", [], "c1", { value: tensor("", [2], [1, 2]) }),
      node("Constant", [], "c2", { value_float: { float: 3 } }),
      node("Constant", [], "c3", { value_ints: [0, 2] }),
      node("Constant", [], "c4", { value_int: 5 }),
      node("Identity", ["c1"], "c5"),
      node("Add", ["x", "c5"], "a"),
      node("Mul", ["a", "c2"], "b"),
      node("Identity", ["b"], "b2"),
      node("Reshape", ["b2", "c3"], "r"),
      node("Sub", ["r", "c4"], "y"),
    ];
    await check(
      x,
      nodes,
      [],
      map(x, (value, [, j]) => (value + j + 1) * 3 - 5),
    );
  });
});
