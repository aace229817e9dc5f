import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { writeCascade } from "../../src/cascade/folder.js";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { certificateText } from "../../src/formats/certificate/file.js";
import type { Certificate } from "../../src/formats/certificate/schema.js";
import { loadModelFile } from "../../src/formats/model-file.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { enclosureOf } from "../../src/formats/vnnlib/input-box.js";
import { readVnnlib } from "../../src/formats/vnnlib/read.js";
import { writeFileAtomically } from "../../src/formats/write-file.js";
import { propertyClaim } from "../../src/runs/certificates/property-claim.js";
import { writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const checkSchema = z.strictObject({
  schema: z.literal("autodual/check/1"),
  certificate: z.string(),
  model: z.strictObject({ path: z.string(), sha256: z.string(), stages: z.int().positive() }),
  about: z.enum(["model", "stage that answers"]),
  valid: z.boolean(),
  claims: z.int().positive(),
  checked: z.int().min(0),
  fault: z
    .strictObject({ claim: z.int().nullable(), example: z.int().nullable(), what: z.string() })
    .nullable(),
  claimed: z.array(
    z.discriminatedUnion("kind", [
      z.strictObject({
        ...{ kind: z.literal("robust"), model: z.string(), stage: z.int().min(0), evaluation: z.string() },
        ...{ data: z.string(), norm: z.string(), box: z.tuple([z.number(), z.number()]).nullable() },
        epsilon: z.union([z.number(), z.strictObject({ least: z.number(), most: z.number() })]),
        ...{ examples: z.int().positive(), indices: z.array(z.int()) },
      }),
      z.strictObject({
        ...{ kind: z.literal("property"), model: z.string(), stage: z.int().min(0), evaluation: z.string() },
        ...{ cases: z.int().positive(), boxes: z.int().positive() },
      }),
    ]),
  ),
  required: z.record(z.string(), z.unknown()),
  seconds: z.number().min(0),
});

const folder = newFolder();
const home = process.cwd();
const DATA = ["--data", "four.npz"];
const CERTIFY = ["certify", "flat.safetensors", ...DATA, "--epsilon", "0.01", "--backend", "portable"];
const CHECK = ["check", "c.json", "--model", "flat.safetensors"];

const read = (path = "c.json"): Certificate => JSON.parse(readFileSync(path, "utf8"));
const write = (path: string, change: (certificate: Certificate) => unknown): void =>
  writeFileSync(path, JSON.stringify(change(read())));

beforeAll(async () => {
  process.chdir(folder.path);
  await writeInputFiles(folder.path);
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("certify --certificate", () => {
  it("writes a certificate of every certified example, and says of how many", async () => {
    const { code, stdout } = await runCommand([...CERTIFY, "--certificate", "c.json", "--json", "v.json"]);
    expect(code).toBe(0);
    const verdicts = JSON.parse(readFileSync("v.json", "utf8")).examples as {
      index: number;
      certified: boolean;
    }[];
    const certified = verdicts.filter((verdict) => verdict.certified);
    expect(certified.length).toBeGreaterThan(5);
    expect(stdout).toContain(
      `certificate c.json: ${certified.length} of ${certified.length} certified examples`,
    );
    const indices = read().claims.map((claim) => claim.kind === "robust" && claim.index);
    expect(indices).toEqual(certified.map(({ index }) => index));
    expect(read().claims[0]).toMatchObject({
      evaluation: "float64",
      norm: "linf",
      epsilon: 0.01,
      box: [0, 1],
    });
  });

  it("packs what is named so", async () => {
    expect((await runCommand([...CERTIFY, "--certificate", "c.json.gz"])).code).toBe(0);
    const bytes = readFileSync("c.json.gz");
    expect(gunzipSync(bytes).toString()).toBe(readFileSync("c.json", "utf8"));
    expect((await runCommand(["check", "c.json.gz", ...CHECK.slice(2)])).stdout).toMatch(/^valid\n/);
  });

  it("writes nothing where nothing is certified", async () => {
    const args = [
      ...CERTIFY.slice(0, 4),
      "--epsilon",
      "100",
      "--box",
      "none",
      "--backend",
      "portable",
      "--certificate",
      "none.json",
    ];
    const { code, stdout } = await runCommand(args);
    expect(code).toBe(0);
    expect(stdout).toContain("certificate: no example is certified; none.json is not written");
    expect(existsSync("none.json")).toBe(false);
  });

  it("is refused with projections, and where it cannot be written", async () => {
    const projected = await runCommand([...CERTIFY, "--certificate", "x.json", "--projections", "3"]);
    expect([projected.code, projected.stderr]).toEqual([
      2,
      "autodual: --certificate: expected deterministic bounds, found --projections 3\n",
    ]);
    const nowhere = await runCommand([...CERTIFY, "--certificate", "no/such/x.json"]);
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      "autodual: --certificate: expected a file in a folder that exists, found no/such/x.json\n",
    ]);
  });
});

describe("check", () => {
  it("prints valid, and what that means", async () => {
    const { code, stdout } = await runCommand([...CHECK, ...DATA, "--json", "o.json"]);
    expect(code).toBe(0);
    const count = read().claims.length;
    const words = stdout.split("\n");
    expect(words[0]).toBe("valid");
    expect(stdout.replaceAll("\n", " ")).toContain(
      `For ${count} examples of four (test), no change of the input by at most 0.01 in every pixel`,
    );
    const outcome = checkSchema.parse(JSON.parse(readFileSync("o.json", "utf8")));
    expect(outcome).toMatchObject({ valid: true, claims: count, checked: count, fault: null });
  });

  it("prints the first claim that does not hold, and exits with 1", async () => {
    write("wrong.json", ({ claims, ...rest }) => ({
      ...rest,
      claims: claims.map((claim, i) =>
        i === 2 && claim.kind === "robust" ? { ...claim, epsilon: 0.9 } : claim,
      ),
    }));
    const { code, stdout } = await runCommand(["check", "wrong.json", ...CHECK.slice(2), "--json", "o.json"]);
    expect(code).toBe(1);
    expect(stdout.split("\n")[0]).toMatch(
      /^not valid: claim 2 \(example \d+\): margin of class \d: expected above 0/,
    );
    const outcome = checkSchema.parse(JSON.parse(readFileSync("o.json", "utf8")));
    expect(outcome).toMatchObject({ valid: false, checked: 2, fault: { claim: 2 } });
  });

  it("is about the model with that checksum alone", async () => {
    const { code, stdout } = await runCommand(["check", "c.json", "--model", "image.safetensors"]);
    expect(code).toBe(1);
    expect(stdout).toContain("not valid: claim 0 (example 0): expected the model with SHA-256 ");
  });

  it("compares examples with the data, and takes them from there where they are left out", async () => {
    write("lean.json", ({ claims, ...rest }) => ({
      ...rest,
      claims: claims.map((claim) => ({ ...claim, input: undefined })),
    }));
    const lean = ["check", "lean.json", ...CHECK.slice(2)];
    expect((await runCommand([...lean, ...DATA])).stdout).toMatch(/^valid\n/);
    const without = await runCommand(lean);
    expect([without.code, without.stdout.split("\n")[0]]).toEqual([
      1,
      "not valid: claim 0 (example 0): the example is not in the certificate: expected its data",
    ]);
    write("moved.json", ({ claims, ...rest }) => ({
      ...rest,
      claims: claims.map((claim) => (claim.kind === "robust" ? { ...claim, index: claim.index + 1 } : claim)),
    }));
    const moved = await runCommand(["check", "moved.json", ...CHECK.slice(2), ...DATA]);
    expect([moved.code, moved.stdout.split("\n")[0]]).toEqual([
      1,
      "not valid: claim 0 (example 1): the example is not that of the data",
    ]);
    write("far.json", ({ claims: [claim], ...rest }) => ({ ...rest, claims: [{ ...claim, index: 12 }] }));
    expect((await runCommand(["check", "far.json", ...CHECK.slice(2), ...DATA])).stdout).toContain(
      "four (test) has no example 12",
    );
  });

  it("tells a script what was checked, and exits with 1 where that is not what it requires", async () => {
    const asked = ["--epsilon", "0.01", "--norm", "linf", "--evaluation", "float64", "--examples", "5"];
    expect((await runCommand([...CHECK, ...DATA, ...asked, "--json", "o.json"])).code).toBe(0);
    const { about, claimed, required } = checkSchema.parse(JSON.parse(readFileSync("o.json", "utf8")));
    const indices = read().claims.map((claim) => claim.kind === "robust" && claim.index);
    expect([about, required]).toEqual([
      "model",
      { epsilon: 0.01, norm: "linf", evaluation: "float64", examples: 5 },
    ]);
    expect(claimed).toMatchObject([
      {
        ...{ kind: "robust", data: "four (test)", norm: "linf", epsilon: 0.01, box: [0, 1] },
        ...{ evaluation: "float64", stage: 0, examples: indices.length, indices },
      },
    ]);
    const more = await runCommand([...CHECK, "--epsilon", "0.02", "--json", "o.json"]);
    expect([more.code, more.stdout.split("\n")[0]]).toEqual([
      1,
      "not valid: claim 0 (example 0): expected epsilon of at least 0.02, as is required, found 0.01",
    ]);
    expect(checkSchema.parse(JSON.parse(readFileSync("o.json", "utf8")))).toMatchObject({
      ...{ valid: false, claimed: [], required: { epsilon: 0.02 } },
    });
    const many = await runCommand([...CHECK, "--examples", "100"]);
    expect([many.code, many.stdout.split("\n")[0]]).toEqual([
      1,
      `not valid: expected claims about at least 100 examples, as is required, found ${indices.length}`,
    ]);
    expect((await runCommand(["check", "--help"])).stdout).toContain("certify or verify wrote with");
  });

  it("takes ONNX files and the stages of a cascade", async () => {
    const model = await loadModelFile("flat.safetensors");
    writeFileSync("flat.onnx", exportOnnx(model));
    const onnx = ["certify", "flat.onnx", ...CERTIFY.slice(2), "--certificate", "onnx.json"];
    expect((await runCommand(onnx)).code).toBe(0);
    expect((await runCommand(["check", "onnx.json", "--model", "flat.onnx"])).stdout).toMatch(/^valid\n/);
    await writeCascade(".", {
      ...{ schema: "autodual/cascade/1", norm: "linf", epsilon: 0.01, box: [0, 1], bound: "parallel" },
      stages: [{ model: "flat.safetensors", sha256: model.sha256, trainedOn: null }],
    });
    const cascade = [
      "certify",
      "flat.onnx",
      "flat.safetensors",
      ...CERTIFY.slice(2),
      "--certificate",
      "two.json",
    ];
    expect((await runCommand(cascade)).code).toBe(0);
    const both = ["check", "two.json", "--model", "flat.onnx", "flat.safetensors"];
    expect((await runCommand(both)).stdout).toMatch(/^valid\n/);
    expect((await runCommand(["check", "c.json", "--model", "."])).stdout).toMatch(/^valid\n/);
  });

  it("asks of a property that every case of it is claimed", async () => {
    const bounds = [0, 1, 2, 3].map((i) => `(assert (>= X_${i} 0.4)) (assert (<= X_${i} 0.41))`);
    const declared = [...[0, 1, 2, 3].map((i) => `X_${i}`), "Y_0", "Y_1", "Y_2"].map(
      (own) => `(declare-const ${own} Real)`,
    );
    const spec = (cases: string) => [...declared, ...bounds, `(assert ${cases})`].join("\n");
    writeFileSync("two.vnnlib", spec("(or (and (<= Y_0 (- 50))) (and (>= Y_1 60) (<= (+ Y_1 Y_2) 3)))"));
    writeFileSync("other.vnnlib", spec("(or (and (<= Y_0 (- 50))) (and (>= Y_1 59) (<= (+ Y_1 Y_2) 3)))"));
    const model = await loadModelFile("flat.safetensors");
    const { cases } = await readVnnlib("two.vnnlib");
    const claim = propertyClaim({
      ...{ network: checkedNetwork(model, MACHINES.float64), model: model.sha256, evaluation: "float64" },
      ...{ ...enclosureOf(cases[0].box, true), listed: new Map() },
      cases: cases.map(({ constraints }) => ({
        rows: constraints.map(({ terms, bound }) => ({
          terms: terms.map(({ output, coefficient }): [number, number] => [output, coefficient]),
          bound,
        })),
        tree: { kind: "leaf" },
      })),
    });
    await writeFileAtomically("p.json", certificateText([claim]));
    const asked = ["check", "p.json", "--model", "flat.safetensors"];
    expect((await runCommand([...asked, "--spec", "two.vnnlib"])).stdout).toMatch(
      /^valid\nFor 2 cases of a property over a box of inputs, no input of the box meets it/,
    );
    writeFileSync(
      "small.vnnlib",
      spec("(<= Y_0 (- 50))")
        .replace("(declare-const X_3 Real)\n", "")
        .replace(/.*X_3.*/, ""),
    );
    writeFileSync("outputs.vnnlib", `${spec("(<= Y_0 (- 50))")}\n(declare-const Y_3 Real)`);
    for (const [name, sizes] of [
      ["small.vnnlib", "3 inputs and 3 outputs"],
      ["outputs.vnnlib", "4 inputs and 4 outputs"],
    ]) {
      const { code, stderr } = await runCommand([...asked, "--spec", name]);
      expect([code, stderr]).toEqual([
        2,
        `autodual: ${name}: the property is over ${sizes}, the network has 4 and 3\n`,
      ]);
    }
    const compared = await runCommand([...asked, ...DATA]);
    expect([compared.code, compared.stderr]).toEqual([
      2,
      "autodual: --data: expected claims about examples, found claims about properties alone\n",
    ]);
    const other = await runCommand([...asked, "--spec", "other.vnnlib"]);
    expect([other.code, other.stdout.split("\n")[0]]).toEqual([
      1,
      "not valid: case 1 of the property is not claimed",
    ]);
  });

  it.each([
    ["a file that is missing", ["check", "no.json", ...CHECK.slice(2)], "no.json: no such file"],
    [
      "a file that is none",
      ["check", "flat.safetensors", ...CHECK.slice(2)],
      "flat.safetensors: expected a certificate as JSON",
    ],
    [
      "no model",
      ["check", "c.json"],
      "--model: expected, as in autodual check CERTIFICATE --model MODEL, found nothing",
    ],
    ["a model that is missing", ["check", "c.json", "--model", "no.onnx"], "no.onnx: no such file"],
    [
      "no certificate",
      ["check", "--model", "flat.safetensors"],
      "check: missing required argument 'certificate'",
    ],
    ["data that is missing", [...CHECK, "--data", "no.npz"], "no.npz"],
  ])("is answered in one line for %s", async (_, args, message) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toMatch(/\n/);
  });
});
