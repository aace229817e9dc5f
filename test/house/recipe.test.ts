import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changedText, recipeSteps, sectionOf } from "./recipe.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DOCUMENT = readFileSync(join(ROOT, "docs/add-a-dual-layer.md"), "utf8");
const ACTIVATION = recipeSteps(sectionOf(DOCUMENT, "An activation: softplus"));
const AFFINE = recipeSteps(sectionOf(DOCUMENT, "An affine layer: flip"));

/** What bounds stand on, with the suites that judge them. */
const COPIED = [
  ...["activations", "autodiff", "compute", "dual", "errors.ts", "network", "threat"].map(
    (room) => `src/${room}`,
  ),
  ...["test/compute", "test/dual", "test/support", "test/fixtures"],
  ...[
    "docs/bring-a-model.md",
    "native/kernels/activations",
    "vitest.config.ts",
    "tsconfig.json",
    "package.json",
  ],
];
const SUITES = [
  "test/compute/portable.test.ts",
  "test/dual/layers.test.ts",
  "test/dual/soundness.test.ts",
  "test/compute/native-list.test.ts",
];

describe("the recipes of docs/add-a-dual-layer.md", () => {
  let folder: string;
  const run = (program: string, ...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join("node_modules", program), ...args],
      // The suite that runs this must not tell the one within what it is.
      {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, VITEST: "", VITEST_WORKER_ID: "", VITEST_POOL_ID: "" },
      },
    );
    return { status, output: `${stdout}${stderr}` };
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "autodual-recipe-"));
    for (const path of COPIED) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const step of [...ACTIVATION, ...AFFINE]) {
      const path = join(folder, step.path);
      if (step.kind === "new") expect(existsSync(path), step.path).toBe(false);
      writeFileSync(path, step.kind === "new" ? step.text : changedText(readFileSync(path, "utf8"), step));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("touch at most 8 files for an activation and 6 for an affine layer", () => {
    const touched = (steps: typeof ACTIVATION) => new Set(steps.map(({ path }) => path)).size;
    expect(touched(ACTIVATION)).toBeGreaterThan(0);
    expect(touched(ACTIVATION)).toBeLessThanOrEqual(8);
    expect(touched(AFFINE)).toBeGreaterThan(0);
    expect(touched(AFFINE)).toBeLessThanOrEqual(6);
  });

  it("pass the type check", () => {
    const options = {
      extends: "./tsconfig.json",
      compilerOptions: { rootDir: ".", noEmit: true },
      files: SUITES,
    };
    writeFileSync(join(folder, "tsconfig.recipe.json"), JSON.stringify(options));
    const { status, output } = run("typescript/bin/tsc", "-p", "tsconfig.recipe.json");
    expect(output).toBe("");
    expect(status).toBe(0);
  });

  it("pass the suites of the portable backend and of dual layers", () => {
    const { status, output } = run(
      "vitest/vitest.mjs",
      "run",
      ...SUITES,
      "-t",
      "softplus|flip|activations/list.h",
      "--reporter=json",
    );
    const from = output.indexOf('{"numTotalTestSuites"');
    expect(from, output).toBeGreaterThanOrEqual(0);
    const { numPassedTests, numFailedTests } = JSON.parse(output.slice(from).split("\n")[0]);
    expect(numFailedTests, output).toBe(0);
    expect(status).toBe(0);
    // Lines by definition and their derivatives, for both methods and types; two networks, four tests and four bounds each.
    expect(numPassedTests).toBeGreaterThan(30);
  });
});

describe("recipeSteps", () => {
  const text =
    "## A\n\n`a.ts`:\n\n```diff\n one\n-two\n+three\n@@\n+four\n five\n```\n\n`b.ts` (new):\n\n```ts\nb\n```\n";

  it("reads new files and changes", () => {
    const [change, made] = recipeSteps(text);
    expect(made).toEqual({ kind: "new", path: "b.ts", text: "b\n" });
    if (change.kind !== "change") throw new Error("expected a change");
    expect(changedText("one\ntwo\nfive\n", change)).toBe("one\nthree\nfour\nfive\n");
  });

  it("tells a piece that is not there, or twice", () => {
    const [change] = recipeSteps(text);
    if (change.kind !== "change") throw new Error("expected a change");
    expect(() => changedText("one\nfive\n", change)).toThrow("a.ts: found 0 times");
    expect(() => changedText("one\ntwo\none\ntwo\nfive\n", change)).toThrow("a.ts: found 2 times");
  });
});
