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
import { loadDataset } from "../../src/data/load.js";
import { writeNpz } from "../../src/formats/npz.js";
import { cascadeRunSchema } from "../../src/train/cascade-run.js";
import { runSchema } from "../../src/train/run-folder.js";
import { textOf } from "../report/run-records.js";
import { changeRun, imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const REFERENCE = ["--backend", "portable"];
const TRAIN = [
  ...["train", "--data", "glyphs", "--model", "image.safetensors", "--epsilon", "0.02", "--limit", "200"],
  ...["--batch", "20", "--epochs", "2", "--rate", "0.01", "--test-limit", "60", "--evaluate-every", "1"],
  ...["--evaluate-limit", "20", ...REFERENCE],
];

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return stdout;
}

/** The complaint of a command that fails, the last line of what it says. */
async function refused(...args: string[]): Promise<string> {
  const { code, stderr } = await runCommand(args);
  const complaints = stderr.split("\n").filter((line) => line.startsWith("autodual:"));
  expect([code, complaints.length]).toEqual([2, 1]);
  return complaints[0];
}

const text = (path: string): string => readFileSync(path, "utf8");
const cascadeRun = (path: string) => cascadeRunSchema.parse(JSON.parse(text(join(path, "run.json"))));

/** A copy of the whole cascade that was stopped in its stage 2, after both epochs. */
function stoppedInStageTwo(name: string): string {
  cpSync("whole", name, { recursive: true });
  changeRun(join(name, "run.json"), (run) => ({
    ...run,
    status: "interrupted",
    stages: (run.stages as unknown[]).slice(0, 1),
  }));
  changeRun(join(name, "stage-2/run.json"), (run) => ({ ...run, status: "interrupted", evaluation: null }));
  rmSync(join(name, "stage-3"), { recursive: true });
  return name;
}

beforeAll(async () => {
  process.chdir(folder.path);
  writeModel("image.safetensors", imageNetwork());
  await done(...TRAIN, "--cascade", "3", "--out", "whole");
});
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

describe("the stages of a cascade", () => {
  it("are evaluated behind those before them, which record and page say", async () => {
    const [first, second] = [1, 2].map((stage) =>
      runSchema.parse(JSON.parse(text(`whole/stage-${stage}/run.json`))),
    );
    expect(first.epochs.map(({ test }) => test?.stages)).toEqual([undefined, undefined]);
    expect(second.epochs.map(({ test }) => test?.stages)).toEqual([2, 2]);
    const words = "those of the cascade up to this stage, not of this model alone";
    for (const [stage, says] of [
      [1, false],
      [2, true],
    ] as const) {
      await done("report", `whole/stage-${stage}`);
      expect(textOf(text(`whole/stage-${stage}/report.html`)).includes(words)).toBe(says);
    }
  });

  it("go on with their cascade alone", async () => {
    stoppedInStageTwo("alone");
    const before = text("alone/stage-2/run.json");
    const line = await refused("train", "--resume", "alone/stage-2", ...REFERENCE);
    expect(line).toMatch(/alone\/stage-2: .* stage of the cascade alone, .*: autodual train --resume alone$/);
    expect(text("alone/stage-2/run.json")).toBe(before);
    await done("report", "alone/stage-2");
    expect(textOf(text("alone/stage-2/report.html"))).toMatch(/autodual train --resume alone /);
    await done("train", "--resume", "alone", ...REFERENCE);
    expect(text("alone/cascade.json")).toBe(text("whole/cascade.json"));
  });

  it("leave no half-written files and no empty folders", async () => {
    stoppedInStageTwo("killed");
    // A process of this number there never is.
    for (const at of ["", "stage-1/", "stage-2/"]) {
      writeFileSync(`killed/${at}.run.json.99999999-0a1b2c3d.part`, "half");
    }
    await done("train", "--resume", "killed", ...REFERENCE);
    const files = readdirSync("killed", { recursive: true }) as string[];
    expect(files.filter((name) => name.endsWith(".part"))).toEqual([]);
    // At radius 0 every answer is certified.
    const stdout = await done(...TRAIN, "--epsilon", "0", "--cascade", "2", "--out", "sure");
    expect(stdout).toContain("no training example remains");
    expect(existsSync("sure/stage-2")).toBe(false);
  });

  it("all begin with the model file as it was when the cascade began", async () => {
    stoppedInStageTwo("from-file");
    rmSync("from-file/stage-2", { recursive: true });
    cpSync("from-file", "from-damaged", { recursive: true });
    renameSync("image.safetensors", "kept.safetensors");
    await done("train", "--resume", "from-file", ...REFERENCE);
    expect(text("from-file/cascade.json")).toBe(text("whole/cascade.json"));
    renameSync("kept.safetensors", "image.safetensors");

    cpSync("whole/stage-1/model.safetensors", "from-damaged/start.safetensors");
    expect(await refused("train", "--resume", "from-damaged", ...REFERENCE)).toMatch(
      /from-damaged\/start\.safetensors: expected the model .* sha256 [0-9a-f]{64}, found [0-9a-f]{64}; put .*/,
    );
    rmSync("from-damaged/start.safetensors");
    expect(await refused("train", "--resume", "from-damaged", ...REFERENCE)).toMatch(
      /from-damaged\/start\.safetensors: expected .* found no such file; put it back/,
    );
    expect(cascadeRun("from-damaged").status).toBe("interrupted");
    // A run of another version kept no copy, and reads the file itself.
    changeRun("from-damaged/run.json", ({ startSha256: _, ...run }) => run);
    await done("train", "--resume", "from-damaged", ...REFERENCE);
    expect(text("from-damaged/cascade.json")).toBe(text("whole/cascade.json"));
  });

  it("are measured on the test examples that the cascade began with", async () => {
    stoppedInStageTwo("other-test");
    changeRun("other-test/run.json", (run) => {
      const config = run.config as { data: object };
      return { ...run, config: { ...config, data: { ...config.data, testSha256: "0".repeat(64) } } };
    });
    const before = text("other-test/run.json");
    expect(await refused("train", "--resume", "other-test", ...REFERENCE)).toMatch(
      /other-test\/run\.json: data set glyphs: expected the same examples .* found other test examples/,
    );
    expect(text("other-test/run.json")).toBe(before);
  });
});

describe("the data of a cascade that have moved", () => {
  it("are named by --data, for the stage that was stopped as well", async () => {
    mkdirSync("pixels");
    for (const split of ["train", "test"] as const) {
      const { count, pixels, labels } = await loadDataset("glyphs", { split, limit: 200 });
      await writeNpz(`pixels/${split}.npz`, {
        x: { shape: [count, 1, 28, 28], values: Uint8Array.from(pixels) },
        y: { shape: [count], values: Int32Array.from(labels) },
      });
    }
    await done(...TRAIN, "--data", "pixels", "--cascade", "2", "--out", "on-pixels");
    changeRun("on-pixels/run.json", ({ stages, ...run }) => {
      return { ...run, status: "interrupted", stages: (stages as unknown[]).slice(0, 1) };
    });
    changeRun("on-pixels/stage-2/run.json", (run) => ({ ...run, status: "interrupted", evaluation: null }));
    renameSync("pixels", "moved-pixels");
    expect(await refused("train", "--resume", "on-pixels", ...REFERENCE)).toMatch(
      /on-pixels\/run\.json: data set .*pixels: expected this file or folder, .* --data beside --resume/,
    );
    await done("train", "--resume", "on-pixels", "--data", "moved-pixels", ...REFERENCE);
    const stage = runSchema.parse(JSON.parse(text("on-pixels/stage-2/run.json")));
    for (const { config, status } of [cascadeRun("on-pixels"), stage]) {
      expect([config.data.name, status]).toEqual([join(folder.path, "moved-pixels"), "finished"]);
    }
  });
});

describe("train --cascade --first-stage", () => {
  it.each([
    ["the data", "cifar-small-2-255/stage-1", /--first-stage cifar\S+: the model takes inputs of .*glyphs/],
    [
      "the other stages",
      "flat.safetensors",
      /--first-stage flat\S+: expected a stage for inputs of .* as --model/,
    ],
  ])("is checked against %s before the folder is made", async (_, name, words) => {
    const { sequential } = await import("../../src/network/network.js");
    const { linear } = await import("../../src/network/build-layer.js");
    writeModel("flat.safetensors", sequential([784], [linear(10)]));
    const line = await refused(...TRAIN, "--cascade", "2", "--first-stage", name, "--out", "none");
    expect(line).toMatch(words);
    expect(existsSync("none")).toBe(false);
  });
});

describe("train --resume --cascade", () => {
  it("ends with the stages there are where the next one cannot be trained", async () => {
    const diverging = ["--rate", "1e39", "--dtype", "float32", "--first-stage", "whole/stage-1"];
    const line = await refused(...TRAIN, ...diverging, "--cascade", "3", "--out", "stuck");
    expect(line).toMatch(
      /training: stage 2: .*no longer.*; end with the stage before it: autodual train --resume stuck --cascade 1$/,
    );
    expect(cascadeRun("stuck")).toMatchObject({ status: "interrupted", cascade: 3 });
    expect(await refused("train", "--resume", "stuck")).toMatch(/--resume stuck --cascade 1$/);
    await done("train", "--resume", "stuck", "--cascade", "1");
    const { status, cascade, stages } = cascadeRun("stuck");
    expect([status, cascade, stages.length]).toEqual(["finished", 1, 1]);
    expect(JSON.parse(text("stuck/certification.json")).data.count).toBe(60);
    // The stage that came to nothing is no part of it.
    expect(textOf(text("stuck/report.html"))).not.toContain("stage 2");
  });

  it("adds stages to a finished cascade, and measures it anew", async () => {
    await done(...TRAIN, "--cascade", "2", "--out", "two");
    expect(JSON.parse(text("two/certification.json")).model.stages).toBe(2);
    await done("train", "--resume", "two", "--cascade", "3", ...REFERENCE);
    expect(text("two/cascade.json")).toBe(text("whole/cascade.json"));
    expect(JSON.parse(text("two/certification.json")).model.stages).toBe(3);
    expect(cascadeRun("two")).toMatchObject({ status: "finished", cascade: 3 });
    expect(await done("train", "--resume", "two", "--cascade", "3")).toContain("nothing to resume");
  });

  it("throws no stage away, and is about cascades alone", async () => {
    const before = text("whole/run.json");
    expect(await refused("train", "--resume", "whole", "--cascade", "2")).toMatch(
      /--cascade: expected at least 3, .* found 2$/,
    );
    expect(text("whole/run.json")).toBe(before);
    expect(await refused("train", "--resume", "whole/stage-1", "--cascade", "2")).toMatch(
      /--cascade: expected a cascade's folder .* --cascade 2 --first-stage whole\/stage-1$/,
    );
  });

  it("writes the report of a finished cascade that lost it", async () => {
    cpSync("whole", "unreported", { recursive: true });
    rmSync("unreported/report.html");
    expect(await done("train", "--resume", "unreported")).toContain("report unreported/report.html");
    expect(existsSync("unreported/report.html")).toBe(true);
  });
});
