import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeModel } from "../../src/formats/model-file.js";
import { lively } from "../support/networks.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const SUBJECT = ["image.safetensors", "--data", "glyphs", "--limit", "17", "--backend", "portable"];
const BALL = ["--epsilon", "0.03"];

beforeAll(() => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  writeFileSync("other.safetensors", encodeModel(lively(imageNetwork(), 9)));
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

type Json = Record<string, unknown> & { readonly summary: Record<string, unknown> };

const read = (path: string): Json => JSON.parse(readFileSync(path, "utf8"));

/** What must agree: all but times, and memory that depends on them. */
function timeless(path: string): unknown {
  const { budget, summary, ...record } = read(path);
  const { seconds, examplesPerSecond, ...figures } = summary;
  return { ...record, summary: figures };
}

async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await runCommand(args);
  expect(code).toBe(2);
  return stderr;
}

/** Runs a command whole, and in three parts of other batches, and gives both. */
async function bothWays(name: string, command: readonly string[]): Promise<[unknown, unknown]> {
  await ok(...command, "--json", `${name}.json`);
  for (const i of [3, 1, 2]) {
    await ok(...command, "--batch", String(1 + i), "--shard", `${i}/3`, "--json", `${name}-{shard}.json`);
  }
  await ok("merge", ...[2, 3, 1].map((i) => `${name}-${i}.json`), "--json", `${name}-merged.json`);
  return [timeless(`${name}-merged.json`), timeless(`${name}.json`)];
}

describe("parts and their merge equal the whole", () => {
  it.each([
    ["certify", ["certify", ...SUBJECT, ...BALL]],
    ["adaptive", ["certify", ...SUBJECT, ...BALL, "--bound", "adaptive", "--against", "label"]],
    ["estimates", ["certify", ...SUBJECT, ...BALL, "--projections", "20", "--seed", "3"]],
    ["probability", ["certify", ...SUBJECT, ...BALL, "--projections", "400", "--delta", "0.1"]],
    ["rungs", ["certify", ...SUBJECT, "--epsilon", "0.004", "--each", "60"]],
    ["attack", ["attack", ...SUBJECT, ...BALL, "--steps", "5"]],
    ["radius", ["radius", ...SUBJECT]],
    ["cascade", ["certify", "other.safetensors", ...SUBJECT, "--epsilon", "0.002"]],
    ["attacked cascade", ["attack", "other.safetensors", ...SUBJECT, "--epsilon", "0.002", "--steps", "5"]],
  ])(
    "%s",
    async (name, command) => {
      const [merged, whole] = await bothWays(name, command);
      expect(JSON.stringify(merged)).toBe(JSON.stringify(whole));
      expect(merged).toEqual(whole);
    },
    60_000,
  );
});

describe("a part", () => {
  const part = (...more: string[]) => ["certify", ...SUBJECT, ...BALL, "--json", "part.json", ...more];

  it("is every n-th example, and goes on where it stopped", async () => {
    await ok(...part("--shard", "2/5"));
    const { rows, ...head } = read("part.json") as unknown as { rows: { index: number }[] };
    expect(rows.map(({ index }) => index)).toEqual([1, 6, 11, 16]);
    writeFileSync("part.json", JSON.stringify({ ...head, complete: false, rows: rows.slice(0, 1) }));
    expect(await ok(...part("--shard", "2/5"))).toContain("of which part.json has 1; 3 to do");
    expect(read("part.json").rows).toEqual(rows);
    const done = readFileSync("part.json", "utf8");
    expect(await ok(...part("--shard", "2/5"))).toContain("0 to do");
    expect(readFileSync("part.json", "utf8")).toBe(done);
  });

  it("of more shards than examples may be empty", async () => {
    await ok(...part("--shard", "40/40").with(-3, "empty.json"));
    expect(read("empty.json")).toMatchObject({ complete: true, rows: [] });
  });

  it("never takes the place of another file", async () => {
    const [before] = [readFileSync("part.json", "utf8")];
    for (const [more, where] of [
      [["--shard", "3/5"], "shard 3, found a part with 2"],
      [["--shard", "2/6"], "shards 6, found a part with 5"],
      [["--shard", "2/5", "--limit", "16"], "total 16, found a part with 17"],
      [["--shard", "2/5", "--epsilon", "0.02"], "record.epsilon 0.02, found a part with 0.03"],
      [["--shard", "2/5", "--against", "label"], 'settings.against "label"'],
      [["--shard", "2/5", "--rounding", "none"], "record.bound.evaluation"],
      [["--shard", "2/5", "--margins", "open"], 'settings.margins "open"'],
    ] as const) {
      expect(await refusal(...part(...more))).toContain(where);
    }
    writeFileSync("notes.json", '{"mine": 1}');
    expect(await refusal(...part("--shard", "1/5").with(-3, "notes.json"))).toContain(
      "notes.json: expected a part that --shard wrote",
    );
    expect(readFileSync("notes.json", "utf8")).toBe('{"mine": 1}');
    expect(readFileSync("part.json", "utf8")).toBe(before);
  });

  it("whose time is over ends with 1, and a further run goes on", async () => {
    const asked = part("--shard", "1/1").with(-3, "timed.json");
    const { code, stdout } = await runCommand([...asked, "--batch", "1", "--timeout", "0.05"]);
    if (code === 0) return;
    expect(code === 1 || code === 2).toBe(true);
    if (code === 1) expect(stdout).toContain("the same command goes on from there");
    await ok(...asked);
    expect(read("timed.json")).toMatchObject({ complete: true });
  });

  it.each([
    [["--report", "page.html"], "--report: expected without --shard"],
    [["--fail-above", "0.5"], "--fail-above: expected without --shard"],
    [["--explain"], "--explain: expected without --shard"],
    [["--each", "5", "--timeout", "5"], "--timeout: expected with --shard more than --each 5"],
    [["--junit", "j.xml"], "--junit: expected without --shard"],
  ])("knows nothing of the whole: %s", async (more, message) => {
    expect(await refusal(...part("--shard", "1/2", ...more))).toContain(message);
    expect(existsSync("page.html")).toBe(false);
  });

  it.each(["0/3", "4/3", "1/0", "a/3", "1", "1/2/3", "-1/3", "1.5/3", "auto/0", "1e1/20"])(
    "is named by its number: --shard %s",
    async (shard) => {
      expect(await refusal(...part("--shard", shard))).toContain("--shard: expected one of n such as 1/8");
    },
  );

  it("has certificates of its own, which a finished one still writes", async () => {
    const asked = ["certify", ...SUBJECT, "--epsilon", "0.001", "--json", "own-{shard}.json", "--shard"];
    const checked = (i: number) =>
      runCommand(["check", `own-${i}.cert`, "--model", "image.safetensors", "--data", "glyphs"]);
    await ok(...asked, "1/2", "--certificate", "own-{shard}.cert");
    await ok(...asked, "2/2");
    expect(existsSync("own-2.cert")).toBe(false);
    const stdout = await ok(...asked, "2/2", "--certificate", "own-{shard}.cert");
    expect(stdout).toContain("0 to do");
    let claims = 0;
    for (const i of [1, 2]) {
      const { code, stdout: said } = await checked(i);
      expect([code, said.split("\n")[0]]).toEqual([0, "valid"]);
      const { rows } = read(`own-${i}.json`) as unknown as { rows: { index: number; certified: boolean }[] };
      const { claims: written } = read(`own-${i}.cert`) as unknown as { claims: { index: number }[] };
      expect(written.map(({ index }) => index)).toEqual(
        rows.filter(({ certified }) => certified).map(({ index }) => index),
      );
      claims += written.length;
    }
    expect(claims).toBeGreaterThan(2);
    const one = [...asked, "1/2", "--certificate", "own-1.json"];
    expect(await refusal(...one)).toContain("--certificate: expected a file of its own");
  });

  it("must have a file", async () => {
    const asked = ["certify", ...SUBJECT, ...BALL, "--shard", "1/2"];
    expect(await refusal(...asked)).toContain("--json: expected with --shard the file");
    expect(await refusal(...asked, "--json", "-")).toContain("--json: expected with --shard the file");
  });
});

describe("merge refuses", () => {
  const parts = ["a1.json", "a2.json", "a3.json"];
  const certify = (shard: string, json: string, ...more: string[]) =>
    ok("certify", ...SUBJECT, ...BALL, "--shard", shard, "--json", json, ...more);

  beforeAll(async () => {
    for (const [i, json] of parts.entries()) await certify(`${i + 1}/3`, json);
  });

  const merge = (...files: string[]) => refusal("merge", ...files, "--json", "never.json");
  const changed = (name: string, change: (part: Record<string, unknown>) => void): string => {
    const part = read("a2.json");
    change(part);
    writeFileSync(name, JSON.stringify(part));
    return name;
  };

  it("gaps", async () => {
    expect(await merge("a1.json", "a3.json")).toContain("shard 2 of 3 is missing");
    expect(await merge("a2.json")).toContain("shards 1, 3 of 3 are missing");
    await certify("2/9007199254740991", "far.json");
    expect(await merge("far.json")).toContain(
      "shards 1, 3, 4, 5, 6, 7, 8 and 9007199254740983 more of 9007199254740991 are missing",
    );
    const endless = changed("endless.json", (part) => Object.assign(part, { total: 1e15 }));
    expect(await merge("a1.json", endless, "a3.json")).toContain("found 6 of 333333333333333;");
    const short = changed("short.json", (part) => {
      part.rows = (part.rows as unknown[]).slice(0, 2);
      part.complete = false;
    });
    expect(await merge("a1.json", short, "a3.json")).toContain(
      "found 2 of its 6 items; run its command again",
    );
  });

  it("overlaps", async () => {
    expect(await merge("a1.json", "a2.json", "a3.json", "a1.json")).toContain(
      "expected each shard once, found shard 1/3 here and in a1.json",
    );
    const twice = changed("twice.json", (part) => {
      const rows = part.rows as unknown[];
      part.rows = [...rows.slice(0, 5), rows[4]];
    });
    expect(await merge("a1.json", twice, "a3.json")).toContain("found item 13 as number 5");
  });

  it("parts of other wholes", async () => {
    const other = ["other.safetensors", ...SUBJECT.slice(1), ...BALL, "--shard", "2/3"];
    await ok("certify", ...other, "--json", "b2.json");
    expect(await merge("a1.json", "b2.json", "a3.json")).toContain("record.model.sha256");
    await certify("2/4", "c2.json");
    expect(await merge("a1.json", "c2.json", "a3.json")).toContain("shards 3, found 4");
    await ok("attack", ...SUBJECT, ...BALL, "--shard", "2/3", "--json", "d2.json");
    expect(await merge("a1.json", "d2.json", "a3.json")).toContain('command "certify", found "attack"');
    const data = changed("data.json", (part) => {
      (part.same as { settings: Record<string, unknown> }).settings.data = "0".repeat(64);
    });
    expect(await merge("a1.json", data, "a3.json")).toContain("settings.data");
  });

  it("damaged files and verdicts that claim too much", async () => {
    writeFileSync("cut.json", readFileSync("a2.json", "utf8").slice(0, 900));
    expect(await merge("a1.json", "cut.json", "a3.json")).toContain("cut.json: expected a part");
    const claimed = changed("claimed.json", (part) => {
      for (const row of part.rows as Record<string, unknown>[]) {
        row.certified = true;
        row.marginLower = (row.marginLower as number[]).map(() => -1);
      }
    });
    expect(await merge("a1.json", claimed, "a3.json")).toContain(
      "a1.json to a3.json: example 1: expected margins",
    );
    const proved = (rung: string) =>
      changed("proved.json", (part) => {
        for (const row of part.rows as Record<string, unknown>[])
          Object.assign(row, { certified: true, rung });
      });
    expect(await merge("a1.json", proved("slopes"), "a3.json")).toContain(
      "example 1: expected no rung without seconds for each example",
    );
    const climbed = changed("climbed.json", (part) => {
      const { record } = part.same as { record: { bound: object; data: object } };
      Object.assign(record.bound, { secondsEach: 3 });
      Object.assign(record.data, { count: 6 });
      Object.assign(part, { shard: { index: 1, of: 1 }, total: 6 });
      const rows = part.rows as Record<string, unknown>[];
      part.rows = rows.map((row, index) => ({ ...row, index, certified: true, rung: "magic" }));
    });
    expect(await merge(climbed)).toContain("climbed.json: example 0: expected a rung of interval");
    const likely = changed("likely.json", (part) => {
      for (const row of part.rows as Record<string, unknown>[]) {
        const marginLower = (row.marginLower as number[]).map(() => 1);
        Object.assign(row, { certified: true, guarantee: "probability", marginLower });
      }
    });
    expect(await merge("a1.json", likely, "a3.json")).toContain("expected a delta of a certificate");
    const odd = changed("odd.json", (part) => {
      (part.rows as Record<string, unknown>[])[0].prediction = "three";
    });
    expect(await merge("a1.json", odd, "a3.json")).toContain("odd.json: item 1: prediction");
    const later = changed("later.json", (part) => {
      (part.rows as Record<string, unknown>[])[1].stage = 1;
    });
    expect(await merge("a1.json", later, "a3.json")).toContain(
      "later.json: item 4: stage: expected one below 1",
    );
    expect(await merge("a1.json", "missing.json")).toContain("missing.json: no such file");
    expect(await refusal("merge", ...parts, "--json", "a1.json")).toContain("which is that of a part");
    expect(existsSync("never.json")).toBe(false);
  });

  it("no other name of the same model", async () => {
    copyFileSync("image.safetensors", "moved.safetensors");
    const moved = ["moved.safetensors", ...SUBJECT.slice(1), ...BALL, "--shard", "2/3"];
    await ok("certify", ...moved, "--json", "moved.json");
    await ok("merge", "moved.json", "a1.json", "a3.json", "--json", "named.json");
    expect(read("named.json")).toMatchObject({ model: { path: "image.safetensors" } });
  });

  it("nothing that is right, and tells a gate", async () => {
    expect(await ok("merge", ...parts, "--fail-above", "1")).toContain("3 parts of certify, 17 items");
    expect((await runCommand(["merge", ...parts, "--fail-above", "0"])).code).toBe(1);
    await ok("attack", ...SUBJECT, ...BALL, "--shard", "1/1", "--json", "attacked.json");
    expect(await refusal("merge", "attacked.json", "--fail-above", "1")).toContain("found parts of attack");
  });
});

describe("--shard auto", () => {
  const asked = ["certify", ...SUBJECT, ...BALL, "--json", "auto-{shard}.json", "--shard"];
  const launched = (env: Readonly<Record<string, string>>, shard = "auto") =>
    runCommand([...asked, shard], env);

  it.each([
    [{ SLURM_ARRAY_TASK_ID: "7", SLURM_ARRAY_TASK_MIN: "3", SLURM_ARRAY_TASK_COUNT: "9" }, "auto", "5/9"],
    [
      {
        ...{ SLURM_ARRAY_TASK_ID: "4", SLURM_ARRAY_TASK_MIN: "0" },
        ...{ SLURM_ARRAY_TASK_STEP: "2", SLURM_ARRAY_TASK_COUNT: "4" },
      },
      "auto",
      "3/4",
    ],
    [{ JOB_COMPLETION_INDEX: "0" }, "auto/6", "1/6"],
    [{ OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_SIZE: "4" }, "auto", "4/4"],
    [{ PMI_RANK: "1", PMI_SIZE: "2", SLURM_PROCID: "1", SLURM_NTASKS: "2" }, "auto", "2/2"],
    [
      { SLURM_ARRAY_TASK_ID: "2", SLURM_ARRAY_TASK_COUNT: "3", SLURM_PROCID: "0", SLURM_NTASKS: "1" },
      "auto",
      "2/3",
    ],
  ])("%j %s is %s", async (env, shard, expected) => {
    rmSync(`auto-${expected.split("/")[0]}.json`, { force: true });
    const { code, stdout } = await launched(env, shard);
    expect(code).toBe(0);
    expect(stdout).toContain(`shard ${expected}:`);
    expect(stdout).toContain(`part auto-${expected.split("/")[0]}.json`);
  });

  it.each([
    [{}, "auto", "found none"],
    [{ JOB_COMPLETION_INDEX: "1" }, "auto", "which Kubernetes does not tell"],
    [{ JOB_COMPLETION_INDEX: "6" }, "auto/6", "found 7 of 6"],
    [{ OMPI_COMM_WORLD_RANK: "3", OMPI_COMM_WORLD_SIZE: "4" }, "auto/8", "found 4 of 4 by Open MPI"],
    [
      { JOB_COMPLETION_INDEX: "1", OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2" },
      "auto/2",
      "found Kubernetes and Open MPI",
    ],
    [{ SLURM_ARRAY_TASK_ID: "x" }, "auto", "found none"],
  ])("%j %s is refused: %s", async (env, shard, message) => {
    const { code, stderr } = await launched(env, shard);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
