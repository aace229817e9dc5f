import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { lively } from "../support/networks.js";
import { flatNetwork } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();

/** Over the box [0, 1]⁴ of the flat model, an assertion about outputs. */
function spec(assertion: string): string {
  return [
    ...Array.from({ length: 4 }, (_, i) => `(declare-const X_${i} Real)`),
    ...[0, 1, 2].map((i) => `(declare-const Y_${i} Real)`),
    ...Array.from({ length: 4 }, (_, i) => `(assert (>= X_${i} 0)) (assert (<= X_${i} 1))`),
    assertion,
  ].join("\n");
}

beforeAll(() => {
  process.chdir(folder.path);
  mkdirSync("bench");
  writeFileSync("bench/flat.onnx", exportOnnx(lively(flatNetwork(), 1)));
  writeFileSync("bench/holds.vnnlib", spec("(assert (>= Y_0 1000))"));
  writeFileSync("bench/violated.vnnlib", spec("(assert (>= Y_0 -1000))"));
  writeFileSync("bench/other.vnnlib", "(declare-const X_0 Real)");
  const lines = [
    "flat.onnx,holds.vnnlib,20",
    "flat.onnx,violated.vnnlib,20",
    "",
    "./flat.onnx, holds.vnnlib",
    "flat.onnx,violated.vnnlib,2.5",
  ];
  writeFileSync("bench/list.csv", lines.join("\n"));
  writeFileSync(
    "bench/faulty.csv",
    ["missing.onnx,holds.vnnlib,5", ...lines, "flat.onnx,other.vnnlib,5"].join("\n"),
  );
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

interface Answers {
  readonly list: { readonly sha256: string; readonly count: number };
  readonly summary: Record<string, number>;
  readonly instances: readonly {
    readonly index: number;
    readonly answer: string;
    readonly timeout: number;
    readonly error?: string;
    readonly seconds?: number;
    readonly counterexample: { readonly input: number[]; readonly output: number[] } | null;
  }[];
}

const read = (path: string): Answers => JSON.parse(readFileSync(path, "utf8"));

describe("verify --list", () => {
  it("answers each line, by paths relative to the list", async () => {
    const { code, stdout } = await runCommand(["verify", "--list", "bench/list.csv", "--json", "all.json"]);
    expect(code).toBe(0);
    const { instances, summary, list } = read("all.json");
    expect(instances.map(({ answer }) => answer)).toEqual(["holds", "violated", "holds", "violated"]);
    expect(instances.map(({ timeout }) => timeout)).toEqual([20, 20, 60, 2.5]);
    expect(instances[1].counterexample?.output[0]).toBeGreaterThanOrEqual(-1000);
    expect(instances[0].counterexample).toBeNull();
    expect(summary).toMatchObject({ holds: 2, violated: 2, unknown: 0, errors: 0, answered: 4 });
    expect(list.count).toBe(4);
    expect(stdout).toContain("violated  flat.onnx, violated.vnnlib");
  });

  it("tells what is at fault in a line, goes on, and ends with 2", async () => {
    const { code, stdout } = await runCommand([
      "verify",
      "--list",
      "bench/faulty.csv",
      "--json",
      "some.json",
    ]);
    expect(code).toBe(2);
    const { instances, summary } = read("some.json");
    expect(instances.map(({ answer }) => answer)).toEqual([
      ...["error", "holds", "violated", "holds", "violated", "error"],
    ]);
    expect(instances[0].error).toContain("missing.onnx: no such file");
    expect(summary).toMatchObject({ errors: 2, answered: 6 });
    expect(stdout).toContain("not answered for a fault of theirs");
  });

  it("ends with 2 wherever the fault was met: in an earlier process, or in another part", async () => {
    const asked = (i: number) => ["verify", "--list", "bench/faulty.csv", "--shard", `${i}/2`];
    const once = async (i: number) => (await runCommand([...asked(i), "--json", "faulty-{shard}.json"])).code;
    expect([await once(1), await once(2)]).toEqual([2, 2]);
    const done = readFileSync("faulty-1.json", "utf8");
    expect(await once(1)).toBe(2);
    expect(readFileSync("faulty-1.json", "utf8")).toBe(done);
    const parts = ["faulty-1.json", "faulty-2.json"];
    expect((await runCommand(["merge", ...parts, "--json", "faulty-merged.json"])).code).toBe(2);
    expect(read("faulty-merged.json").summary).toMatchObject({ errors: 2, answered: 6 });
    const keys = (path: string) => read(path).instances.map((row) => Object.keys(row));
    expect(keys("faulty-merged.json")).toEqual(keys("some.json"));
  });

  it("reads lists that other programs write: a byte order mark, CRLF, quotes", async () => {
    const lines = ['"./flat.onnx","holds.vnnlib",20', "", ' flat.onnx , "violated.vnnlib" ,2e1', ""];
    writeFileSync("bench/other.csv", `\ufeff${lines.join("\r\n")}`);
    const { code } = await runCommand(["verify", "--list", "bench/other.csv", "--json", "other.json"]);
    expect(code).toBe(0);
    const found = read("other.json").instances.map(({ answer, timeout }) => [answer, timeout]);
    expect(found).toEqual([
      ["holds", 20],
      ["violated", 20],
    ]);
  });

  it("is shared, and merged to the same", async () => {
    for (const i of [1, 2, 3]) {
      const part = ["--shard", `${i}/3`, "--json", "part-{shard}.json"];
      expect((await runCommand(["verify", "--list", "bench/list.csv", ...part])).code).toBe(0);
    }
    const parts = [3, 1, 2].map((i) => `part-${i}.json`);
    const { code, stdout } = await runCommand(["merge", ...parts, "--json", "merged.json"]);
    expect(code).toBe(0);
    expect(stdout).toContain("violated");
    const timeless = (path: string) => {
      const { summary, instances, ...rest } = read(path);
      const { budget, ...record } = rest as typeof rest & { budget: unknown };
      const { seconds, ...counts } = summary;
      return {
        ...{ record, counts, budget: typeof budget },
        instances: instances.map(({ seconds: _, ...row }) => row),
      };
    };
    expect(timeless("merged.json")).toEqual(timeless("all.json"));
    const part = readFileSync("part-3.json", "utf8");
    const { sha256 } = JSON.parse(part).rows[0].model;
    writeFileSync("part-3.json", part.replaceAll(sha256, "0".repeat(64)));
    const mixed = await runCommand(["merge", ...parts]);
    expect([mixed.code, mixed.stderr]).toEqual([
      2,
      expect.stringContaining("expected the same file in all parts"),
    ]);
    const hurried = ["--timeout", "9", "--shard", "1/3", "--json", "part-1.json"];
    const other = await runCommand(["verify", "--list", "bench/list.csv", ...hurried]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("settings.timeout 9")]);
    writeFileSync("bench/list.csv", `${readFileSync("bench/list.csv", "utf8")}\nflat.onnx,holds.vnnlib,3`);
    const changed = await runCommand([
      "verify",
      "--list",
      "bench/list.csv",
      "--shard",
      "1/3",
      "--json",
      "part-1.json",
    ]);
    expect(changed.code).toBe(2);
    expect(changed.stderr).toContain("total 5, found a part with 4");
  });

  it.each([
    ["flat.onnx", "line 1: expected a model, a property and seconds"],
    ["flat.onnx,holds.vnnlib,soon", "line 1: expected a model, a property and seconds"],
    ["flat.onnx,holds.vnnlib,0", "line 1: expected a model, a property and seconds"],
    ["flat.onnx,holds.vnnlib,5,6", "line 1: expected a model, a property and seconds"],
    ["\r\n\r\nflat.onnx,holds.vnnlib,0", "line 3: expected a model, a property and seconds"],
    ["", "expected a line for each property, found nothing"],
    ['"flat.onnx,holds', "expected lines of cells"],
  ])("refuses the line %j", async (line, message) => {
    writeFileSync("bench/odd.csv", line);
    const { code, stderr } = await runCommand(["verify", "--list", "bench/odd.csv"]);
    expect(code).toBe(2);
    expect(stderr).toContain(`bench/odd.csv: ${message}`);
  });

  it.each([
    [["--list", "none.csv"], "none.csv: no such file"],
    [["flat.onnx", "--list", "bench/list.csv"], "--list: expected without MODEL"],
    [["--list", "bench/list.csv", "--certificate", "c.json"], "--list: expected without --certificate"],
    [["bench/flat.onnx", "bench/holds.vnnlib", "--shard", "1/2"], "--shard: expected with --list"],
    [["bench/flat.onnx"], "expected a model and a property"],
    [[], "found neither"],
    [["--list", "bench/list.csv", "--json", "bench/list.csv"], "which is that of the list"],
  ])("%s is refused in one line", async (args, message) => {
    const { code, stderr } = await runCommand(["verify", ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
