import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cascadeSchema } from "../../src/cascade/folder.js";
import { cascadeRunSchema } from "../../src/train/cascade-run.js";
import { runSchema } from "../../src/train/run-folder.js";
import { readEvents } from "../formats/tfevents-reader.js";
import { textOf } from "../report/run-records.js";
import { imageNetwork, writeModel } from "./input-files.js";
import { newFolder, runCommand } from "./run-command.js";

const folder = newFolder();
const home = process.cwd();
const TRAIN = [
  ...["train", "--data", "glyphs", "--model", "image.safetensors", "--epsilon", "0.02", "--limit", "200"],
  ...["--batch", "20", "--epochs", "2", "--rate", "0.01", "--test-limit", "60", "--evaluate-every", "0"],
  ...["--backend", "portable"],
];

async function done(...args: string[]): Promise<{ json: unknown; stdout: string }> {
  const { code, stdout, stderr } = await runCommand([...args, "--json", "figures.json"]);
  expect(stderr).not.toContain("autodual:");
  expect(code).toBe(0);
  return { json: JSON.parse(readFileSync("figures.json", "utf8")), stdout };
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

describe("train --cascade", () => {
  it("trains each stage on what those before it do not certify, into one folder", async () => {
    const run = cascadeRunSchema.parse(JSON.parse(readFileSync("whole/run.json", "utf8")));
    expect(run.status).toBe("finished");
    expect(run.stages.map(({ folder: stage }) => stage)).toEqual(["stage-1", "stage-2", "stage-3"]);
    const trained = run.stages.map(({ trainedOn }) => trainedOn ?? 0);
    expect(trained[0]).toBe(200);
    expect(trained[1]).toBeLessThan(200);
    expect(trained[2]).toBeLessThan(trained[1]);
    // A later stage can only add certified answers.
    const certified = run.stages.map(({ evaluation }) => evaluation.certified);
    expect(certified[1]).toBeGreaterThanOrEqual(certified[0]);
    expect(certified[2]).toBeGreaterThanOrEqual(certified[1]);
    const second = runSchema.parse(JSON.parse(readFileSync("whole/stage-2/run.json", "utf8")));
    expect(second.config.data).toMatchObject({ count: trained[1], listed: true });
    expect(JSON.parse(readFileSync("whole/stage-2/examples.json", "utf8"))).toHaveLength(trained[1]);
    expect(second.seed).toBe(1);
    const cascade = cascadeSchema.parse(JSON.parse(readFileSync("whole/cascade.json", "utf8")));
    expect(cascade).toMatchObject({ norm: "linf", epsilon: 0.02, box: [0, 1], bound: "parallel" });
    expect(cascade.stages).toHaveLength(3);
    expect(run.peakMemoryMB).toBeGreaterThan(10);
    expect(run.stages.map(({ evaluation }) => evaluation.about)).toEqual([
      "model",
      "stage that answers",
      "stage that answers",
    ]);
  });

  it("evaluates epochs as the cascade so far, which figure3 draws", async () => {
    const flags = TRAIN.map((flag) => (flag === "0" ? "1" : flag));
    await done(...flags, "--evaluate-limit", "60", "--cascade", "2", "--out", "curves");
    const [first, second] = ["stage-1", "stage-2"].map(
      (stage) => runSchema.parse(JSON.parse(readFileSync(`curves/${stage}/run.json`, "utf8"))).epochs,
    );
    const run = cascadeRunSchema.parse(JSON.parse(readFileSync("curves/run.json", "utf8")));
    // The last epoch's evaluation is that of the finished stage: of all stages so far, on the same examples.
    expect(first[1].test?.robustError).toBe(run.stages[0].evaluation.robustError);
    expect(second[1].test?.robustError).toBe(run.stages[1].evaluation.robustError);
    // TensorBoard shows a cascade's apart from a model's.
    const tags = ["stage-1", "stage-2"].map((stage) => {
      const [file] = readdirSync(`curves/${stage}/tensorboard`);
      const events = readEvents(readFileSync(`curves/${stage}/tensorboard/${file}`));
      return Object.keys(events.at(-1)?.scalars ?? {}).filter((tag) => tag.startsWith("test/robust"));
    });
    expect(tags).toEqual([["test/robust error"], ["test/robust error of the stage that answers"]]);
    const { code, stdout } = await runCommand([
      "reproduce",
      "figure3",
      "--model",
      "curves",
      "--out",
      "figures",
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("trained on");
    expect(JSON.parse(readFileSync("figures/figure3.json", "utf8")).curves).toHaveLength(2);
    const none = await runCommand(["reproduce", "figure3", "--model", "curves/stage-1"]);
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/^autodual: .*run folder of a cascade/),
    ]);
  });

  it("takes a model that is there as the first stage", async () => {
    const { json } = await done(
      ...TRAIN,
      ...["--cascade", "2", "--first-stage", "whole/stage-1", "--out", "given"],
    );
    const [first, second] = cascadeRunSchema.parse(json).stages;
    expect(first.trainedOn).toBeNull();
    const whole = cascadeRunSchema.parse(JSON.parse(readFileSync("whole/run.json", "utf8")));
    expect(first.evaluation.robustError).toBe(whole.stages[0].evaluation.robustError);
    expect(second.trainedOn).toBe(whole.stages[1].trainedOn);
  });

  it("takes a model of the package by its name", async () => {
    const brief = ["--limit", "20", "--test-limit", "4", "--epochs", "1"];
    const name = "mnist-small-0.1/stage-1";
    const { json } = await done(
      ...TRAIN,
      ...brief,
      "--cascade",
      "2",
      "--first-stage",
      name,
      "--out",
      "named",
    );
    const { firstStage, stages } = cascadeRunSchema.parse(json);
    expect(firstStage).toBe(name);
    expect(stages.map(({ folder: stage }) => stage)).toEqual(["stage-1", "stage-2"]);
  });

  it("goes on from any stage, killed in its middle or before it, to the same cascade", async () => {
    const whole = readFileSync("whole/cascade.json", "utf8");
    const record = JSON.parse(readFileSync("whole/run.json", "utf8"));
    for (const [name, stages, lost] of [
      ["before", 1, ["stage-2", "stage-3"]],
      ["listed", 1, ["stage-2/run.json", "stage-2/model.safetensors", "stage-3"]],
      ["trained", 2, ["stage-3/run.json"]],
    ] as const) {
      cpSync("whole", name, { recursive: true });
      for (const path of lost) rmSync(`${name}/${path}`, { recursive: true });
      const cut = { ...record, status: "running", stages: record.stages.slice(0, stages) };
      writeFileSync(`${name}/run.json`, JSON.stringify(cut));
      await done("train", "--resume", name, "--backend", "portable");
      expect(readFileSync(`${name}/cascade.json`, "utf8")).toBe(whole);
      expect(existsSync(`${name}/stage-3/run.json`)).toBe(true);
    }
  });

  it("says that a finished cascade is finished, and refuses one stage with --first-stage", async () => {
    expect((await done("train", "--resume", "whole")).stdout).toContain("nothing to resume");
    const { code, stderr } = await runCommand([...TRAIN, "--first-stage", "whole/stage-1"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^autodual: .*--first-stage.*--cascade 2/)]);
  });

  it("is refused on other data than it began with", async () => {
    cpSync("whole", "other", { recursive: true });
    const record = JSON.parse(readFileSync("whole/run.json", "utf8"));
    record.status = "interrupted";
    record.stages.pop();
    record.config.data.sha256 = "0".repeat(64);
    writeFileSync("other/run.json", JSON.stringify(record));
    const { code, stderr } = await runCommand(["train", "--resume", "other", "--backend", "portable"]);
    expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(/other\/run\.json: data set glyphs: expected the same examples/);
  });
});

interface AttackRecord {
  readonly summary: { readonly error: number; readonly pgdError: number; readonly switchingError: number };
  readonly examples: readonly { readonly wrong: boolean; readonly switched: boolean }[];
}

describe("a cascade is a model", () => {
  const images = ["--data", "glyphs", "--limit", "60", "--epsilon", "0.02", "--backend", "portable"];

  it("to certify, as a folder or as several models, which says who answers", async () => {
    const { json, stdout } = await done("certify", "whole", ...images);
    const run = cascadeRunSchema.parse(JSON.parse(readFileSync("whole/run.json", "utf8")));
    const certification = json as {
      model: { stages: number };
      summary: { robustError: number };
      examples: { stage: number; certified: boolean }[];
    };
    expect(certification.model.stages).toBe(3);
    expect(certification.summary.robustError).toBe(run.stages[2].evaluation.robustError);
    expect(Math.max(...certification.examples.map(({ stage }) => stage))).toBeGreaterThan(0);
    expect(stdout.replace(/\s+/g, " ")).toContain("the first of 3 whose answer is certified");
    expect(json).toMatchObject({ about: "stage that answers" });
    expect(stdout).toMatch(/about +│ the stage that answers an example/);
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "the robust error does not bound the error of the cascade under attack",
    );
    expect(stdout).not.toContain("no attack within");
    const named = await done("certify", "whole/stage-1", "whole/stage-2", "whole/stage-3", ...images);
    expect((named.json as typeof certification).examples).toEqual(certification.examples);
  });

  it("to attack, whose errors stay below the robust error", async () => {
    const { json, stdout } = await done("attack", "whole", ...images, "--steps", "5", "--restarts", "1");
    const { summary, examples } = json as AttackRecord;
    const run = cascadeRunSchema.parse(JSON.parse(readFileSync("whole/run.json", "utf8")));
    expect(summary.pgdError).toBeLessThanOrEqual(run.stages[2].evaluation.robustError);
    expect(stdout.replace(/\s+/g, " ")).toContain("Of a cascade the stage that answers");
    expect(json).toMatchObject({ about: "stage that answers" });
    expect(stdout.replace(/\s+/g, " ")).toContain("not of the cascade's error under attack");
    expect(stdout).toMatch(/about +│ the stage that answers/);
    expect(stdout).toContain("cascade's own answers");
    const switched = examples.filter((example) => example.switched);
    expect(summary.switchingError).toBe(switched.length / examples.length);
    expect(summary.switchingError).toBeGreaterThanOrEqual(summary.error);
    expect(examples.every(({ wrong, switched }) => switched || !wrong)).toBe(true);
  });

  it("to neither where it is one stage, whose figures are the model's", async () => {
    for (const command of ["certify", "attack"]) {
      const { json, stdout } = await done(command, "whole/stage-1", ...images);
      expect(json).toMatchObject({ about: "model" });
      expect(stdout).not.toContain("stage that answers");
    }
  });

  it("to report, whose page and figures say whom robust errors are about", async () => {
    const { json } = await done("report", "whole", "--out", "whole.html");
    expect(json).toMatchObject({ about: "stage that answers" });
    const text = textOf(readFileSync("whole.html", "utf8"));
    for (const name of ["PGD error", "robust error"])
      expect(text).toContain(`${name} of the stage that answers`);
    expect(text).toContain("do not bound the error of the cascade under attack");
    expect(text).not.toContain("no attack within");
    const certification = "whole/certification.json";
    const kept = readFileSync(certification, "utf8");
    writeFileSync(certification, kept.replace('"about": "stage that answers"', '"about": "model"'));
    await done("report", "whole", "--out", "changed.html");
    expect(textOf(readFileSync("changed.html", "utf8"))).toContain(
      'about: expected "stage that answers" of a model of its stages, found "model"',
    );
    writeFileSync(certification, kept);
  });

  it("to report, whose verdicts are left out where a stage's file has become another", async () => {
    cpSync("whole", "swapped", { recursive: true });
    copyFileSync("swapped/stage-1/model.safetensors", "swapped/stage-2/model.safetensors");
    await done("report", "swapped", "--out", "swapped.html");
    expect(textOf(readFileSync("swapped.html", "utf8"))).toContain("another model, and is left out");
    expect(textOf(readFileSync("whole.html", "utf8"))).not.toContain("another model, and is left out");
  });

  it("to info", async () => {
    const { json, stdout } = await done("info", "whole");
    expect(json).toMatchObject({ model: { stages: 3 } });
    expect(stdout).toContain("stage 3");
  });

  it("but not to certificates by projections", async () => {
    const { code, stderr } = await runCommand([
      "certify",
      "whole",
      ...images,
      "--projections",
      "5",
      "--delta",
      "0.1",
    ]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^autodual: --projections: expected one model/),
    ]);
  });
});
