import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunFolder, runSchema } from "../../src/train/run-folder.js";
import { cifarBytes } from "../data/fixtures.js";
import { textOf } from "../report/run-records.js";
import { changeRun, flatNetwork, imageNetwork, writeExamples, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const SHORT = ["--epochs", "2", "--batch", "5", "--test-limit", "5", "--backend", "portable"];

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return stdout;
}

/** Every file of a folder with its bytes. */
function contents(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name)).toString("latin1"),
    ]),
  );
}

/** Runs a command that must be refused in one line, and that must leave the folder as it was. */
async function refused(path: string, ...args: string[]): Promise<string> {
  const before = contents(path);
  const { code, stderr } = await runCommand(args);
  expect(stderr).toMatch(/^autodual: [^\n]+\n$/);
  expect(code).toBe(2);
  expect(contents(path)).toEqual(before);
  return stderr;
}

/** A copy of the finished run, made as one that was interrupted after its first epoch's record. */
function interrupted(name: string, from = "run"): string {
  cpSync(from, name, { recursive: true });
  changeRun(join(name, "run.json"), (run) => ({ ...run, status: "interrupted", evaluation: null }));
  return name;
}

function changeConfig(path: string, change: (data: Record<string, unknown>) => unknown): void {
  changeRun(path, (run) => {
    const config = run.config as { data: Record<string, unknown> };
    return { ...run, config: { ...config, data: change(config.data) } };
  });
}

beforeAll(async () => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  writeModel("flat.safetensors", flatNetwork());
  mkdirSync("own");
  await writeExamples("own/train.npz");
  await writeExamples("own/test.npz", [0, 1, 2, 2, 1, 0]);
  const flags = ["--model", "flat.safetensors", "--epsilon", "0.01", ...SHORT];
  await done("train", "--data", "own", ...flags, "--out", "run");
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("the data of a resumed run", () => {
  it("are checked by checksums of both splits", async () => {
    const { data } = runSchema.parse(JSON.parse(readFileSync("run/run.json", "utf8"))).config;
    expect([data.sha256, data.testSha256]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    cpSync("own/test.npz", "test.npz");
    // The same sizes, and one label that is another.
    await writeExamples("own/test.npz", [0, 1, 2, 2, 1, 1]);
    interrupted("relabelled");
    cpSync("run", "unmeasured", { recursive: true });
    rmSync("unmeasured/attack.json");
    for (const name of ["relabelled", "unmeasured"]) {
      const line = await refused(name, "train", "--resume", name);
      expect(line).toMatch(
        /run\.json: data set .*own: expected the same examples .* found other test examples in .*expected [0-9a-f]{64}.*put/,
      );
    }
    renameSync("test.npz", "own/test.npz");
    await done("train", "--resume", "relabelled");
    await done("train", "--resume", "unmeasured");
  });

  it("are not checked further than a run of another version recorded them", async () => {
    interrupted("older");
    changeConfig("older/run.json", ({ testSha256: _, ...data }) => data);
    await done("train", "--resume", "older");
    const { config } = runSchema.parse(JSON.parse(readFileSync("older/run.json", "utf8")));
    expect(config.data).not.toHaveProperty("testSha256");
  });

  it("may have moved: --data says where to, and the run remembers it", async () => {
    interrupted("moved");
    cpSync("run", "moved-unmeasured", { recursive: true });
    rmSync("moved-unmeasured/layers.json");
    renameSync("own", "elsewhere");
    for (const name of ["moved", "moved-unmeasured"]) {
      expect(await refused(name, "train", "--resume", name)).toMatch(
        /run\.json: data set .*own: expected this file or folder, .* found nothing there; .* --data beside --resume/,
      );
      await done("train", "--resume", name, "--data", "elsewhere");
      const { config, status } = runSchema.parse(JSON.parse(readFileSync(`${name}/run.json`, "utf8")));
      expect([config.data.name, status]).toEqual([join(folder.path, "elsewhere"), "finished"]);
    }
    renameSync("elsewhere", "own");
  });

  it("stay the same data set", async () => {
    interrupted("same");
    const nowhere = ["--data", "nowhere"];
    expect(await refused("same", "train", "--resume", "same", ...nowhere)).toContain("--data nowhere");
    const named = await refused("same", "train", "--resume", "same", "--data", "glyphs");
    expect(named).toMatch(/--data glyphs: expected the file or folder .* found another data set/);
    const dir = await refused("same", "train", "--resume", "same", "--data-dir", "own");
    expect(dir).toMatch(/--data-dir own: expected a run on a published data set/);
    mkdirSync("others");
    await writeExamples("others/train.npz", [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 1]);
    await writeExamples("others/test.npz", [0, 1, 2, 2, 1, 0]);
    const other = await refused("same", "train", "--resume", "same", "--data", "others");
    expect(other).toMatch(/expected the same examples .* found other training examples/);
  });

  it("of a published data set are found again by --data-dir", async () => {
    mkdirSync("cifar");
    const batches = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`);
    for (const name of [...batches, "test_batch"]) writeFileSync(join("cifar", `${name}.bin`), cifarBytes(1));
    await done(
      ...["train", "--data", "cifar10", "--data-dir", "cifar", "--model", "tiny", "--epsilon", "0.001"],
      ...[
        "--epochs",
        "1",
        "--test-limit",
        "1",
        "--evaluate-every",
        "0",
        "--out",
        "c",
        "--backend",
        "portable",
      ],
    );
    interrupted("c-moved", "c");
    renameSync("cifar", "cifar-moved");
    expect(await refused("c-moved", "train", "--resume", "c-moved")).toMatch(
      /run\.json: data set cifar10: expected its files in .*cifar, .* found no such folder; .*--data-dir DIR beside --resume/,
    );
    const gone = await refused("c-moved", "train", "--resume", "c-moved", "--data-dir", "cifar");
    expect(gone).toMatch(/^autodual: --data-dir cifar: expected a folder/);
    await done("train", "--resume", "c-moved", "--data-dir", "cifar-moved");
    const { config } = runSchema.parse(JSON.parse(readFileSync("c-moved/run.json", "utf8")));
    expect(config.data.dataDir).toBe(join(folder.path, "cifar-moved"));
  });
});

describe("a run folder that is not whole", () => {
  it.each([
    ["checkpoint.safetensors", "found no such file; put it back, or train anew"],
    ["model.safetensors", "found no such file; put it back, or train anew"],
  ])("without %s says what is missing and what to do", async (file, words) => {
    const name = interrupted(`without-${file}`);
    rmSync(join(name, file));
    const line = await refused(name, "train", "--resume", name);
    expect(line).toContain(`${name}/${file}: expected`);
    expect(line).toContain(words);
  });

  it.each(["run", "cascade-run"])("of another version of autodual/%s names both", async (kind) => {
    const name = interrupted(`version-${kind}`);
    changeRun(join(name, "run.json"), (run) => ({ ...run, schema: `autodual/${kind}/9` }));
    const line = await refused(name, "train", "--resume", name);
    const schema = (version: number) => `"autodual/${kind}/${version}"`;
    expect(line).toContain(
      `${name}/run.json: schema: expected ${schema(1)}, found ${schema(9)} of another version; go on with`,
    );
  });

  it("whose report is lost gets it again", async () => {
    cpSync("run", "unreported", { recursive: true });
    rmSync("unreported/report.html");
    const stdout = await done("train", "--resume", "unreported");
    expect(stdout).toContain("report unreported/report.html");
    expect(textOf(readFileSync("unreported/report.html", "utf8"))).toContain("What is guaranteed");
    expect(await done("train", "--resume", "unreported")).toContain("there is nothing to resume");
  });

  it("that was killed after an epoch's last batch goes on with the epoch's end", async () => {
    const name = interrupted("last-batch");
    const run = RunFolder.open(name);
    const { config, epochs } = await run.readRun();
    const { network } = await run.readModel();
    const state = await run.readCheckpoint(network, config);
    const [first, { loss, robustLoss, error, robustError, seconds }] = epochs;
    const [wrong, notCertified] = [error, robustError ?? 0].map((part) => Math.round(part * 12));
    const sums = {
      ...{ examples: 12, loss: loss * 12, bounded: 12, robustLoss: (robustLoss ?? 0) * 12 },
      ...{ wrong, notCertified, seconds },
    };
    await run.writeCheckpoint(network, { ...state, epoch: 1, batch: 3, rows: [first], sums });
    await done("train", "--resume", name);
    const after = await run.readRun();
    expect(after.epochs.map(({ epoch, test }) => [epoch, test])).toEqual(
      epochs.map(({ epoch, test }) => [epoch, test]),
    );
  });

  it("has nothing left in it if its first files could not be written", async () => {
    mkdirSync("full/checkpoint.safetensors/taken", { recursive: true });
    const flags = ["--model", "flat.safetensors", "--epsilon", "0.01", ...SHORT];
    const { code, stderr } = await runCommand(["train", "--data", "own", ...flags, "--out", "full"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("full/checkpoint.safetensors: cannot write")]);
    expect(readdirSync("full")).toEqual(["checkpoint.safetensors"]);
  });
});

describe("training that goes beyond all numbers", () => {
  const args = [
    ...["train", "--data", "glyphs", "--model", "image.safetensors", "--epsilon", "0.01", "--limit", "10"],
    ...["--batch", "10", "--test-limit", "2", "--evaluate-every", "0", "--backend", "portable"],
    ...["--dtype", "float32"],
  ];

  it.each([
    ["1e39", "3", /weights are no longer finite numbers in epoch 1: .*Infinity; try a smaller --rate/],
    ["1e30", "1", /answers are no longer finite numbers after epoch 1; try a smaller --rate/],
  ])("at rate %s stops with advice, with nothing claimed", async (rate, epochs, words) => {
    const out = `rate-${rate}`;
    const { code, stderr } = await runCommand([...args, "--rate", rate, "--epochs", epochs, "--out", out]);
    expect([code, stderr.trim().split("\n").at(-1)]).toEqual([2, expect.stringMatching(words)]);
    const run = runSchema.parse(JSON.parse(readFileSync(`${out}/run.json`, "utf8")));
    expect([run.status, run.evaluation]).toEqual(["interrupted", null]);
    expect(existsSync(`${out}/certification.json`)).toBe(false);
  });
});

describe("a warm-up", () => {
  it("is no candidate for the best epoch", async () => {
    const args = ["train", "--data", "own", "--model", "flat.safetensors", "--epsilon", "0.01"];
    const flags = ["--start-epsilon", "0.01", "--warmup-epochs", "2", ...SHORT, "--out", "warm"];
    await done(...args, ...flags);
    const run = runSchema.parse(JSON.parse(readFileSync("warm/run.json", "utf8")));
    expect(run.epochs.every(({ test }) => test !== null)).toBe(true);
    expect(run.best).toBeNull();
    expect(existsSync("warm/best.safetensors")).toBe(false);
  });
});
