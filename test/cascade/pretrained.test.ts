import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadPretrained, pretrainedFolder, pretrainedNames } from "../../src/cascade/pretrained.js";
import { rowResultSchema } from "../../src/experiments/rows/row-result.js";
import { TABLE_ROWS } from "../../src/experiments/rows/table-rows.js";
import { runCommand } from "../cli/run-command.js";

describe("models that come with the package", () => {
  it.each(pretrainedNames())(
    "%s: stages as recorded, results of the same stages, PGD below robust error",
    async (name) => {
      const { stages } = await loadPretrained(name);
      const results = rowResultSchema.parse(JSON.parse(readFileSync(`models/${name}/results.json`, "utf8")));
      const row = TABLE_ROWS.find(({ id }) => id === name);
      expect(results.row).toBe(name);
      expect(results.config.epsilon.end).toBe(row?.epsilon);
      expect(results.stages).toHaveLength(stages.length);
      for (const { metadata } of stages) {
        const config = JSON.parse(metadata["autodual.config"]);
        expect(config.model).toBe(row?.model);
        expect(config.data.dataDir).toBeNull();
      }
      for (const errors of [results.single, results.cascade]) {
        if (!errors) continue;
        expect(errors.pgdError).toBeLessThanOrEqual(errors.robustError);
        expect(errors.error).toBeLessThanOrEqual(errors.pgdError);
      }
    },
  );

  it("are found by name, a stage by its folder", async () => {
    expect(pretrainedNames()).toContain("mnist-small-0.1");
    expect(pretrainedFolder("mnist-small-0.1/stage-1")).toMatch(/models.mnist-small-0\.1.stage-1$/);
    for (const name of ["mnist", "mnist-small-0.1/../..", "mnist-small-0.1/stage-99"]) {
      expect(pretrainedFolder(name)).toBeNull();
    }
    await expect(loadPretrained("none")).rejects.toThrow(/expected one of .*mnist-small-0\.1.*"none"/);
  });

  it("are loaded by name, a stage as a cascade of itself", async () => {
    const whole = await loadPretrained("mnist-small-0.1");
    const stage = await loadPretrained("mnist-small-0.1/stage-2");
    expect(stage.stages).toHaveLength(1);
    expect(stage.sha256).toBe(whole.stages[1].sha256);
    for (const name of ["mnist-small-0.1/stage-99", "mnist-small-0.1/results.json"]) {
      await expect(loadPretrained(name)).rejects.toThrow(/expected one of .*or a stage, as in .*\/stage-1/);
    }
  });

  it("answer to their names on the command line", async () => {
    const { code, stdout } = await runCommand(["info", "mnist-small-0.1"]);
    expect(code).toBe(0);
    expect(stdout).toContain("6 stages");
    const single = await runCommand([
      ...["certify", "mnist-small-0.1/stage-1", "--data", "glyphs", "--limit", "4", "--epsilon", "0.1"],
    ]);
    expect(single.code).toBe(0);
    expect(single.stdout).toContain("stage-1");
  });
});
