import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Certificate } from "../../src/formats/certificate/schema.js";
import { loadModelFile } from "../../src/formats/model-file.js";
import { checkCertificate, examples, loadDataset, robustness, sequential, verify } from "../../src/index.js";
import { flatten, linear } from "../../src/network/build-layer.js";
import type { Model } from "../../src/network/weights.js";
import { initialWeights } from "../../src/network/weights.js";
import { outputsOf } from "../verify/random-questions.js";
import { writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const read = (path: string): Certificate => JSON.parse(readFileSync(path, "utf8"));

function spec(assertion: string, low = "0", high = "1"): string {
  return [
    ...[0, 1, 2, 3].map(
      (i) => `(declare-const X_${i} Real) (assert (>= X_${i} ${low})) (assert (<= X_${i} ${high}))`,
    ),
    ...[0, 1, 2].map((i) => `(declare-const Y_${i} Real)`),
    `(assert ${assertion})`,
  ].join("\n");
}

/** The least of output 0 on a grid of the box [0, 1]⁴. */
function leastOnGrid(model: Model): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 9 ** 4; i++) {
    const x = [0, 1, 2, 3].map((f) => (Math.floor(i / 9 ** f) % 9) / 8);
    least = Math.min(least, outputsOf(model, x)[0]);
  }
  return least;
}

beforeAll(async () => {
  process.chdir(folder.path);
  await writeInputFiles(folder.path);
  const least = leastOnGrid(await loadModelFile("flat.safetensors"));
  writeFileSync("tight.vnnlib", spec(`(<= Y_0 ${least - 0.004})`));
  writeFileSync("easy.vnnlib", spec("(or (and (<= Y_0 -1000)) (and (>= Y_1 1000) (<= Y_2 3)))"));
  writeFileSync("broken.vnnlib", spec(`(<= Y_0 ${least + 0.1})`));
  writeFileSync("empty.vnnlib", spec("(<= Y_0 0)", "0.6", "0.5"));
  writeFileSync("mixed.vnnlib", spec("(<= Y_0 -1000)", "0.1", "0.3"));
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const VERIFY = (name: string) => ["verify", "flat.safetensors", `${name}.vnnlib`, "--backend", "portable"];
const CHECK = (name: string) => [
  "check",
  `${name}.json`,
  "--model",
  "flat.safetensors",
  "--spec",
  `${name}.vnnlib`,
];

describe("verify --certificate", () => {
  it("writes what check proves again, of bounds alone", async () => {
    const args = [...VERIFY("easy"), "--certificate", "easy.json", "--json", "v.json"];
    const { code, stdout } = await runCommand(args);
    expect([code, stdout.split("\n")[0]]).toEqual([0, "holds"]);
    expect(stdout).toContain("certificate easy.json: 1 claim");
    expect(JSON.parse(readFileSync("v.json", "utf8")).certificate).toEqual({ path: "easy.json", claims: 1 });
    expect((await runCommand(CHECK("easy"))).stdout).toMatch(/^valid\nFor 2 cases of a property/);
  });

  it.each(["inputs", "neurons"])("writes the tree of a proof that splits %s", async (split) => {
    const args = [...VERIFY("tight"), "--split", split, "--certificate", "tight.json", "--json", "v.json"];
    const { stdout } = await runCommand(args);
    expect(stdout.split("\n")[0]).toBe("holds");
    const [{ branches }] = JSON.parse(readFileSync("v.json", "utf8")).cases;
    expect(branches).toBeGreaterThan(1);
    const [claim] = read("tight.json").claims;
    if (claim.kind !== "property") throw new Error("expected a property");
    const [{ tree }] = claim.cases;
    const splits = tree.filter((node) => "at" in node);
    expect(tree.length).toBe(2 * splits.length + 1);
    expect(splits.every((node) => (node.layer === "input") === (split === "inputs"))).toBe(true);
    expect((await runCommand(CHECK("tight"))).stdout).toMatch(/^valid\n/);
  });

  it("leaves nothing to a reader's belief: trees without a part, and larger bounds, are refused", async () => {
    const certificate = read("tight.json");
    const changed = (
      change: (claim: Extract<Certificate["claims"][number], { kind: "property" }>) => void,
    ) => {
      const copy: Certificate = structuredClone(certificate);
      const [claim] = copy.claims;
      if (claim.kind === "property") change(claim);
      writeFileSync("changed.json", JSON.stringify(copy));
      return runCommand(["check", "changed.json", ...CHECK("tight").slice(2)]);
    };
    const short = await changed(({ cases: [own] }) => own.tree.pop());
    expect([short.code, short.stdout.split("\n")[0]]).toEqual([
      1,
      "not valid: claim 0: 1 parts of the region are missing",
    ]);
    const large = await changed(({ cases: [own] }) => {
      own.rows[0].bound += 0.1;
    });
    expect([large.code, large.stdout]).toEqual([1, expect.stringContaining("expected a bound above 0")]);
  });

  it("says why there is none, and writes no file", async () => {
    const broken = await runCommand([...VERIFY("broken"), "--certificate", "no.json", "--json", "v.json"]);
    expect([broken.code, broken.stdout.split("\n")[0]]).toEqual([0, "violated"]);
    expect(broken.stdout).toContain("certificate: the property is violated; no.json is not written");
    expect(JSON.parse(readFileSync("v.json", "utf8")).certificate).toBeNull();
    const empty = await runCommand([...VERIFY("empty"), "--certificate", "no.json"]);
    expect(empty.stdout).toContain("certificate: no input is in its boxes, so that nothing is claimed;");
    expect(existsSync("no.json")).toBe(false);
    const nowhere = await runCommand([...VERIFY("easy"), "--certificate", "no/such/x.json"]);
    expect([nowhere.code, nowhere.stderr]).toEqual([
      2,
      "autodual: --certificate: expected a file in a folder that exists, found no/such/x.json\n",
    ]);
  });

  it("claims all of a box whose bounds are decimals", async () => {
    await runCommand([...VERIFY("mixed"), "--certificate", "mixed.json"]);
    expect((await runCommand(CHECK("mixed"))).stdout).toMatch(/^valid\n/);
    // 0.1 as a double is above a tenth: a claim that begins there leaves something out.
    const certificate = read("mixed.json");
    const [claim] = certificate.claims;
    if (claim.kind !== "property") throw new Error("expected a property");
    const doubles = Buffer.from(Float64Array.of(0.1, 0.1, 0.1, 0.1).buffer).toString("base64");
    writeFileSync(
      "narrow.json",
      JSON.stringify({ ...certificate, claims: [{ ...claim, lower: { float64: doubles } }] }),
    );
    const narrow = await runCommand(["check", "narrow.json", ...CHECK("mixed").slice(2)]);
    expect([narrow.code, narrow.stdout.split("\n")[0]]).toEqual([
      1,
      "not valid: case 0 of the property is not claimed",
    ]);
  });
});

describe("verify of the library", () => {
  it("writes the certificate of a property that holds", async () => {
    const { answer, written } = await verify("flat.safetensors", "tight.vnnlib", {
      ...{ split: "neurons", certificate: "library.json" },
    });
    expect([answer, written]).toEqual(["holds", { claims: 1, refusal: null }]);
    const checked = await checkCertificate("library.json", "flat.safetensors", { property: "tight.vnnlib" });
    expect(checked).toMatchObject({ valid: true, claims: 1 });
  });

  it("needs no slopes of rows for an image's property without branching, which takes less than 64 kB", async () => {
    const digits = await loadDataset("glyphs", { split: "test", limit: 2 });
    const { x, labels } = examples(digits, [1]);
    const property = robustness(x, { epsilon: 0.13, box: [0, 1], prediction: labels[0], classes: 10 });
    const model = "mnist-small-0.1/stage-1";
    const { answer, cases } = await verify(model, property, { certificate: "image.json", timeout: 120 });
    expect(answer).toBe("holds");
    // By chosen slopes, of which there is a record.
    expect(cases.map(({ step }) => step)).toContain("slopes");
    expect(statSync("image.json").size).toBeLessThan(64 * 1024);
    expect(readFileSync("image.json", "utf8")).not.toContain("rowSlopes");
    expect((await checkCertificate("image.json", model, { property })).valid).toBe(true);
  }, 300_000);

  it("has none of a model in memory", async () => {
    const network = sequential([4], [flatten(), linear(3)]);
    const model = { network, weights: initialWeights(network, 0) };
    await expect(verify(model, "easy.vnnlib", { certificate: "library.json" })).rejects.toThrow(
      "verify: certificate: expected a model of a file, found one in memory",
    );
  });
});
