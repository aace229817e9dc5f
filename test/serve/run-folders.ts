import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { loadDataset } from "../../src/data/load.js";
import { freshRun } from "../../src/runs/training/new-run.js";
import { writeCascadeRun } from "../../src/train/cascade-run.js";
import type { EpochRow } from "../../src/train/config.js";
import { type Run, RunFolder } from "../../src/train/run-folder.js";
import { configOf } from "../../src/train/settings/config-of.js";
import { trainSettings } from "../../src/train/settings/named.js";

const CONFIG = configOf(
  trainSettings("plain"),
  {
    data: {
      ...{ name: "glyphs", count: 400, shape: [1, 28, 28], classes: 10, limit: null, dataDir: null },
      ...{ seed: 0, sha256: null, listed: false },
    },
    ...{ model: "tiny", norm: "linf", epsilon: 0.1, box: [0, 1], seed: 3 },
    ...{ backend: "portable", dtype: "float64" },
  },
  { epochs: 20, evaluateEvery: 1 },
);

export function epochRow(epoch: number, changes: Partial<EpochRow> = {}): EpochRow {
  return {
    ...{ epoch, epsilon: 0.1, kappa: 0.5, learningRate: 0.001, seconds: 2 },
    ...{ loss: 2 / epoch, robustLoss: 3 / epoch, error: 0.5 / epoch, robustError: 0.9 / epoch },
    test: { examples: 100, epsilon: 0.1, error: 0.4 / epoch, robustError: 0.8 / epoch },
    ...changes,
  };
}

/** A run folder as a training leaves it after so many of its 20 epochs, but for the models. */
export async function writeRun(path: string, epochs: number, changes: Partial<Run> = {}): Promise<Run> {
  const rows = Array.from({ length: epochs }, (_, i) => epochRow(i + 1));
  const run = { ...freshRun(CONFIG), epochs: rows, ...changes };
  await RunFolder.reopen(path).writeRun(run);
  return run;
}

/** A cascade of three stages of which the first is done; its second is under way, after so many epochs. */
export async function writeCascadeFolder(path: string, epochs: number, first = "stage-1"): Promise<void> {
  const { versions, machine, seed } = await writeRun(join(path, "stage-1"), 20, { status: "finished" });
  const untested = Array.from({ length: epochs }, (_, i) => epochRow(i + 1, { test: null }));
  await writeRun(join(path, "stage-2"), 0, { epochs: untested });
  const evaluation = {
    ...{ examples: 100, epsilon: 0.1, error: 0.1, robustError: 0.3, certified: 0.8 },
    ...{ guarantee: "deterministic" as const, seconds: 1 },
  };
  await writeCascadeRun(path, {
    ...{ schema: "autodual/cascade-run/1", status: "running", config: CONFIG, cascade: 3, firstStage: null },
    ...{ versions, machine, seed },
    stages: [{ folder: first, trainedOn: 400, seconds: 40, evaluation }],
  });
}

/** A lock of a process that lives, or of one that does not. */
export function writeLock(
  path: string,
  changes: { readonly pid?: number; readonly host?: string } = {},
): void {
  const holder = { host: hostname(), pid: process.ppid, began: null, token: "another", ...changes };
  writeFileSync(join(path, ".lock"), JSON.stringify(holder));
}

/** The verdicts of so many digits: two of three are certified. */
export async function writeCertification(path: string, count: number): Promise<void> {
  const { labels } = await loadDataset("glyphs", { split: "test", limit: count, seed: 0 });
  const examples = Array.from({ length: count }, (_, index) => {
    const [label, certified] = [labels[index], index % 3 !== 0];
    const marginLower = Array.from({ length: 10 }, (_, j) => (j === label ? 0 : certified ? 1 : -1));
    return { index, label, prediction: label, certified, stage: 0, marginLower };
  });
  const certified = examples.filter((each) => each.certified).length / count;
  const file = {
    schema: "autodual/certification/1",
    model: { path: "m", sha256: "0" },
    data: { name: "glyphs", split: "test", count },
    ...{ norm: "linf", box: [0, 1], epsilon: 0.1 },
    bound: { method: "parallel", arithmetic: "float64", guarantee: "deterministic", delta: null },
    summary: { error: 0, robustError: 1 - certified, certified, seconds: 1 },
    examples,
  };
  writeFileSync(join(path, "certification.json"), JSON.stringify(file));
}
