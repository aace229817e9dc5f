import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeModel } from "../../src/formats/model-file.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { readXml } from "../report/xml-reader.js";
import { lively } from "../support/networks.js";
import { writeInputFiles } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const BALL = ["--data", "four.npz", "--epsilon", "0.05", "--backend", "portable"];

beforeAll(async () => {
  process.chdir(folder.path);
  await writeInputFiles(folder.path);
  mkdirSync("nets");
  // Wide enough for projections, and with answers of every kind.
  const network = sequential([4], [linear(12), relu(), linear(9), relu(), linear(3)]);
  for (const [i, name] of ["first", "second"].entries()) {
    writeFileSync(`nets/${name}.safetensors`, encodeModel(lively(network, 1 + i)));
  }
  writeFileSync(
    "pets.csv",
    "a,b,c,d,class\n0,0.7,0.4,0.1,ant\n0.8,0.5,0.2,0.9,<bee>\n0.1,0.2,0.3,0.4,cat & mouse\n",
  );
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

interface Verdict {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly certified: boolean;
  readonly stage: number;
}

async function certified(...words: string[]) {
  const outcome = await runCommand([
    "certify",
    ...words,
    "--junit",
    "j.xml",
    "--sarif",
    "s.sarif",
    "--json",
    "c.json",
  ]);
  const [junit, sarif, json] = ["j.xml", "s.sarif", "c.json"].map((path) => readFileSync(path, "utf8"));
  const [run] = JSON.parse(sarif).runs;
  const suite = readXml(junit).children[0];
  const cases = suite.children.filter(({ name }) => name === "testcase");
  return {
    outcome,
    ...{ junit, sarif, run, suite },
    /** The kind of fault of each example, null where there is none. */
    faults: cases.map(({ children }) => children[0]?.attributes.type ?? null),
    json: JSON.parse(json),
    results: run.results.map(
      ({ ruleId, properties }: { ruleId: string; properties: { example: number } }) =>
        [properties.example, ruleId] as const,
    ) as (readonly [number, string])[],
  };
}

describe("certify --junit --sarif", () => {
  it("agree with the verdicts in the JSON, and with the robust error", async () => {
    const { outcome, faults, json, results, suite, run } = await certified("nets/first.safetensors", ...BALL);
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    expect(outcome.stdout).toMatch(/JUnit j\.xml\nSARIF s\.sarif\n$/);
    const expected = json.examples.map(({ label, prediction, certified }: Verdict) =>
      prediction === label ? (certified ? null : "not-certified") : "misclassified",
    );
    expect(new Set(expected)).toEqual(new Set([null, "misclassified", "not-certified"]));
    expect(faults).toEqual(expected);
    expect(results).toEqual(
      expected.flatMap((fault: string | null, i: number) => (fault ? [[i, fault]] : [])),
    );
    expect(Number(suite.attributes.failures) / 12).toBeCloseTo(json.summary.robustError, 12);
    expect(run.properties).toMatchObject({
      ...{ norm: "linf", epsilon: 0.05, box: "0,1", bound: "parallel", guarantee: "deterministic" },
      ...{ robustError: json.summary.robustError, evaluation: "float64", failAbove: null, gate: "no limit" },
    });
  });

  it("tell whether the gate passed, as the exit code does", async () => {
    const { json } = await certified("nets/first.safetensors", ...BALL);
    const { robustError } = json.summary;
    const at = await certified("nets/first.safetensors", ...BALL, "--fail-above", String(robustError));
    expect([at.outcome.code, at.run.properties.gate]).toEqual([0, "passed"]);
    const below = await certified(
      "nets/first.safetensors",
      ...BALL,
      "--fail-above",
      String(robustError - 1e-6),
    );
    expect([below.outcome.code, below.run.properties.gate]).toEqual([1, "failed"]);
    expect(below.run.invocations[0].exitCode).toBe(1);
  });

  it("are the same bytes each time, hold no path of the machine, and leave nothing beside them", async () => {
    const whole = join(folder.path, "nets", "first.safetensors");
    const first = await certified(whole, ...BALL);
    const again = await certified(whole, ...BALL);
    for (const name of ["junit", "sarif"] as const) {
      expect(again[name]).toBe(first[name]);
      expect(first[name]).not.toContain(folder.path);
      expect(first[name]).toContain("nets/first.safetensors");
    }
    expect(readdirSync(".").filter((name) => name.endsWith(".part"))).toEqual([]);
    process.chdir("nets");
    const outside = ["certify", "../flat.safetensors", ...BALL, "--sarif", "s.sarif"];
    expect((await runCommand(outside.with(3, "../four.npz"))).code).toBe(0);
    process.chdir("..");
    const [run] = JSON.parse(readFileSync("nets/s.sarif", "utf8")).runs;
    expect(run.artifacts[0].location.uri).toBe("flat.safetensors");
  });

  it("name classes that have names", async () => {
    const { junit, run } = await certified("nets/first.safetensors", ...BALL.with(1, "pets.csv"));
    const text = JSON.stringify(run.results) + junit;
    expect(junit).toContain("label 2 (cat &amp; mouse)");
    expect(junit).not.toContain("<bee>");
    expect(text).toMatch(/\((ant|<bee>|cat & mouse)\)/);
  });

  it("call by their name what random projections estimate, and certify nothing by it", async () => {
    const model = "nets/first.safetensors";
    const projected = [...BALL.with(3, "0.5"), "--projections", "2"];
    const rough = await certified(model, ...projected, "--fail-above", "0.9");
    expect(rough.outcome.code).toBe(1);
    expect(rough.faults).not.toContain(null);
    expect(rough.run.properties).toMatchObject({ guarantee: "estimate", robustError: 1, gate: "failed" });
    expect(rough.run.properties.worth).toBe("estimates by random projections, which certify nothing");
    const likely = await certified(model, ...projected, "--delta", "0.01");
    expect(likely.run.properties).toMatchObject({ guarantee: "probability", delta: 0.01 });
    expect(likely.run.properties.worth).toContain("probability at least 0.99");
  });

  it("of a cascade are about the stage that answers", async () => {
    const models = ["nets/first.safetensors", "nets/second.safetensors"];
    const { run, json } = await certified(...models, ...BALL);
    expect(run.properties).toMatchObject({ about: "stage that answers", models: models.join(", ") });
    for (const { properties, message } of run.results) {
      const { stage } = json.examples[properties.example];
      expect(properties.stage).toBe(stage);
      expect(message.text).toContain(`the answer of stage ${stage + 1} `);
    }
  });

  it("call examples errors that the time did not reach, but for wrong answers", async () => {
    const late = ["--fail-above", "0.99", "--timeout", "1e-9"];
    const { outcome, faults, run, json, suite } = await certified("nets/first.safetensors", ...BALL, ...late);
    expect(json.summary.unfinished).toBe(12);
    expect(outcome.code).toBe(1);
    expect(faults).toEqual(
      json.examples.map(({ label, prediction }: Verdict) =>
        prediction === label ? "not-reached" : "misclassified",
      ),
    );
    expect(Number(suite.attributes.errors)).toBeGreaterThan(0);
    const open = run.results.find(({ ruleId }: { ruleId: string }) => ruleId === "not-reached");
    expect(open).toMatchObject({ level: "note", properties: { smallestMargin: null } });
    expect(open.message.text).toContain("the answer is right; there was no time for its bounds");
  });

  it.each<[string, string[], string]>([
    ["a folder", ["--junit", "nets"], "--junit: expected a file to write, found the folder nets"],
    ["no folder", ["--sarif", "none/s.sarif"], "--sarif: expected a file in a folder that exists"],
    ["too long a name", ["--sarif", "s".repeat(240)], "--sarif: expected a shorter name of a file"],
    ["standard output", ["--sarif", "-"], "--sarif: expected a file, found -"],
    ["nothing", ["--junit", " "], "--junit: expected a file such as junit.xml, found nothing"],
    ["each other", ["--junit", "x", "--sarif", "./x"], "--sarif: expected a file of its own"],
    ["the model", ["--sarif", "flat.safetensors"], "which is that of the model"],
    ["the data", ["--junit", "four.npz"], "which is that of the data"],
    ["the page", ["--report", "x", "--junit", "x"], "which is that of --report"],
  ])("are refused before any work where they are %s", async (_, words, message) => {
    const model = readFileSync("flat.safetensors");
    const { code, stdout, stderr } = await runCommand(["certify", "flat.safetensors", ...BALL, ...words]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toContain("\n");
    expect(readFileSync("flat.safetensors")).toEqual(model);
  });

  it("are refused by other commands, with the one that has them", async () => {
    for (const line of ["attack m --junit j.xml", "verify m p --sarif s", "info m --fail-above 0.1"]) {
      const { code, stderr } = await runCommand(line.split(" "));
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /unknown option '--[a-z-]+', which (certify has|certify, merge have); see autodual \w+ --help\n$/,
      );
    }
    const { stderr } = await runCommand(["certify", "m", "--sariff", "s"]);
    expect(stderr).toMatch(/unknown option '--sariff' \(Did you mean --sarif\?\); see/);
  });
});

describe("certify --attack", () => {
  it("finds what attack finds among right answers that are not certified, and marks them", async () => {
    const ball = BALL.with(3, "0.2");
    const { json, faults, outcome, run } = await certified("nets/first.safetensors", ...ball, "--attack");
    expect(outcome.code).toBe(0);
    await runCommand(["attack", "nets/first.safetensors", ...ball, "--json", "a.json"]);
    const attack = JSON.parse(readFileSync("a.json", "utf8"));
    const open = json.examples.filter(
      ({ label, prediction, certified }: Verdict) => prediction === label && !certified,
    );
    const expected = open
      .map(({ index }: Verdict) => index)
      .filter((index: number) => attack.examples[index].pgd);
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(open.length);
    expect(json.attacked).toEqual({ notCertified: open.length, tried: open.length, changed: expected });
    expect(faults.flatMap((fault, i) => (fault === "attacked" ? [i] : []))).toEqual(expected);
    expect(run.properties.attacked).toBe(expected.length);
    expect(outcome.stdout.replace(/\s+/g, " ")).toContain(
      `PGD changes the answer of ${expected.length} within the ball`,
    );
  });
});
