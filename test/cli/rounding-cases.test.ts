import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { newFolder, runCommand } from "./run-command.js";

/**
 * Files that strangers brought, about which verdicts were false: by rounding in the deployed network, in the bounds, or of
 * the ball.
 */
const CASES = fileURLToPath(new URL("../fixtures/rounding/", import.meta.url));
const folder = newFolder();
afterAll(() => folder.remove());

async function answerOf(model: string, spec: string, ...flags: string[]): Promise<string> {
  const path = spec.includes("/") ? spec : `${CASES}${spec}`;
  const { code, stdout, stderr } = await runCommand([
    ...["verify", `${CASES}${model}`, path, "--timeout", "5"],
    ...flags,
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout.split("\n")[0];
}

/** M of fp1's files: y₀ = relu(x + M) − M is x in real arithmetic, and steps of M's spacing in double precision. */
const SIZES = ["1.07374e+09", "1.09951e+12", "1.1259e+15"];

describe("fp1: relu(x + M) − M in double precision", () => {
  it.each(SIZES)("M = %s is not said to stay below one half", async (size) => {
    const name = `fp1_float64_${size}`;
    expect(await answerOf(`${name}.onnx`, `${name}.vnnlib`)).not.toBe("holds");
  });

  // Within half a spacing of a multiple of it all of the box is rounded to that multiple.
  it.each(SIZES)("M = %s is not said to stay below what x reaches", async (size) => {
    const spacing = 2 ** (Math.round(Math.log2(Number(size))) - 52);
    const multiple = Math.ceil(0.3 / spacing);
    const [least, reach] = [-0.25, 0.375].map((part) => ((multiple + part) * spacing).toFixed(30));
    const path = `${folder.path}/reach-${size}.vnnlib`;
    const declared = ["X_0", "Y_0", "Y_1"].map((name) => `(declare-const ${name} Real)`);
    const asserted = [`(>= X_0 ${least})`, `(<= X_0 ${reach})`, `(>= Y_0 ${reach})`].map(
      (own) => `(assert ${own})`,
    );
    writeFileSync(path, [...declared, ...asserted].join("\n"));
    expect(await answerOf(`fp1_float64_${size}.onnx`, path)).not.toBe("holds");
  });
});

describe("fp4b: squares of radii that underflow", () => {
  const certified = async (norm: string): Promise<boolean> => {
    const path = `${folder.path}/fp4b-${norm}.json`;
    const ball = ["--norm", norm, "--epsilon", "0.9", "--dtype", "float64"];
    const data = ["--data", `${CASES}fp4b.npz`, "--json", path];
    const { code, stderr } = await runCommand(["certify", `${CASES}fp4b.onnx`, ...data, ...ball]);
    expect([code, stderr]).toEqual([0, ""]);
    return JSON.parse(readFileSync(path, "utf8")).examples[0].certified;
  };

  // At (0.8, 0), in the ℓ2 norm 0.849 from the example, the margin is −7.9; in the ℓ1 norm (1, 0.6) is within 0.9.
  it.each(["l2", "l1"])("%s: not certified at 0.9", async (norm) => {
    expect(await certified(norm)).toBe(false);
  });
});

describe("fp7: a box between numbers of single precision", () => {
  it("is not lost when it is rounded", async () => {
    expect(await answerOf("fp7.onnx", "fp7.vnnlib", "--dtype", "float32")).not.toBe("holds");
  });

  it("is broken in double precision", async () => {
    expect(await answerOf("fp7.onnx", "fp7.vnnlib", "--dtype", "float64")).toBe("violated");
  });
});

describe("c31: x + M − M beside −0.4 or 0.4", () => {
  it("does not hold where y₁ = x + M − M is x, which reaches y₀ + 0.3", async () => {
    expect(await answerOf("c31_cancel_f64_b.onnx", "c31.vnnlib")).not.toBe("holds");
  });

  // y₁ = −0.4 never reaches y₀ + 0.3, neither where y₀ is x nor where it is 0.
  it.each(["c31_cancel_f32.onnx", "c31_cancel_f64.onnx"])("%s is not called violated", async (model) => {
    expect(await answerOf(model, "c31.vnnlib")).not.toBe("violated");
  });
});

describe("c32: a sum that single precision rounds up", () => {
  // relu(3 + 2^25) − 2^25 is 4 in the file's own arithmetic.
  it("does not stay below 3.5", async () => {
    expect(await answerOf("c32_f32_rounds_up.onnx", "c32.vnnlib")).not.toBe("holds");
  });
});

describe("what rounding decides is refused by the cause and the mend", () => {
  const refusal = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runCommand(words);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.trim()).not.toContain("\n");
    return stderr;
  };
  const certify = (name: string) => ["certify", `${CASES}${name}.onnx`, "--data", `${CASES}${name}.npz`];

  // A logit of −2000 beside 0.75 and 0.5: a tolerance of the largest output would let the wrong class through.
  it("fp9 is not certified in float32, and as class 0 in float64", async () => {
    const ball = ["--epsilon", "0.05"];
    const line = await refusal(...certify("fp9"), ...ball, "--dtype", "float32");
    expect(line).toMatch(/rounding in float32 may change output 0 .*expected --dtype float64/);
    const json = `${folder.path}/fp9.json`;
    const words = [...certify("fp9"), ...ball, "--dtype", "float64", "--json", json];
    const { code } = await runCommand(words);
    expect(code).toBe(0);
    const [{ prediction, certified }] = JSON.parse(readFileSync(json, "utf8")).examples;
    expect(prediction === 0 || !certified).toBe(true);
  });

  it("cast16 is refused by the name of its type", async () => {
    const half = /\(Cast\): rounds activations of type FLOAT to FLOAT16/;
    expect(await refusal(...certify("cast16"), "--epsilon", "0.05")).toMatch(half);
    expect(await refusal("verify", `${CASES}cast16.onnx`, `${CASES}cast16.vnnlib`)).toMatch(half);
  });

  it("c31_cancel_f32_b names rounding and --dtype float64", async () => {
    const line = await refusal(
      ...["verify", `${CASES}c31_cancel_f32_b.onnx`, `${CASES}c31.vnnlib`, "--dtype", "float32"],
    );
    expect(line).toMatch(/rounding in float32 .*expected --dtype float64/);
    expect(line).not.toContain("report");
  });
});
