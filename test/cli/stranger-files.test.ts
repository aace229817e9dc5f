import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { writeNpz } from "../../src/formats/npz.js";
import { newFolder, runCommand } from "./run-command.js";

/** Files that strangers brought, as they are given on the command line. */
const at = (name: string) => fileURLToPath(new URL(`../fixtures/models/${name}`, import.meta.url));
const folder = newFolder();
afterAll(() => folder.remove());

interface Certified {
  readonly summary: { readonly certified: number };
  readonly examples: readonly { readonly prediction: number; readonly marginLower: readonly number[] }[];
}

async function certified(model: string, data: string, ...flags: string[]): Promise<Certified> {
  const json = join(folder.path, "certified.json");
  const words = ["certify", at(model), "--data", at(data), "--epsilon", "0.01", "--json", json, ...flags];
  const { code, stderr } = await runCommand(words);
  expect([code, stderr.split("\n").filter((line) => line.startsWith("autodual:"))]).toEqual([0, []]);
  return JSON.parse(readFileSync(json, "utf8"));
}

/** The one line that data or a model is refused by. */
async function refusal(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(words);
  const lines = stderr.trim().split("\n");
  expect(code).toBe(2);
  expect(stdout).not.toMatch(/certified/);
  expect(lines.filter((line) => line.startsWith("autodual:"))).toHaveLength(1);
  return lines.at(-1) as string;
}

const refusedData = (model: string, data: string, ...flags: string[]) =>
  refusal("certify", at(model), "--data", at(data), "--epsilon", "0.01", ...flags);

describe("data of another order or range", () => {
  it("c10_nhwc: channels that stand last are told, and read by --layout nhwc as those that stand first", async () => {
    const line = await refusedData("c10_norm_inside.onnx", "c10_nhwc.npz");
    for (const part of ["3×8×8 = 192", "8×8×3 = 192", "--layout nhwc"]) expect(line).toContain(part);
    const last = await certified("c10_norm_inside.onnx", "c10_nhwc.npz", "--layout", "nhwc");
    const first = await certified("c10_norm_inside.onnx", "c10_raw.npz");
    expect(last.examples).toEqual(first.examples);
  });

  it("c10_normalised: no box, or a box of its own; refused only by a box that it breaks", async () => {
    const line = await refusedData("c10_norm_outside.onnx", "c10_normalised.npz");
    for (const part of ["--box 0,1", "--box LO,HI", "--box none"]) expect(line).toContain(part);
    const model = "c10_norm_outside.onnx";
    const [free, boxed] = [
      await certified(model, "c10_normalised.npz", "--box", "none"),
      await certified(model, "c10_normalised.npz", "--box", "-2.43,2.76"),
    ];
    expect(free.examples.map(({ prediction }) => prediction)).toEqual(
      boxed.examples.map(({ prediction }) => prediction),
    );
    expect(boxed.summary.certified).toBeGreaterThanOrEqual(free.summary.certified);
    const broken = await refusedData(model, "c10_normalised.npz", "--box", "-1,1");
    expect(broken).toContain("--box -1,1");
  });

  it("numbers in no order that a layout has are told both shapes, and no layout", async () => {
    const data = join(folder.path, "between.npz");
    const x = { shape: [2, 8, 3, 8], values: new Float32Array(384) };
    await writeNpz(data, { x, y: { shape: [2], values: Int32Array.of(0, 1) } });
    const line = await refusal("certify", at("c10_norm_inside.onnx"), "--data", data, "--epsilon", "0.01");
    for (const part of ["3×8×8", "8×3×8", "reshape x to [N, 3, 8, 8]"]) expect(line).toContain(part);
    expect(line).not.toContain("nhwc");
  });

  it.each(["c10_compressed.npz", "c10_f64.npz"])("%s is the same data", async (data) => {
    const [same, raw] = [
      await certified("c10_norm_inside.onnx", data),
      await certified("c10_norm_inside.onnx", "c10_raw.npz"),
    ];
    expect(same.examples).toEqual(raw.examples);
  });

  it("c10_u8: bytes are pixels from 0 to 255", async () => {
    expect((await certified("c10_norm_inside.onnx", "c10_u8.npz")).examples).toHaveLength(20);
  });

  it.each([
    ["c10_keys.npz", /expected arrays x and y, found neither, and beside it images, labels;/],
    ["c10_nan.npz", /x: example 3: expected finite numbers of single precision, found NaN/],
    ["c10_onehot.npz", /y: expected shape \[20\], one label per example of x, found \[20,3\]/],
    ["c10_ycol.npz", /y: expected shape \[20\], one label per example of x, found \[20,1\]/],
    ["c10_yfloat.npz", /y: expected integers, found f4/],
    ["c10_y_out.npz", /expected a label from 0 to 2, as \S+ has 3 classes, found 5/],
    ["c10_int32.npz", /x: expected uint8, float32 or float64, found i4; astype\("uint8"\)/],
    ["c10_u8_0_255_float.npz", /--box 0,1: .*found 254\.9.*--box LO,HI/],
  ])("%s is refused by what is wrong with it", async (data, message) => {
    expect(await refusedData("c10_norm_inside.onnx", data)).toMatch(message);
  });
});

describe("c34: a single logit", () => {
  it.each([
    ["t_scalar_out.onnx", "c34_y0.npz"],
    ["t_scalar_out.onnx", "c34_x.npz"],
    ["t_squeeze_out.onnx", "c34_x.npz"],
  ])("%s with %s: the line says what to do", async (model, data) => {
    expect(await refusedData(model, data)).toMatch(/of a single logit, export \[0, z\] in its place/);
  });
});

describe("outputs and batches", () => {
  it("c22_sklearn_mlp: --output takes the probabilities, whose Softmax is left out", async () => {
    const line = await refusedData("c22_sklearn_mlp.onnx", "c34_x.npz");
    expect(line).toMatch(/"output_label", "probabilities".*choose one by --output NAME/);
    const found = await certified("c22_sklearn_mlp.onnx", "c34_x.npz", "--output", "probabilities");
    const bare = await certified("c22_probs_only.onnx", "c34_x.npz");
    for (const { examples } of [found, bare]) {
      expect(examples.map(({ marginLower }) => marginLower.length)).toEqual(Array(10).fill(3));
    }
  });

  it.each(["certify", "attack", "radius"])(
    "%s does without a Softmax at the end, and says so",
    async (command) => {
      const epsilon = command === "radius" ? [] : ["--epsilon", "0.01"];
      const words = [command, at("t_softmax_out.onnx"), "--data", at("c34_x.npz"), ...epsilon];
      const { code, stderr } = await runCommand(words);
      expect(code).toBe(0);
      expect(stderr).toMatch(/the Softmax at the end is left out/);
    },
  );

  it.each([
    ["c26_batch4_cnn.onnx", "c26_x.npz"],
    ["c26_batch4_mlp.onnx", "c26_x.npz"],
    ["c26_batch4_mlp_flat.onnx", "c26_xflat.npz"],
  ])("%s is certified one example at a time", async (model, data) => {
    const { examples } = await certified(model, data);
    expect(examples).toHaveLength(8);
    for (const { marginLower } of examples) expect(marginLower).toHaveLength(3);
  });

  it("c26_x4: data of batches fit no network of one example", async () => {
    expect(await refusedData("c26_batch4_matmul.onnx", "c26_x4.npz")).toMatch(
      /takes inputs of 9 numbers, found 1×4×9 = 36 in data set c26_x4; x must be \[N, 9\]/,
    );
  });
});

describe("properties", () => {
  const answer = async (model: string, spec: string) => {
    const { code, stdout } = await runCommand(["verify", at(model), at(spec), "--timeout", "30"]);
    expect(code).toBe(0);
    return stdout;
  };

  it("c01: equality that no bound settles is told, not waited for", async () => {
    const strict = await answer("c01_negrelu.onnx", "c01_gt0.vnnlib");
    expect(strict.split("\n")[0]).toMatch(/^(unknown|holds)$/);
    if (strict.startsWith("unknown")) {
      expect(strict.replace(/\s+/g, " ")).toContain(
        "Some input meets a strict comparison with equality, which no bound proves and no longer --timeout",
      );
      expect(strict).not.toContain("may settle it");
    }
  });

  it.each([
    ["c01_negrelu.onnx", "c01_ge0.vnnlib", "violated"],
    ["c01_negrelu.onnx", "c01_ge1e-6.vnnlib", "holds"],
    ["c08_clamp_vec.onnx", "c08_vec_sat.vnnlib", "violated"],
    ["c09_resbn.onnx", "c09_big.vnnlib", "violated"],
    ["c09_resbn.onnx", "c09_small.vnnlib", "holds"],
    ["c16_lin.onnx", "c16_emptybox.vnnlib", "holds"],
    ["c16_lin.onnx", "c16_leak.vnnlib", "violated"],
    ["c16_lin.onnx", "c16_leak_unsat.vnnlib", "holds"],
    ["c16_lin.onnx", "c16_nooutput.vnnlib", "violated"],
    ["c16_lin.onnx", "c16_post.vnnlib", "holds"],
    ["c16_lin.onnx", "c16_inrel.vnnlib", "holds"],
    ["c16_lin.onnx", "c16_inout.vnnlib", "violated"],
    ["c16_lin.onnx", "c17_or.vnnlib", "holds"],
    ["c16_lin.onnx", "c17_or_sat.vnnlib", "violated"],
    ["c18_steep.onnx", "c18_narrow.vnnlib", "holds"],
    ["c18_steep.onnx", "c18_narrow_sat.vnnlib", "violated"],
  ])("%s, %s: %s", async (model, spec, expected) => {
    expect((await answer(model, spec)).split("\n")[0]).toBe(expected);
  });

  /** Their margins are 1e-7, which rounding may take; the other answer would be false. */
  it.each([
    ["c08_clamp_const.onnx", "c08_hi.vnnlib"],
    ["c08_clamp_vec.onnx", "c08_vec.vnnlib"],
  ])("%s, %s is never called violated", async (model, spec) => {
    const { stdout } = await runCommand(["verify", at(model), at(spec), "--timeout", "3"]);
    expect(stdout.split("\n")[0]).toMatch(/^(holds|unknown)$/);
  });

  it.each([
    [
      "c16_v2.vnnlib",
      /"vnnlib-version" of VNN-LIB 2, which is not supported: write the property in version 1/,
    ],
    ["c16_unbounded.vnnlib", /expected a lower and an upper bound of X_0 .*found no upper bound/],
  ])("%s is refused by name", async (spec, message) => {
    expect(await refusal("verify", at("c16_lin.onnx"), at(spec))).toMatch(message);
  });
});
