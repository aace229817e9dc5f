import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resumeTraining, type TrainOptions, train } from "../../src/library/train.js";
import type { Run } from "../../src/train/run-folder.js";
import { newFolder } from "../cli/run-command.js";

const folder = newFolder();
const home = process.cwd();
beforeAll(() => process.chdir(folder.path));
afterAll(() => {
  process.chdir(home);
  folder.remove();
});

const OPTIONS = {
  ...{ data: "glyphs", model: "tiny", epsilon: 0.05, limit: 120, backend: "portable" },
  ...{ settings: "ibp-mnist", epochs: 6, scheduleEpochs: 2, batch: 20, validation: 40, averageEpochs: 2 },
  ...{ evaluateEvery: 1, testLimit: 10, rate: 0.01 },
} as const satisfies Omit<TrainOptions, "out">;

function model(name: string): string {
  return readFileSync(join(name, "model.safetensors")).toString("latin1");
}

/** Ends a run in the middle of this epoch. */
async function stopped(name: string, epoch: number): Promise<void> {
  const stop = new AbortController();
  const { run } = await train({
    ...OPTIONS,
    out: name,
    signal: stop.signal,
    observer: {
      begin: () => ({
        update: (_done: number, figures: Readonly<Record<string, unknown>>) => {
          if (figures.epoch === epoch) stop.abort();
        },
        end: () => {},
      }),
    } as never,
  });
  expect(run.status).toBe("interrupted");
}

describe("a training with held-out examples", () => {
  it("evaluates them at the radius, and ends with the best epoch's model, also where it was stopped", async () => {
    const { run } = (await train({ ...OPTIONS, out: "whole" })) as { run: Run };
    const tested = run.epochs.filter(({ test }) => test !== null);
    expect(tested.map(({ epoch }) => epoch)).toEqual([3, 4, 5, 6]);
    for (const { test } of tested) expect(test).toMatchObject({ heldOut: true, examples: 40, epsilon: 0.05 });
    const best = tested.reduce((a, b) => ((b.test?.robustError ?? 1) < (a.test?.robustError ?? 1) ? b : a));
    expect(run.best).toBe(best.epoch);
    const kept = readFileSync(join("whole", "best.safetensors")).toString("latin1");
    const weights = (bytes: string) =>
      bytes.slice(8 + Buffer.from(bytes.slice(0, 8), "latin1").readUInt32LE(0));
    expect(weights(model("whole"))).toBe(weights(kept));
    for (const epoch of [1, 5]) {
      await stopped(`stopped-${epoch}`, epoch);
      const resumed = await resumeTraining(`stopped-${epoch}`);
      expect(resumed.run.status).toBe("finished");
      expect(model(`stopped-${epoch}`)).toBe(model("whole"));
    }
  });

  it("ends early where patience is over, and goes on to nothing", async () => {
    const { run } = (await train({
      ...OPTIONS,
      out: "early",
      epochs: 40,
      rate: 1e-9,
      patience: 1,
      averageEpochs: 0,
    })) as {
      run: Run;
    };
    expect(run.status).toBe("finished");
    expect(run.epochs.length).toBeLessThan(10);
  });

  it("refuses to hold out all", async () => {
    await expect(train({ ...OPTIONS, out: "all", validation: 120 })).rejects.toThrow(
      "--validation: expected fewer than the 120 training examples of glyphs, found 120",
    );
  });
});
