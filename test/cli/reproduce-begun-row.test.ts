import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type RowResult, rowResultSchema } from "../../src/experiments/rows/row-result.js";
import { type CascadeRun, cascadeRunSchema } from "../../src/train/cascade-run.js";
import { writePublishedData } from "./published-data.js";
import { newFolder, runCommand } from "./run-command.js";

vi.mock("../../src/experiments/rows/table-rows.js", async (original) => {
  const module = await original<typeof import("../../src/experiments/rows/table-rows.js")>();
  // The smallest network there is stands in for the paper's.
  const rows = module.TABLE_ROWS.map((row) => ({ ...row, model: "tiny" }));
  return { ...module, TABLE_ROWS: rows, QUICK: { epochs: 1, trainExamples: 6, testExamples: 2, stages: 2 } };
});

const ID = "cifar-small-2-255";
const ROW = ["reproduce", "table2", "--rows", ID, "--quick"];
const FOLDER = `results/runs/${ID}-quick`;
const RUN = `${FOLDER}/run.json`;
const CASCADE = `${FOLDER}/cascade.json`;
const WHOLE_CASCADE = `whole/runs/${ID}-quick/cascade.json`;
const RESULT = `results/${ID}-quick.json`;
const folder = newFolder();
const home = process.cwd();

const reproduce = (...more: string[]) => runCommand([...ROW, "--backend", "portable", ...more]);
const writeJson = (path: string, value: unknown) => writeFileSync(path, JSON.stringify(value));
const runOf = (): CascadeRun => cascadeRunSchema.parse(JSON.parse(readFileSync(RUN, "utf8")));
const resultOf = (): RowResult => rowResultSchema.parse(JSON.parse(readFileSync(RESULT, "utf8")));

async function done(...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await reproduce("--data-dir", ".", ...more);
  expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
  return stdout;
}

beforeAll(async () => {
  process.chdir(folder.path);
  writePublishedData(".");
  await done();
  cpSync("results", "whole", { recursive: true });
});
beforeEach(() => {
  rmSync("results", { recursive: true, force: true });
  cpSync("whole", "results", { recursive: true });
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

/** The run as it was when its first stage was trained and the second not yet. */
function cutAfterStage1(changes: Partial<CascadeRun> = {}): void {
  const run = runOf();
  writeJson(RUN, { ...run, status: "interrupted", stages: run.stages.slice(0, 1), ...changes });
  const cascade = JSON.parse(readFileSync(CASCADE, "utf8"));
  writeJson(CASCADE, { ...cascade, stages: cascade.stages.slice(0, 1) });
  for (const path of [RESULT, `${FOLDER}/stage-2`]) rmSync(path, { recursive: true });
}

describe("a row that was begun", () => {
  it.each([
    ["another seed", ["--seed", "9"], /--seed: expected 0,.*found 9/],
    ["another precision", ["--dtype", "float32"], /--dtype: expected float64,.*found float32/],
    ["another backend", ["--backend", "native"], /--backend: expected portable,.*found native/],
  ])("is refused with %s in one line that says what to do", async (_name, flags, message) => {
    cutAfterStage1();
    const before = readFileSync(RUN, "utf8");
    const { code, stderr } = await reproduce("--data-dir", ".", ...flags);
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(message);
    expect(stderr).toContain(`(${RUN})`);
    expect(stderr).toContain(`the same flags, or another --out, or remove the run folder ${FOLDER}`);
    expect(readFileSync(RUN, "utf8")).toBe(before);
    expect(existsSync(`${FOLDER}/stage-2`)).toBe(false);
  });

  it.each([
    ["projections", { projections: 50 }, "projections: expected 10,"],
    ["epochs", { epochs: 60 }, "epochs: expected 3,"],
    ["radius", { epsilon: { start: 0, end: 0.1, epochs: 1, shape: "linear" as const } }, "epsilon.start: "],
    ["network", { model: "small" }, 'model: expected "tiny",'],
  ])("is refused where the row has other %s now", async (_name, changes, message) => {
    cutAfterStage1();
    const run = runOf();
    writeJson(RUN, { ...run, config: { ...run.config, ...changes } });
    const { code, stderr } = await reproduce("--data-dir", ".");
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toContain(`${RUN}: ${message}`);
    expect(stderr).toContain(`remove the run folder ${FOLDER}`);
  });

  it("is refused before another row is trained", async () => {
    const { code } = await reproduce("--data-dir", ".", "--rows", "mnist-small-0.1", ID, "--seed", "9");
    expect([code, existsSync("results/runs/mnist-small-0.1-quick")]).toEqual([2, false]);
  });

  it("goes on in its own precision, on its own backend and seed, where the flags do not say", async () => {
    rmSync("results", { recursive: true });
    await done("--seed", "9", "--dtype", "float32");
    const whole = readFileSync(CASCADE, "utf8");
    cutAfterStage1();
    const { code } = await runCommand([...ROW, "--data-dir", "."]);
    expect(code).toBe(0);
    expect(resultOf().config).toMatchObject({ seed: 9, backend: "portable", dtype: "float32" });
    expect(readFileSync(CASCADE, "utf8")).toBe(whole);
  });

  it("goes on with data that lie elsewhere now", async () => {
    cutAfterStage1();
    const run = runOf();
    const data = { ...run.config.data, dataDir: `${folder.path}/nowhere` };
    writeJson(RUN, { ...run, config: { ...run.config, data } });
    const { code, stderr } = await reproduce();
    expect([code, stderr]).toEqual([2, expect.stringContaining("nowhere")]);
    await done();
    expect(runOf().config.data.dataDir).toBe(folder.path);
    expect(resultOf().config.data.dataDir).toBeNull();
    expect(readFileSync(CASCADE, "utf8")).toBe(readFileSync(WHOLE_CASCADE, "utf8"));
  });

  it("keeps the threads of its training when it is measured again", async () => {
    const before = { ...resultOf(), threads: 7 };
    writeJson(RESULT, before);
    await done();
    expect(resultOf().threads).toBe(7);
    // Of another training nothing is kept.
    const [first, second] = before.stages;
    writeJson(RESULT, { ...before, stages: [{ ...first, seconds: 1e6 }, second] });
    await done();
    expect(resultOf().threads).toBe(1);
  });
});

describe("--stages", () => {
  it("gives a result of so many stages, and a later run goes on from there", async () => {
    rmSync("results", { recursive: true });
    const stdout = await done("--stages", "1");
    expect(stdout.replace(/\s+/g, " ")).toContain(`${ID}: 1 of 2 stages.`);
    const brief = resultOf();
    expect([brief.stages.length, brief.cascade]).toEqual([1, null]);
    expect(runOf()).toMatchObject({ status: "finished", cascade: 1 });
    expect(await done("--stages", "1")).not.toContain("stage 1 of");

    const further = await done();
    expect(further).not.toContain("stage 1 of");
    expect(further).toContain("stage 2 of 2");
    const whole = resultOf();
    expect(whole.stages).toHaveLength(2);
    expect(whole.stages[0]).toEqual(brief.stages[0]);
    expect(whole.single).toEqual(brief.single);
    expect(whole.cascade).not.toBeNull();
    expect(runOf()).toMatchObject({ status: "finished", cascade: 2 });
    expect(readFileSync(CASCADE, "utf8")).toBe(readFileSync(WHOLE_CASCADE, "utf8"));
  });

  it("ends a row that was begun for more", async () => {
    cutAfterStage1();
    expect(await done("--stages", "1")).not.toContain("stage 2 of");
    expect([resultOf().stages.length, runOf().status]).toEqual([1, "finished"]);
  });

  it("throws no trained stage away", async () => {
    const before = readFileSync(RESULT, "utf8");
    const { code, stderr } = await reproduce("--data-dir", ".", "--stages", "1");
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(/--stages: expected at least 2,.*none is thrown away, found 1/);
    expect(readFileSync(RESULT, "utf8")).toBe(before);
    expect(runOf().stages).toHaveLength(2);
  });

  it("asks nothing of a cascade that no example remained for", async () => {
    cutAfterStage1({ status: "finished" });
    expect(await done("--stages", "2")).not.toContain("stage 2 of");
    expect(resultOf().stages).toHaveLength(1);
  });
});
