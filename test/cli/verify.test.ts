import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { writeCascade } from "../../src/cascade/folder.js";
import { examples } from "../../src/data/dataset.js";
import { loadDataset } from "../../src/data/load.js";
import { loadModelFile } from "../../src/formats/model-file.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { formatVnnlib } from "../../src/formats/vnnlib/write.js";
import { initialWeights, type Model } from "../../src/network/weights.js";
import { EVALUATIONS } from "../../src/threat/evaluation.js";
import { robustness } from "../../src/verify/robustness.js";
import { STEPS } from "../../src/verify/verdict.js";
import { outputsOf } from "../verify/random-questions.js";
import { budgetSchema } from "./budget-schema.js";
import { flatNetwork, writeInputFiles } from "./input-files.js";
import { newFolder, type Outcome, runCommand } from "./run-command.js";

const checksum = z.string().regex(/^[0-9a-f]{64}$/);
const answer = z.enum(["holds", "violated", "unknown"]);
const verificationSchema = z.strictObject({
  schema: z.literal("autodual/verification/1"),
  model: z.strictObject({ path: z.string(), sha256: checksum }),
  spec: z.strictObject({ path: z.string(), sha256: checksum }),
  property: z.strictObject({
    inputs: z.int().positive(),
    outputs: z.int().positive(),
    cases: z.int().positive(),
  }),
  arithmetic: z.enum(["float64", "float32"]),
  bound: z.strictObject({ evaluation: z.enum(EVALUATIONS), rounding: z.literal("outward") }),
  timeout: z.number().positive(),
  split: z.enum(["auto", "inputs", "neurons"]),
  answer,
  counterexample: z.strictObject({ input: z.array(z.number()), output: z.array(z.number()) }).nullable(),
  cases: z.array(
    z.strictObject({
      case: z.int().min(0),
      answer,
      step: z.enum(STEPS),
      bound: z.number().nullable(),
      branches: z.int().min(0),
    }),
  ),
  seconds: z.number().positive(),
  budget: budgetSchema,
});

const folder = newFolder();
const home = process.cwd();
const network = flatNetwork();
const model: Model = { network, weights: initialWeights(network, 1) };

/** Over the box [low, high]⁴ of the flat model, an assertion about outputs. */
function spec(assertion: string, [low, high] = [0, 1], inputs = 4): string {
  return [
    ...Array.from({ length: inputs }, (_, i) => `(declare-const X_${i} Real)`),
    ...[0, 1, 2].map((i) => `(declare-const Y_${i} Real)`),
    ...Array.from({ length: inputs }, (_, i) => `(assert (>= X_${i} ${low})) (assert (<= X_${i} ${high}))`),
    `(assert ${assertion})`,
  ].join("\n");
}

/** Output 0 at the middle of the box: certainly reached. */
const reached = outputsOf(model, [0.5, 0.5, 0.5, 0.5])[0];
const HOLDS = "(<= Y_0 -1000)";
const VIOLATED = `(<= Y_0 ${reached})`;

beforeAll(async () => {
  await writeInputFiles(folder.path);
  process.chdir(folder.path);
  writeFileSync("flat.onnx", exportOnnx(model));
  writeFileSync("flat.onnx.gz", gzipSync(exportOnnx(model)));
  copyFileSync("flat.safetensors", "m.safetensors");
  writeFileSync("holds.vnnlib", spec(HOLDS));
  writeFileSync("holds.vnnlib.gz", gzipSync(spec(HOLDS)));
  writeFileSync("violated.vnnlib", spec(VIOLATED));
}, 120_000);
beforeEach(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

/** A verification that must succeed: its first line, the rest, and its figures. */
async function verified(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(["verify", ...args, "--json", "figures.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  const [first, ...rest] = stdout.split("\n");
  const json = verificationSchema.parse(JSON.parse(readFileSync("figures.json", "utf8")));
  expect(json.answer).toBe(first);
  const words = rest.join(" ").replace(/\s+/g, " ");
  return { first, rest: rest.join("\n"), words, json };
}

describe("verify", () => {
  it.each([
    ["flat.onnx", "holds.vnnlib"],
    ["flat.onnx.gz", "holds.vnnlib.gz"],
    ["m.safetensors", "holds.vnnlib"],
    ["./run", "holds.vnnlib.gz"],
  ])("takes %s with %s", async (path, property) => {
    const { first, rest, words, json } = await verified(path, property);
    expect(first).toBe("holds");
    expect(words).toContain("1 case proved by dual bounds that count all rounding");
    expect(words).toContain(`in any ${json.bound.evaluation} evaluation of this network by direct sums`);
    expect(rest).not.toContain("(X_0");
    expect(json).toMatchObject({ arithmetic: "float64", split: "auto", timeout: 60, counterexample: null });
    expect(json.cases).toMatchObject([{ case: 0, answer: "holds" }]);
    expect(json.cases[0].bound).toBeGreaterThan(0);
  });

  it.each(["flat.onnx", "flat.onnx.gz", "m.safetensors"])(
    "prints what breaks %s, and writes it",
    async (path) => {
      const args = [path, "violated.vnnlib", "--counterexample", "found.txt"];
      const { first, rest, words, json } = await verified(...args);
      expect(first).toBe("violated");
      const text = readFileSync("found.txt", "utf8");
      expect(rest.startsWith(text)).toBe(true);
      const values = new Map(
        [...text.matchAll(/\(([XY]_\d) ([^)]+)\)/g)].map(([, name, value]) => [name, Number(value)]),
      );
      const input = [0, 1, 2, 3].map((i) => values.get(`X_${i}`) as number);
      const output = [0, 1, 2].map((i) => values.get(`Y_${i}`) as number);
      expect(json.counterexample).toEqual({ input, output });
      expect(input.every((x) => x >= 0 && x <= 1)).toBe(true);
      const y = outputsOf(model, input);
      for (const k of [0, 1, 2]) expect(output[k]).toBeCloseTo(y[k], 12);
      expect(y[0]).toBeLessThanOrEqual(reached + 1e-12);
      expect(text).toMatch(/^\(\(X_0 [^()]+\)\n[\s\S]*\(Y_2 [^()]+\)\)\n$/);
      expect(words).toContain(
        path.startsWith("flat.onnx") ? "on the file's own graph" : "double precision on the network",
      );
    },
  );

  it("leaves no counterexample where there is none", async () => {
    expect((await verified("flat.onnx", "holds.vnnlib", "--counterexample", "none.txt")).first).toBe("holds");
    expect(existsSync("none.txt")).toBe(false);
  });

  it("judges in double precision what it bounds in single", async () => {
    const { first, json } = await verified("m.safetensors", "violated.vnnlib", "--dtype", "float32");
    expect([first, json.arithmetic]).toEqual(["violated", "float32"]);
    const { input, output } = json.counterexample as NonNullable<typeof json.counterexample>;
    expect(output[0]).toBeCloseTo(outputsOf(model, input)[0], 12);
    writeFileSync("touch.vnnlib", spec(`(<= Y_0 ${reached})`, [0.5, 0.5]));
    writeFileSync("below.vnnlib", spec(`(<= Y_0 ${reached - 1e-9})`, [0.5, 0.5]));
    for (const split of ["inputs", "neurons"]) {
      const flags = ["--dtype", "float32", "--timeout", "0.5", "--split", split];
      // Single precision cannot tell; the second look, in double precision, can.
      expect((await verified("m.safetensors", "below.vnnlib", ...flags)).first).toBe("holds");
      expect((await verified("m.safetensors", "touch.vnnlib", ...flags)).first).not.toBe("holds");
    }
  });

  it("splits what it is told to, until the time is over", async () => {
    writeFileSync("strict.vnnlib", spec(`(< Y_0 ${reached - 2 ** -50})`, [0.5, 0.5]));
    for (const split of ["auto", "inputs", "neurons"]) {
      const began = performance.now();
      const { first, words, json } = await verified(
        ...["flat.onnx", "strict.vnnlib", "--split", split, "--timeout", "1"],
      );
      expect([first, json.split, json.timeout]).toEqual(["unknown", split, 1]);
      expect(words).toContain("nothing is claimed");
      expect((performance.now() - began) / 1000).toBeLessThan(20);
    }
  });

  it("keeps counterexamples within strict bounds, as they are printed", async () => {
    const open = (text: string) => text.replaceAll("(>= X_", "(> X_").replaceAll("(<= X_", "(< X_");
    writeFileSync("open.vnnlib", open(spec("(<= Y_0 1000)", [0.3, 0.7])));
    const { first, rest, json } = await verified("flat.onnx", "open.vnnlib", "--counterexample", "open.txt");
    expect(first).toBe("violated");
    expect(rest.startsWith(readFileSync("open.txt", "utf8"))).toBe(true);
    expect(json.counterexample?.input.every((x) => x > 0.3 && x < 0.7)).toBe(true);
    // Its corner alone would do.
    writeFileSync("corner.vnnlib", open(spec("(<= Y_0 1000)", [0.5, 0.5000000000000001])));
    const corner = await verified("flat.onnx", "corner.vnnlib", "--timeout", "0.5");
    expect(corner.first).toBe("unknown");
    expect(corner.words).toContain("have no double between them, so that no counterexample could be shown");
  });

  it.each([
    ["a box without points", spec(VIOLATED, [1, 0])],
    ["bounds that are open at their only number", spec(VIOLATED, [1, 1]).replace("(<= X_0 1)", "(< X_0 1)")],
  ])("holds for %s, and says that the set is empty", async (_, text) => {
    writeFileSync("empty-set.vnnlib", text);
    const { first, words, json } = await verified("flat.onnx", "empty-set.vnnlib");
    expect(first).toBe("holds");
    expect(words).toContain("set of inputs is empty, since no number meets all bounds of X_0");
    expect(words).toContain("Nothing is claimed of the network");
    expect(words).not.toContain("proved by dual bounds");
    expect(json.cases).toEqual([{ case: 0, answer: "holds", step: "empty box", bound: null, branches: 0 }]);
  });

  it("answers for disjunctions over several boxes", async () => {
    const low = outputsOf(model, [0, 0, 0, 0])[0];
    const boxes = spec(HOLDS)
      .split("\n")
      .filter((line) => line.startsWith("(declare"))
      .concat([
        "(assert (or",
        ...[HOLDS, `(<= Y_0 ${low})`].map((formula, i) => {
          const bounds = [0, 1, 2, 3].map((f) => `(>= X_${f} 0) (<= X_${f} ${i === 0 ? 1 : 0})`);
          return `(and ${bounds.join(" ")} ${formula})`;
        }),
        "))",
      ]);
    writeFileSync("boxes.vnnlib", boxes.join("\n"));
    const { first, json } = await verified("flat.onnx", "boxes.vnnlib");
    expect(first).toBe("violated");
    expect(json.counterexample?.input).toEqual([0, 0, 0, 0]);
    expect(json.cases.map((own) => own.answer)).toEqual(["unknown", "violated"]);
  });

  it("answers for a model of the package, by its name", async () => {
    const data = await loadDataset("glyphs", { split: "test", limit: 1 });
    const { x, labels } = examples(data, [0]);
    const property = (epsilon: number, label: number) =>
      formatVnnlib(robustness(x, { epsilon, box: [0, 1], prediction: label, classes: 10 }));
    writeFileSync("digit.vnnlib", property(0.02, labels[0]));
    writeFileSync("other.vnnlib", property(0.02, (labels[0] + 1) % 10));
    expect((await verified("mnist-small-0.1/stage-1", "digit.vnnlib")).first).toBe("holds");
    expect((await verified("mnist-small-0.1/stage-1", "other.vnnlib")).first).toBe("violated");
  });

  it("keeps standard output for the figures with --json -", async () => {
    const { code, stdout, stderr } = await runCommand(
      "verify flat.onnx holds.vnnlib --json - --timeout 5".split(" "),
    );
    expect([code, verificationSchema.parse(JSON.parse(stdout)).answer]).toEqual([0, "holds"]);
    expect(stderr).toContain("holds\n");
  });
});

describe("bad input", () => {
  beforeAll(async () => {
    process.chdir(folder.path);
    writeFileSync("five.vnnlib", spec(HOLDS, [0, 1], 5));
    writeFileSync("unbounded.vnnlib", spec(HOLDS).replace("(assert (<= X_3 1))", ""));
    writeFileSync("cut.vnnlib", spec(HOLDS).slice(0, -8));
    writeFileSync("cut.vnnlib.gz", gzipSync(spec(HOLDS)).subarray(0, 60));
    writeFileSync("empty.vnnlib", "");
    writeFileSync("huge.vnnlib", spec("(<= Y_0 1e999)"));
    writeFileSync("mixed.vnnlib", spec("(<= Y_0 X_0)"));
    writeFileSync("product.vnnlib", spec("(<= (* Y_0 X_0) 1)"));
    const bytes = exportOnnx(model);
    writeFileSync("cut.onnx", bytes.subarray(0, bytes.length - 30));
    const { sha256 } = await loadModelFile("m.safetensors");
    const stage = { model: "m.safetensors", sha256, trainedOn: 1 };
    const ball = { norm: "linf", epsilon: 0.1, box: [0, 1] as [number, number], bound: "adaptive" } as const;
    await writeCascade(".", { schema: "autodual/cascade/1", ...ball, stages: [stage, stage] });
  });

  it.each<[what: string, line: string, words: string[]]>([
    ["no spec", "flat.onnx", ["spec"]],
    ["a missing spec", "flat.onnx no.vnnlib", ["no.vnnlib", "no such file"]],
    ["a missing model", "no.onnx holds.vnnlib", ["no.onnx", "no such file"]],
    ["a property over other inputs", "flat.onnx five.vnnlib", ["five.vnnlib", "5 inputs", "4 and 3"]],
    ["an input without a bound", "flat.onnx unbounded.vnnlib", ["unbounded.vnnlib", "upper bound", "X_3"]],
    ["a truncated spec", "flat.onnx cut.vnnlib", ["cut.vnnlib"]],
    ["a truncated packed spec", "flat.onnx cut.vnnlib.gz", ["cut.vnnlib.gz", "gzip"]],
    ["an empty spec", "flat.onnx empty.vnnlib", ["empty.vnnlib", "empty"]],
    ["a number beyond doubles", "flat.onnx huge.vnnlib", ["huge.vnnlib", "1e999"]],
    ["a product of input and output", "flat.onnx product.vnnlib", ["product.vnnlib", "at most one factor"]],
    [
      "a certificate of inputs among outputs",
      "flat.onnx mixed.vnnlib --certificate mixed.json",
      ["--certificate", "outputs alone"],
    ],
    ["a spec that is a model", "flat.onnx flat.onnx", ["flat.onnx"]],
    ["a truncated ONNX file", "cut.onnx holds.vnnlib", ["cut.onnx"]],
    ["garbage as ONNX", "garbage.onnx holds.vnnlib", ["garbage.onnx"]],
    ["an unknown operator", "erf.onnx holds.vnnlib", ["erf.onnx", "Erf"]],
    ["NaN weights", "nan.safetensors holds.vnnlib", ["nan.safetensors", "NaN"]],
    ["a truncated model", "truncated.safetensors holds.vnnlib", ["truncated.safetensors"]],
    ["a cascade", ". holds.vnnlib", ["one model", "cascade of 2 stages", "stage-1"]],
    ["the package's cascade", "mnist-small-0.1 holds.vnnlib", ["one model", "cascade of 6 stages"]],
    ["no time", "flat.onnx holds.vnnlib --timeout 0", ["--timeout", "above 0"]],
    ["time in words", "flat.onnx holds.vnnlib --timeout soon", ["--timeout", '"soon"']],
    ["an unknown split", "flat.onnx holds.vnnlib --split layers", ["--split", "inputs", '"layers"']],
    [
      "no place for what breaks it",
      "flat.onnx holds.vnnlib --counterexample no/x",
      ["--counterexample", "no/x"],
    ],
    ["an absent backend", "flat.onnx holds.vnnlib --backend webgpu", ["webgpu"]],
  ])("%s", async (_, line, words) => {
    const { code, stdout, stderr }: Outcome = await runCommand(["verify", ...line.split(" ")]);
    expect(stderr).toMatch(/^autodual: [^\n]+\n$/);
    for (const word of words) expect(stderr).toContain(word);
    expect([code, stdout]).toEqual([2, ""]);
  });
});
