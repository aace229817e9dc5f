import { existsSync } from "node:fs";
import { join } from "node:path";
import { cascadeOf, type LoadedCascade, loadCascade } from "../../cascade/folder.js";
import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import type { PlacedNetwork } from "../../network/weights.js";
import { attackDataset } from "../../runs/attack.js";
import { boundsOfLoss } from "../../runs/bounds-of-loss.js";
import { type CascadeJob, resumedCascade } from "../../runs/cascade/cascade-job.js";
import { trainCascade } from "../../runs/cascade/cascade-training.js";
import { certifyDataset } from "../../runs/certification.js";
import { circumstances } from "../../runs/circumstances.js";
import { measureLayers, writeAttack, writeCertification } from "../../runs/measure-run.js";
import { placeStages } from "../../runs/models/place-stages.js";
import type { Watch } from "../../runs/observer.js";
import { writeRunReport } from "../../runs/page/write-report.js";
import { DATA_SEED, dataConfig, withTestData } from "../../runs/training/data-config.js";
import type { CascadeRun } from "../../train/cascade-run.js";
import { RUN_FILES, RunFolder } from "../../train/run-folder.js";
import { type RowErrors, type RowResult, readRowResult } from "./row-result.js";
import { configOfRow, type RowSettings, rowPaths, trainLimit, wantedStages } from "./row-settings.js";
import { QUICK, type TableRow } from "./table-rows.js";

/** Examples that are certified or attacked at a time. */
const BATCH = 50;
const ATTACK = { steps: 40, restarts: 2, seed: 0 } as const;

/**
 * Trains a row, or goes on with the run that was begun, certifies and attacks it, and writes its result. Throws the signal's
 * reason.
 */
export async function reproduceRow(
  row: TableRow,
  begun: CascadeRun | null,
  settings: RowSettings,
  backend: Backend,
  watch: Watch = {},
): Promise<RowResult> {
  const paths = rowPaths(row, settings);
  const job = begun
    ? await begunJob(paths.run, begun, settings, backend)
    : await newJob(row, settings, backend);
  const run = job.run.status === "finished" ? job.run : await trainCascade(job, backend, watch);
  if (run.status !== "finished") watch.signal?.throwIfAborted();
  const { stages } = await loadCascade(paths.run);
  const measure = async (count: number): Promise<RowErrors> => {
    const model = cascadeOf(count === 1 ? stages[0].path : paths.run, stages.slice(0, count));
    using placed = placeStages(backend, model.stages);
    const folder = count === stages.length ? paths.run : null;
    return await errorsOf({ folder, each: row.each }, model, placed.stages, run, job.test, watch);
  };
  const single = await measure(1);
  const cascade = stages.length > 1 ? await measure(stages.length) : null;
  await writeRunReport(paths.run);
  const before = earlierResult(paths.result, run);
  const epochs = await stageEpochs(paths.run, run);
  const result: RowResult = {
    schema: "autodual/reproduction/1",
    target: row.table,
    row: row.id,
    quick: settings.quick,
    // Results are for others to read: where the data lay on this machine is nothing to them.
    config: { ...run.config, data: { ...run.config.data, dataDir: null } },
    paper: row.paper,
    examples: { train: job.train.count, test: job.test.count },
    single,
    cascade,
    stages: run.stages.map(({ trainedOn, evaluation, seconds }) => ({
      trainedOn,
      seconds,
      error: evaluation.error,
      robustError: evaluation.robustError,
    })),
    hours: run.stages.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0) / 3600,
    // A row that is measured again keeps what its training took, also where only the models were kept of that.
    secondsAnEpoch:
      epochs.length === 0
        ? (before?.secondsAnEpoch ?? null)
        : epochs.reduce((sum, own) => sum + own, 0) / epochs.length,
    peakMemoryMB: Math.max(
      before?.peakMemoryMB ?? 0,
      run.peakMemoryMB ?? 0,
      process.resourceUsage().maxRSS / 1024,
    ),
    threads: before?.threads ?? backend.threads,
    machine: run.machine,
    versions: run.versions,
  };
  await writeFileAtomically(paths.result, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** On the data where they are now. */
async function begunJob(
  folder: string,
  { cascade, status }: CascadeRun,
  { dataDir }: RowSettings,
  backend: Backend,
): Promise<CascadeJob> {
  const place = { data: null, dataDir: dataDir ?? null };
  const job = await resumedCascade(folder, backend, place);
  return { ...job, run: { ...job.run, cascade, status } };
}

async function newJob(row: TableRow, settings: RowSettings, backend: Backend): Promise<CascadeJob> {
  const { quick, dataDir, seed = row.seed ?? 0 } = settings;
  const load = (split: "train" | "test", count: number | null): Promise<Dataset> =>
    loadDataset(row.data, { split, limit: count ?? undefined, dataDir, seed: DATA_SEED });
  const limit = trainLimit(settings);
  const train = await load("train", limit);
  const test = await load("test", quick ? QUICK.testExamples : null);
  const data = dataConfig(train, { name: row.data, limit, dataDir });
  const subject = { data, seed, backend: backend.name, dtype: backend.dtype };
  const folder = RunFolder.reopen(rowPaths(row, settings).run).path;
  const run: CascadeRun = {
    schema: "autodual/cascade-run/1",
    status: "running",
    config: withTestData(configOfRow(row, settings, subject), test),
    cascade: wantedStages(row, settings),
    firstStage: null,
    ...circumstances(),
    seed,
    stages: [],
  };
  return { folder, run, train, test };
}

/** What was measured of this very training before: its first stage took the same time. */
function earlierResult(path: string, { stages }: CascadeRun): RowResult | null {
  const result = readRowResult(path);
  return result && result.stages[0]?.seconds === stages[0].seconds ? result : null;
}

/** What is measured of the whole row also goes into its run folder, for the report: there with a bound of every margin. */
async function errorsOf(
  { folder, each }: { readonly folder: string | null; readonly each: number | undefined },
  model: LoadedCascade,
  placed: readonly PlacedNetwork[],
  { config }: CascadeRun,
  test: Dataset,
  watch: Watch,
): Promise<RowErrors> {
  const { norm, epsilon, box } = config;
  const ball = { norm, epsilon: epsilon.end, box };
  const own = boundsOfLoss(config, placed.length);
  const bounds = own.each === undefined ? own : { ...own, each: each ?? own.each };
  const { method } = bounds;
  const margins = folder === null ? "open" : "all";
  // Robust error counts wrong answers either way: with margins of the label, branch and bound is spent on right ones alone.
  const against = bounds.each ? "label" : "prediction";
  const settings = { ball, ...bounds, against, margins, batch: BATCH } as const;
  const certification = await certifyDataset(placed, test, settings, watch);
  const plan = { batch: BATCH, ...ATTACK };
  const attack = await attackDataset(placed, test, { ball, method, ...plan }, watch);
  if (folder !== null) {
    const subject = { model, dataset: test, ball, ...bounds, arithmetic: placed[0].backend.dtype };
    const trained = { folder, subject, certification, stages: placed };
    await writeCertification(trained);
    await writeAttack(trained, plan, attack);
    await measureLayers(trained);
  }
  const { error, robustError, certified } = certification.summary;
  const { pgdError, switchingError } = attack.summary;
  const { about } = certification;
  return {
    ...{ error, pgdError, robustError, about, certified },
    ...(switchingError !== undefined && { switchingError }),
    ...(certification.summary.rungs && { rungs: certification.summary.rungs }),
  };
}

/** Seconds of each epoch of the first stage, which is trained on all examples. */
async function stageEpochs(folder: string, { stages }: CascadeRun): Promise<number[]> {
  const first = join(folder, stages[0]?.folder ?? "");
  if (!existsSync(join(first, RUN_FILES.run))) return [];
  const { epochs } = await RunFolder.open(first).readRun();
  return epochs.map(({ seconds }) => seconds);
}
