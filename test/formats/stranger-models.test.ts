import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { AutodualError } from "../../src/errors.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import type { ImportedModel } from "../../src/formats/onnx/imported-model.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import { certify } from "../../src/library/certify.js";
import { sizeOf } from "../../src/network/shape.js";

/** Small files that strangers brought, of one operator or one habit of an exporter each. */
const MODELS = fileURLToPath(new URL("../fixtures/models/", import.meta.url));
const bytesOf = (name: string): Uint8Array => readFileSync(`${MODELS}${name}.onnx`);

const backend = createPortableBackend();
const imported = (name: string, output?: string): Promise<ImportedModel> =>
  importCheckedOnnx(backend, bytesOf(name), `${name}.onnx`, undefined, output);

const EXACT = [
  ...["c04_squeeze_axes_attr", "c04_squeeze_axes_in", "c04_squeeze_noaxes", "c05_gemmadd", "c08_clamp_const"],
  ...["c08_clamp_vec", "c09_resbn", "c10_norm_inside", "c10_norm_outside", "c12_leaky_default"],
  ...["c13_maxpool_asym_ceil", "c13_maxpool_dil", "c13_maxpool_pad", "c13_maxpool_same_lower", "c15_double"],
  ...["c16_lin", "c22_binary_skl"],
  ...["op_abs", "op_concat_const", "op_depthtospace", "op_einsum", "op_hardsigmoid", "op_max_two_act"],
  ...["op_pad_reflect", "op_prelu", "op_reducemax", "op_tile"],
  ...["t_abs", "t_adapt2", "t_adapt3", "t_adaptmax", "t_avgpad", "t_bn1d", "t_bn_first", "t_bn_res"],
  ...["t_chunkcat", "t_circular", "t_clamp01", "t_conv1d", "t_hardtanh", "t_interp", "t_interp_bilinear"],
  ...["t_maxout", "t_mean_pool", "t_pad_reflect", "t_pad_replicate", "t_pixelshuffle", "t_prelu"],
  ...["t_reducemax", "t_relu6"],
];
/** No classifiers: too large to bound here, or of a single output. */
const UNBOUNDED = ["c01_negrelu", "c18_steep", "c47_side16", "c47_side24", "t_scalar_out", "t_squeeze_out"];
const SOFTMAX = ["c22_probs_only", "t_softmax_out"];
const BATCHES: readonly [name: string, batch: number][] = [
  ["c26_batch4_cnn", 4],
  ["c26_batch4_matmul", 4],
  ["c26_batch4_mlp", 4],
  ["c26_batch4_mlp_flat", 4],
  ["t_batch8_cnn", 8],
  ["t_batch8_mlp", 8],
];
const curve = (operator: string) =>
  new RegExp(`\\(${operator}\\): operator "${operator}" is not supported; known: .+; of activations, Relu`);
const none = (operator: string) =>
  new RegExp(`\\(${operator}\\): operator "${operator}" is not supported; known: .+; no bound is made of it`);
const divides = (operator: string) =>
  new RegExp(`\\(${operator}\\): operator "${operator}" is not supported; known: .+; it divides by what`);
const step = (operator: string) =>
  new RegExp(`\\(${operator}\\): operator "${operator}" is not supported; known: .+; it is a step function`);
const PRODUCT = /\(Mul\): a product of two activations is not supported, such as SiLU, HardSwish, GELU/;
const TRAINING = /\(\w+\): is in training mode; export the model for inference/;
const REFUSED: Readonly<Record<string, RegExp>> = {
  c06_gelu: curve("Erf"),
  c07_mul: PRODUCT,
  c22_sklearn_mlp:
    /expected one output, found 2: "output_label", "probabilities" .*choose one by --output NAME/,
  c23_bn_train: TRAINING,
  c23_bn_train_old: /training mode; export the model for inference, as after model\.eval\(\) of PyTorch/,
  c23_dropout_train: TRAINING,
  c24_open_hw: /every dimension after the batch must be a positive number, found \[batch, 1, height, width\]/,
  c27_external: /is kept in another file; save the model as one file/,
  c27_opset23: /operator set 23 is not supported, expected at most 22; export with an older one/,
  op_argmax: step("ArgMax"),
  op_celu: curve("Celu"),
  op_elu: curve("Elu"),
  op_exp: none("Exp"),
  op_hardswish: curve("HardSwish"),
  op_instancenorm: divides("InstanceNormalization"),
  op_layernorm: divides("LayerNormalization"),
  op_lrn: divides("LRN"),
  op_mul_self: PRODUCT,
  op_pow2: none("Pow"),
  op_quant: /\(QuantizeLinear\): rounds activations/,
  op_reciprocal: none("Reciprocal"),
  op_reducel2: divides("ReduceL2"),
  op_selu: curve("Selu"),
  op_sign: step("Sign"),
  op_softplus: curve("Softplus"),
  op_softsign: curve("Softsign"),
  op_sqrt: none("Sqrt"),
  op_thresholdedrelu: step("ThresholdedRelu"),
  op_where: step("Greater"),
  t_conv3d: /\(Conv\): expected a value \[1, channels, width\] or \[1, channels, height, width\]/,
  t_elu: curve("Elu"),
  t_gelu: curve("Erf"),
  t_groupnorm: divides("InstanceNormalization"),
  t_hardswish: PRODUCT,
  t_layernorm: none("Pow"),
  t_lstm: /\(LSTM\): operator "LSTM" is not supported/,
  t_normalize_last: divides("ReduceL2"),
  t_silu: PRODUCT,
  t_softplus: curve("Softplus"),
  t_square: none("Pow"),
  t_train_mode: TRAINING,
};

/** The file in onnxruntime, given one example; a fixed batch is filled with it. */
async function runtimeOf(name: string, shape: readonly number[], batch = 1, output?: string) {
  const session = await ort.InferenceSession.create(bytesOf(name), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const isDouble = name === "c15_double";
  const [input] = session.inputNames;
  const wanted = output ?? session.outputNames[0];
  return async (x: ArrayLike<number>): Promise<number[]> => {
    const all = Array.from({ length: batch }, () => Array.from(x)).flat();
    const dims = [batch, ...shape];
    const tensor = isDouble
      ? new ort.Tensor("float64", Float64Array.from(all), dims)
      : new ort.Tensor("float32", Float32Array.from(all), dims);
    const results = await session.run({ [input]: tensor }, [wanted]);
    const values = Array.from(results[wanted].data as Float32Array, Number);
    return values.slice(0, values.length / batch);
  };
}

function points(name: string, size: number, count: number): Float64Array[] {
  const source = random(5, name);
  return Array.from({ length: count }, () =>
    Float64Array.from({ length: size }, () => Math.fround(source.uniform())),
  );
}

function expectClose(ours: ArrayLike<number>, theirs: readonly number[], what: string): void {
  expect(ours.length, what).toBe(theirs.length);
  theirs.forEach((value, i) => {
    expect(Math.abs(ours[i] - value), `${what}: output ${i}`).toBeLessThanOrEqual(
      1e-5 * Math.max(1, Math.abs(value)),
    );
  });
}

/** The network is what onnxruntime makes of the file. */
async function expectSame(name: string, batch = 1): Promise<ImportedModel> {
  const model = await imported(name);
  const shape = model.network.inputShape;
  const run = await runtimeOf(name, shape, batch);
  const inputs = points(name, sizeOf(shape), 3);
  const outputs = await networkOutputs(backend, model, inputs);
  for (const [i, input] of inputs.entries()) expectClose(outputs[i], await run(input), name);
  return model;
}

/** No point of the ball has, in onnxruntime, a margin below what is said of it. */
async function expectSound(name: string, model: ImportedModel, batch = 1): Promise<void> {
  const epsilon = 0.05;
  const shape = model.network.inputShape;
  const [x] = points(`${name}/certified`, sizeOf(shape), 1);
  const options = { epsilon, box: null, backend: "portable", labels: [0] } as const;
  const { examples } = await certify(model, [x], options);
  const [{ prediction, marginLower }] = examples;
  expect(marginLower.every(Number.isFinite)).toBe(true);
  const run = await runtimeOf(name, shape, batch);
  const source = random(6, name);
  for (let i = 0; i < 60; i++) {
    const near = x.map((value) =>
      Math.fround(
        value + (i % 2 ? Math.sign(source.uniform() - 0.5) : 2 * source.uniform() - 1) * 0.999 * epsilon,
      ),
    );
    const logits = await run(near);
    marginLower.forEach((bound, j) => {
      expect(logits[prediction] - logits[j], `${name}: class ${j}`).toBeGreaterThanOrEqual(bound - 1e-6);
    });
  }
}

it("each file is in one of the lists", () => {
  const files = readdirSync(MODELS).filter((file) => file.endsWith(".onnx"));
  const listed = [
    ...EXACT,
    ...UNBOUNDED,
    ...SOFTMAX,
    ...BATCHES.map(([name]) => name),
    ...Object.keys(REFUSED),
  ];
  expect(listed.sort()).toEqual(files.map((file) => file.replace(/\.onnx$/, "")).sort());
});

describe("what can be bounded", () => {
  it.each(EXACT)("%s is what onnxruntime makes of it, and is bounded soundly", async (name) => {
    const model = await expectSame(name);
    expect(model.notes ?? []).toEqual([]);
    await expectSound(name, model);
  });

  it.each(UNBOUNDED)("%s is what onnxruntime makes of it", async (name) => {
    await expectSame(name);
  });

  it.each(BATCHES)(
    "%s: a fixed batch of %i is read as a batch of 1, and that is said",
    async (name, batch) => {
      const model = await expectSame(name, batch);
      expect(model.notes?.[0]).toContain(`the fixed batch of ${batch} examples is read as a batch of 1`);
      await expectSound(name, model, batch);
    },
  );
});

describe("a Softmax at the end", () => {
  it.each([
    ...SOFTMAX.map((name): [string, string | undefined] => [name, undefined]),
    ["c22_sklearn_mlp", "probabilities"],
  ])("%s is left out, which is said, and the order of the classes stays", async (name, output) => {
    const model = await imported(name, output);
    expect(model.leftOut).toBe("Softmax");
    expect(model.notes?.[0]).toMatch(/^the Softmax at the end is left out/);
    const shape = model.network.inputShape;
    const run = await runtimeOf(name, shape, 1, output);
    const inputs = points(name, sizeOf(shape), 5);
    const logits = await networkOutputs(backend, model, inputs);
    for (const [i, input] of inputs.entries()) {
      const shares = await run(input);
      // Differences of logits are those of logarithms.
      expectClose(
        Array.from(logits[i], (z) => z - logits[i][0]),
        shares.map((share) => Math.log(share / shares[0])),
        name,
      );
    }
  });
});

describe("what cannot is refused in one line that names the node and the mend", () => {
  it.each(Object.entries(REFUSED))("%s", async (name, message) => {
    const error = await imported(name).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AutodualError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^\w+\.onnx: [^\n]+$/);
  });
});
