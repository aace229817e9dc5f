import { join } from "node:path";
import type { Command } from "commander";
import { cascadeOf } from "../../cascade/folder.js";
import type { Dataset } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { loadModelFile } from "../../formats/model-file.js";
import { architecture } from "../../network/architectures.js";
import { initialWeights } from "../../network/weights.js";
import type { TrainConfig } from "../../train/config.js";
import { RUN_FILES, type Run, RunFolder } from "../../train/run-folder.js";
import { configOf } from "../../train/settings/config-of.js";
import { trainSettings } from "../../train/settings/named.js";
import { someText } from "../arguments.js";
import type { AttackOutcome } from "../attack-dataset.js";
import type { Certification } from "../certification.js";
import { type CertificationSubject, certificationRecord, guaranteeInWords } from "../certification-report.js";
import {
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type JsonOptions,
  type MachineOptions,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { Interruption } from "../interruption.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { placeStages } from "../place-stages.js";
import { QUICKSTART } from "../quickstart-settings.js";
import { ReplacedFolder } from "../replaced-folder.js";
import { markQuickstart, QUICKSTART_FILE } from "../report/quickstart-mark.js";
import { writeRunReport } from "../report/write-report.js";
import { formatFigures } from "../table.js";
import { measureRun } from "../train/measure-run.js";
import { freshRun } from "../train/new-run.js";
import { DATA_SEED, dataConfig } from "../train/train-config.js";
import { runTraining } from "../train/training.js";
import { formatBall, formatCount, formatDuration, formatPercent } from "../wording.js";

interface QuickstartFlags extends JsonOptions, MachineOptions {
  readonly out: string;
  readonly seed: number;
}

const BALL = { norm: "linf", epsilon: QUICKSTART.epsilon, box: [0, 1] } as const;

/** `autodual quickstart`: from nothing to a certified network, with no download. */
export function addQuickstart(program: Command, context: CommandContext): void {
  const command = program
    .command("quickstart")
    .description("train a small robust network on generated digits, certify it, attack it: under two minutes")
    .option("--out <dir>", "run folder, replaced at each run", someText("--out", "a folder"), QUICKSTART.out);
  addMachineOptions(command);
  addSeedOption(command, "of the starting weights, the batches and the attack");
  addJsonOption(command).action(async (flags: QuickstartFlags) => {
    context.exitCode = await quickstart(flags, context);
  });
}

async function quickstart(flags: QuickstartFlags, { io }: CommandContext): Promise<number> {
  const began = performance.now();
  const output = new Output(io, flags.json);
  const opened = await openBackend(flags);
  using target = new ReplacedFolder("--out", flags.out, QUICKSTART_FILE);
  const load = (split: "train" | "test", limit: number): Promise<Dataset> =>
    loadDataset("glyphs", { split, limit, seed: DATA_SEED });
  const train = await load("train", QUICKSTART.trainImages);
  const test = await load("test", QUICKSTART.testImages);
  output.print(
    `${output.bold("autodual quickstart")}: ${QUICKSTART.epochs} epochs of robust training on ${formatCount(train.count)} ` +
      `generated digits,\nmodel ${QUICKSTART.model}, ${formatBall(BALL)};\n${opened.description}`,
  );

  using interruption = new Interruption();
  const network = architecture(QUICKSTART.model, { inputShape: train.shape, classes: train.classes });
  const { run, certification } = await runTraining(
    {
      folder: RunFolder.create(target.beside),
      run: freshRun(quickstartConfig(train, flags, opened)),
      network,
      weights: initialWeights(network, flags.seed),
      state: null,
      train,
      test,
    },
    opened.backend,
    output,
    interruption,
  );
  const attack =
    certification && (await measureTrained(target, run, test, certification, opened, output, interruption));
  if (!certification || !attack) {
    output.print("stopped; nothing was kept");
    return interruption.exitCode;
  }

  const subject = await subjectOf(target, run, test, opened);
  await markQuickstart(target.beside, (performance.now() - began) / 1000);
  target.keep();
  const report = await writeRunReport(target.path);

  const { summary } = certification;
  const figures: [string, string][] = [
    ["standard error", formatPercent(summary.error)],
    ["FGSM error", formatPercent(attack.summary.fgsmError)],
    [`PGD error (${QUICKSTART.attackSteps} steps)`, formatPercent(attack.summary.pgdError)],
    ["robust error, at most", formatPercent(summary.robustError, "upper")],
    ["time in all", formatDuration((performance.now() - began) / 1000)],
  ];
  output.print(formatFigures(figures));
  output.print(guaranteeInWords(subject, certification, "prediction"));
  output.print(`run folder ${target.path}`);
  output.print(`report ${report}`);
  await output.writeJson(certificationRecord(subject, certification));
  return 0;
}

/** The model as it was written, by the name that it will have. */
async function subjectOf(
  target: ReplacedFolder,
  run: Run,
  dataset: Dataset,
  { backend }: OpenedBackend,
): Promise<CertificationSubject> {
  const model = await loadModelFile(join(target.beside, RUN_FILES.model));
  return {
    model: cascadeOf(join(target.path, RUN_FILES.model), [model]),
    dataset,
    ball: BALL,
    method: run.config.bound,
    arithmetic: backend.dtype,
  };
}

/** Attacks the model as it was written, and measures what the report shows beside. */
async function measureTrained(
  target: ReplacedFolder,
  run: Run,
  test: Dataset,
  certification: Certification,
  opened: OpenedBackend,
  output: Output,
  interruption: Interruption,
): Promise<AttackOutcome | null> {
  const subject = await subjectOf(target, run, test, opened);
  using placed = placeStages(opened.backend, subject.model.stages);
  return await measureRun(
    { folder: target.beside, subject, certification, placed },
    {
      batch: QUICKSTART.attackBatch,
      steps: QUICKSTART.attackSteps,
      restarts: QUICKSTART.attackRestarts,
      seed: run.seed,
    },
    output,
    interruption.signal,
  );
}

function quickstartConfig(
  train: Dataset,
  { seed }: QuickstartFlags,
  { backend }: OpenedBackend,
): TrainConfig {
  const { model, epochs, batch, rate, epsilon, startEpsilon, scheduleEpochs, testImages } = QUICKSTART;
  const subject = {
    data: dataConfig(train, { name: "glyphs", limit: QUICKSTART.trainImages }),
    model,
    norm: BALL.norm,
    epsilon,
    box: [BALL.box[0], BALL.box[1]] satisfies [number, number],
    seed,
    backend: backend.name,
    dtype: backend.dtype,
  };
  return configOf(trainSettings("plain"), subject, {
    epochs,
    batch,
    rate,
    rateDecayEvery: 0,
    startEpsilon,
    scheduleEpochs,
    testLimit: testImages,
    evaluateEvery: 1,
    evaluateLimit: QUICKSTART.evaluateImages,
  });
}
