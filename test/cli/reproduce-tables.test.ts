import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { resultsTable } from "../../src/cli/reproduce/tables.js";
import { formatTable } from "../../src/cli/table.js";
import { type RowResult, rowResultSchema } from "../../src/experiments/rows/row-result.js";
import { TABLE_ROWS } from "../../src/experiments/rows/table-rows.js";
import { architecture } from "../../src/network/architectures.js";
import { writePublishedData } from "./published-data.js";
import { newFolder, runCommand } from "./run-command.js";

vi.mock("../../src/experiments/rows/table-rows.js", async (original) => {
  const module = await original<typeof import("../../src/experiments/rows/table-rows.js")>();
  // The smallest network there is stands in for the paper's.
  const rows = module.TABLE_ROWS.map((row) => ({ ...row, model: "tiny" }));
  return { ...module, TABLE_ROWS: rows, QUICK: { epochs: 1, trainExamples: 6, testExamples: 2, stages: 2 } };
});

const folder = newFolder();
const home = process.cwd();

beforeAll(() => {
  process.chdir(folder.path);
  writePublishedData(".");
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const ROW = ["reproduce", "table2", "--rows", "cifar-small-2-255", "--quick", "--data-dir", "."];

describe("reproduce table1", () => {
  it("gives hidden units, parameters and the time of an epoch of each network", async () => {
    const args = ["reproduce", "table1", "--model", "tiny", "--projections", "5", "--data-dir", "."];
    const { code, stdout, stderr } = await runCommand(args);
    expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
    const record = JSON.parse(readFileSync("results/table1.json", "utf8")) as {
      networks: {
        data: string;
        model: string;
        hiddenUnits: number;
        parameters: number;
        secondsAnEpoch: number;
      }[];
      projections: number;
    };
    expect(record.projections).toBe(5);
    expect(record.networks.map(({ data, model }) => `${data} ${model}`)).toEqual([
      "mnist tiny",
      "cifar10 tiny",
    ]);
    for (const { data, hiddenUnits, parameters, secondsAnEpoch } of record.networks) {
      const [inputShape, examples] = data === "mnist" ? [[1, 28, 28], 60_000] : [[3, 32, 32], 50_000];
      const network = architecture("tiny", { inputShape: inputShape as number[], classes: 10 });
      expect([hiddenUnits, parameters]).toEqual([network.hiddenUnits, network.parameterCount]);
      // A step of two examples takes at least a microsecond.
      expect(secondsAnEpoch).toBeGreaterThan((1e-6 * (examples as number)) / 2);
    }
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("reproduce table2", () => {
  it("shares rows and seeds, each done once", async () => {
    const asked = ["reproduce", "table2", "--rows", "cifar-small-2-255", "mnist-small-0.1-exact", "--quick"];
    const more = ["--data-dir", ".", "--stages", "1", "--seeds", "3", "4", "--out", "shared"];
    const done: string[] = [];
    for (const i of [1, 2, 3]) {
      const part = ["--shard", `${i}/3`, "--json", "shared-{shard}.json"];
      const { code } = await runCommand([...asked, ...more, ...part]);
      expect(code).toBe(0);
      const { seeds } = JSON.parse(readFileSync(`shared-${i}.json`, "utf8")) as {
        seeds: { seed: number; rows: { row: string; status?: string }[] }[];
      };
      for (const { seed, rows } of seeds) {
        done.push(...rows.filter(({ status }) => status === undefined).map(({ row }) => `${seed} ${row}`));
      }
    }
    // A later shard also sees what an earlier one left of the same seed.
    expect([...new Set(done)].sort()).toEqual([
      ...["3 cifar-small-2-255", "3 mnist-small-0.1-exact"],
      ...["4 cifar-small-2-255", "4 mnist-small-0.1-exact"],
    ]);
    expect(existsSync("shared/seed-4/cifar-small-2-255-quick.json")).toBe(true);
    const both = await runCommand([...asked, "--seeds", "1", "--seed", "2"]);
    expect([both.code, both.stderr]).toEqual([2, "autodual: --seeds: expected without --seed, found both\n"]);
  });

  it("trains, certifies and attacks a row by the paper's settings, and goes on where it was", async () => {
    const { code, stdout, stderr } = await runCommand([...ROW, "--json", "table.json"]);
    expect([code, stderr.includes("autodual:")]).toEqual([0, false]);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const result = rowResultSchema.parse(
      JSON.parse(readFileSync("results/cifar-small-2-255-quick.json", "utf8")),
    );
    expect(result).toMatchObject({ quick: true, examples: { train: 6, test: 2 } });
    expect(result.config).toMatchObject({
      epochs: 3,
      box: null,
      epsilon: { end: 2 / 255 },
      optimizer: { kind: "sgd" },
      gradientClip: 1,
    });
    for (const errors of [result.single, result.cascade]) {
      if (errors) expect(errors.pgdError).toBeLessThanOrEqual(errors.robustError);
    }
    const { rows } = JSON.parse(readFileSync("table.json", "utf8")) as {
      rows: { row: string; status?: string }[];
    };
    expect(rows.find(({ row }) => row === "cifar-small-2-255")).not.toHaveProperty("status");
    expect(rows.find(({ row }) => row === "mnist-large-0.1")).toMatchObject({ status: "not run" });
    expect(stdout).toContain("not run");

    const again = await runCommand(ROW);
    expect(again.code).toBe(0);
    expect(again.stdout).not.toContain("stage 1 of");
    const { peakMemoryMB: _, ...measured } = result;
    expect(JSON.parse(readFileSync("results/cifar-small-2-255-quick.json", "utf8"))).toMatchObject(measured);
  });

  it.each([
    [
      "a row of another table",
      ["table2", "--rows", "mnist-wide1-0.1"],
      /--rows: expected all or rows of table2/,
    ],
    ["a flag of figures", ["table2", "--limit", "5"], /--limit: table2 takes no such flag/],
    ["stages of a figure", ["figure2", "--stages", "1"], /--stages: figure2 takes no such flag/],
    ["no stage", ["table2", "--stages", "0"], /--stages: expected a whole number of at least 1/],
    ["rows of a figure", ["figure2", "--rows", "all"], /--rows: figure2 takes no such flag/],
    ["a result that is none", ["table4"], /mnist-small-l2-1\.58\.json: expected the result of a table's row/],
  ])("refuses %s in one line", async (_name, args, message) => {
    mkdirSync("results", { recursive: true });
    writeFileSync("results/mnist-small-l2-1.58.json", "{}");
    const { code, stderr } = await runCommand(["reproduce", ...args]);
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(message);
  });
});

describe("the table that is printed", () => {
  it("names every row in full, as --rows wants it, within 80 columns", () => {
    const errors = { error: 0.382, pgdError: 0.474, robustError: 0.513, certified: 0.6 };
    const { head, rows } = resultsTable(
      TABLE_ROWS.map((row) => ({ row, result: { single: errors, cascade: errors } as RowResult })),
    );
    for (const { id } of TABLE_ROWS) expect(formatTable(head, rows)).toContain(` ${id} `);
    for (const line of formatTable(head, rows).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    const unrun = resultsTable(TABLE_ROWS.map((row) => ({ row, result: null })));
    expect(formatTable(unrun.head, unrun.rows)).toContain("mnist-small-0.1-exact");
  });
});

describe("the rows of the tables", () => {
  it("have names of their own and balls that make sense", () => {
    expect(new Set(TABLE_ROWS.map(({ id }) => id)).size).toBe(TABLE_ROWS.length);
    for (const { norm, epsilon, cascade } of TABLE_ROWS) {
      expect(epsilon).toBeGreaterThan(0);
      expect(norm === "l2" ? epsilon < 2 : epsilon < 0.5).toBe(true);
      expect(cascade).toBeGreaterThanOrEqual(1);
    }
  });
});
