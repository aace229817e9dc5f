import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { newFolder } from "../cli/run-command.js";
import { readXml } from "../report/xml-reader.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = join(ROOT, "dist/cli/main.js");
// TypeDoc brings it.
const { parse } = createRequire(createRequire(import.meta.url).resolve("typedoc"))("yaml") as {
  parse(text: string): unknown;
};
const built = existsSync(MAIN);
const bash = spawnSync("bash", ["-c", "true"]).status === 0;
if (!built) console.log("skipped: the action's command: no dist; npm run build makes it");
if (!bash) console.log("skipped: the action's command: no bash");

interface Action {
  readonly inputs: Readonly<Record<string, { description: string; required?: boolean; default?: string }>>;
  readonly outputs: Readonly<Record<string, { value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly { shell: string; run: string; env: Readonly<Record<string, string>> }[];
  };
}

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { steps: readonly { uses?: string; with?: Record<string, string> }[] }>
  >;
}

const read = (path: string): unknown => parse(readFileSync(join(ROOT, path), "utf8"));
const action = read("action.yml") as Action;
const folder = newFolder();
afterAll(() => folder.remove());

describe("action.yml", () => {
  const [step] = action.runs.steps;

  it("is one step of bash, which takes every input as a variable and none as text of the script", () => {
    expect([action.runs.using, action.runs.steps.length, step.shell]).toEqual(["composite", 1, "bash"]);
    expect(step.run).not.toContain("${{");
    const wanted = Object.keys(action.inputs).map((name) => [
      `INPUT_${name.toUpperCase().replaceAll("-", "_")}`,
      `\${{ inputs.${name} }}`,
    ]);
    expect(step.env).toEqual(Object.fromEntries(wanted));
    for (const [name] of wanted) expect(step.run).toContain(`$${name}`);
  });

  it("says of each input what it is, and has a default for what is not required", () => {
    for (const [name, input] of Object.entries(action.inputs)) {
      expect(input.description, name).toMatch(/^[A-Z].*\.$/);
      expect([name, input.required === true]).toEqual([name, input.default === undefined]);
    }
    for (const [name, { value }] of Object.entries(action.outputs))
      expect(value).toBe(`\${{ inputs.${name} }}`);
  });

  it("is given inputs that it has by the example", () => {
    const [{ steps }] = Object.values((read("examples/gate.yml") as Workflow).jobs);
    const given = steps.find(({ uses }) => uses?.includes("autodual"))?.with ?? {};
    const required = Object.keys(action.inputs).filter((name) => action.inputs[name].required);
    expect(Object.keys(given)).toEqual(expect.arrayContaining(required));
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(given)));
  });

  it("is described input by input in docs/gate.md", () => {
    const text = readFileSync(join(ROOT, "docs/gate.md"), "utf8");
    for (const name of Object.keys(action.inputs)) expect(text).toContain(`| \`${name}\` |`);
  });
});

describe.skipIf(!built || !bash)("the action's command", () => {
  const run = (inputs: Readonly<Record<string, string>>) => {
    const { inputs: known, runs } = action;
    const values = Object.entries(known).map(([name, input]) => [
      `INPUT_${name.toUpperCase().replaceAll("-", "_")}`,
      inputs[name] ?? input.default ?? "",
    ]);
    const env = { ...process.env, ...Object.fromEntries(values) };
    return spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", runs.steps[0].run], {
      cwd: folder.path,
      encoding: "utf8",
      env,
    });
  };
  const given = {
    ...{ model: "mnist-small-0.1/stage-1", data: "glyphs", epsilon: "0.05", "fail-above": "0.5" },
    ...{
      arguments: "--limit 4 --backend portable",
      program: `"${process.execPath}" ${MAIN}`.replaceAll('"', ""),
    },
  };

  it("passes and fails by the limit, and writes both files either way", { timeout: 240_000 }, () => {
    for (const [limit, status] of [
      ["1", 0],
      ["0", 1],
    ] as const) {
      for (const name of ["autodual-junit.xml", "autodual.sarif"])
        rmSync(join(folder.path, name), { force: true });
      const outcome = run({ ...given, "fail-above": limit });
      expect([outcome.status, outcome.stderr]).toEqual([status, expect.not.stringContaining("autodual:")]);
      const suites = readXml(readFileSync(join(folder.path, "autodual-junit.xml"), "utf8"));
      expect(suites.attributes.tests).toBe("4");
      const [log] = JSON.parse(readFileSync(join(folder.path, "autodual.sarif"), "utf8")).runs;
      expect(log.properties.gate).toBe(status === 0 ? "passed" : "failed");
      // It attacked, as is the default.
      expect(log.properties).toHaveProperty("attacked");
    }
  });

  it("ends with one line and 2 where an input is wrong, and runs nothing that is in one", () => {
    const maybe = run({ ...given, attack: "maybe" });
    expect([maybe.status, maybe.stderr]).toEqual([2, "attack: expected true or false, found maybe\n"]);
    const odd = run({ ...given, model: "$(touch ran); touch ran; `touch ran`" });
    expect(odd.status).toBe(2);
    expect(odd.stderr).toContain("no such file or folder");
    expect(existsSync(join(folder.path, "ran"))).toBe(false);
  });
});
