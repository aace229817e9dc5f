import type { Command } from "commander";
import type { Budget } from "../../compute/budget.js";
import { Deadline } from "../../compute/deadline.js";
import type { Dataset, Split } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import type { BoundMethod } from "../../dual/dual-options.js";
import { UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { openJudge } from "../../library/judge.js";
import { subjectOf } from "../../network/subject.js";
import { arithmeticOfModel, checkWeights } from "../../network/weights.js";
import { evaluationInWords, ROUNDING_LEFT_OUT } from "../../report/guarantee.js";
import { checkBallFitsData } from "../../runs/example-batches.js";
import { checkEvaluation } from "../../runs/models/check-evaluation.js";
import { checkStagesFitData } from "../../runs/models/open-model.js";
import type { Watch } from "../../runs/observer.js";
import { radiiOfDataset } from "../../runs/radius.js";
import {
  largestRadius,
  type RadiusRow,
  radiusRecord,
  radiusSummary,
  radiusTolerance,
} from "../../runs/radius-record.js";
import type { BallSpec } from "../../threat/ball.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { numberIn, oneOf, parseNorm, wholeNumber } from "../arguments.js";
import { CommandBudget, loadedTooLate } from "../command-budget.js";
import {
  addBoundOption,
  addBoxOption,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addMemoryOption,
  addSeedOption,
  type BallFlags,
  type DataFlags,
  type JsonOptions,
  type MachineFlags,
  readBox,
  readingFlags,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { addEvaluationOptions, type EvaluationFlags, roundingOf } from "../evaluation-options.js";
import { Interruption } from "../interruption.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { addOutputOption, type OutputFlags, readModels } from "../read-models.js";
import { TerminalObserver } from "../terminal-observer.js";
import {
  type BallInWords,
  formatBox,
  formatDuration,
  formatNumber,
  formatPercent,
  plural,
} from "../wording.js";

interface RadiusFlags
  extends Omit<BallFlags, "epsilon">,
    DataFlags,
    MachineFlags,
    JsonOptions,
    OutputFlags,
    EvaluationFlags {
  readonly most?: number;
  readonly tolerance?: number;
  readonly timeout?: number;
  readonly bound: BoundMethod;
  readonly limit?: number;
  readonly batch: number;
  readonly split: Split;
  readonly seed: number;
}

/** `autodual radius`: the largest certified ε of each example. */
export function addRadius(program: Command, context: CommandContext): void {
  const command = program
    .command("radius")
    .description("find the largest certified epsilon of each example")
    .argument("<model>", "an .onnx or .safetensors file, a run folder, or a model of the package");
  addDataOptions(command);
  addBoxOption(command.option("--norm <norm>", "linf, l2 or l1", parseNorm, "linf"));
  command
    .option(
      "--most <e>",
      "the largest epsilon tried (default: 1, l2 10, l1 100)",
      numberIn("--most", { above: 0 }),
    )
    .option(
      "--tolerance <e>",
      "how closely a radius is found (default: the largest epsilon / 2048)",
      numberIn("--tolerance", { above: 0 }),
    )
    .option(
      "--timeout <s>",
      "linf: seconds per example for attack and branch and bound beyond what --bound gives",
      numberIn("--timeout", { above: 0 }, "10"),
    )
    .option("--limit <n>", "the first so many examples (default: all)", wholeNumber("--limit", { min: 1 }))
    .option("--batch <n>", "examples at a time", wholeNumber("--batch", { min: 1 }), 20)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test");
  addBoundOption(command);
  addEvaluationOptions(command);
  addMemoryOption(command);
  addMachineOptions(command, "with --timeout float64, else float32 on native, float64 on portable");
  addSeedOption(command, "of attacks");
  addOutputOption(command);
  addJsonOption(command).action(async (model: string, flags: RadiusFlags) => {
    requireFlags(command, ["data"], "MODEL --data mnist");
    context.exitCode = await radius(model, flags, context);
  });
}

async function radius(name: string, flags: RadiusFlags, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  checkDistinctFiles({ "--json": flags.json }, { models: [name], data: flags.data });
  // A faulty box is told before anything is read.
  readBox(flags, {});
  const { norm, timeout, data, split, limit } = flags;
  if (timeout !== undefined && norm !== "linf") {
    throw new UsageError(`--timeout: expected with --norm linf, whose balls are boxes, found ${norm}`);
  }
  const asked = roundingOf(flags);
  if (asked.rounding === null && timeout !== undefined) {
    throw new UsageError(
      "--rounding: expected outward with --timeout, whose proofs count rounding, found none",
    );
  }
  const most = flags.most ?? largestRadius(norm);
  const tolerance = flags.tolerance ?? radiusTolerance(most);
  const own = new CommandBudget(flags, io);
  const opened = await openBackend({
    ...flags,
    memory: own.tensors.bytes,
    // Branch and bound proves in double precision.
    dtype: flags.dtype ?? (timeout === undefined ? undefined : "float64"),
  });
  const dataset = await loadDataset(data, { split, limit, ...readingFlags(flags) });
  const seconds = timeout && timeout * dataset.count;
  const loading = seconds === undefined ? undefined : own.deadline(seconds);
  const reading = () => readModels([name], flags, { backend: opened.backend, io, stop: loading });
  const loaded = await (loading ? loading.unlessPassed(reading) : reading());
  if (!loaded) throw new UsageError(loadedTooLate(name, seconds));
  const { stages } = loaded;
  if (stages.length > 1) {
    throw new UsageError(
      `${name}: expected one model, found a cascade of ${stages.length} stages, whose answer depends on epsilon; take a ` +
        `stage, such as ${name}/stage-1`,
    );
  }
  const [model] = stages;
  checkWeights(model.network, model.weights, model.path, opened.backend.dtype);
  checkEvaluation("--evaluation", flags.evaluation, stages);
  const evaluation = asked.rounding === undefined ? arithmeticOfModel(model) : asked.rounding;
  checkStagesFitData([model], dataset);
  const ball = { ...readBox(flags, dataset), epsilon: 0 };
  checkBallFitsData(ball, dataset);
  output.print(`${plural(dataset.count, "example")} of ${dataset.name} (${split}); ${opened.description}`);

  // A model is read in one go: until here Ctrl-C ends the process at once.
  using interruption = new Interruption();
  const { signal } = interruption;
  const deadline = seconds === undefined ? Deadline.at(signal) : own.deadline(seconds, signal);
  const began = performance.now();
  const watch = { observer: new TerminalObserver(output), signal };
  const rows: RadiusRow[] = [];
  const settings = { ...flags, most, tolerance, rounding: evaluation, budget: own.tensors, deadline, rows };
  await interruption.unlessStopped(() => findRadii(model, dataset, ball, settings, opened, watch));
  const isOver = deadline.passed && !interruption.aborted;
  const took = (performance.now() - began) / 1000;
  const record = own.record(opened.backend);
  opened.backend.dispose();
  if (rows.length === 0) {
    output.print("stopped; nothing was kept");
  } else
    report(
      rows,
      model,
      dataset,
      ball,
      { most, tolerance, seconds: took, timeout, isOver, evaluation },
      output,
    );
  if (rows.length > 0 && rows.length < dataset.count) {
    output.print(
      `stopped after ${rows.length} of ${plural(dataset.count, "example")}: the figures are about these.`,
    );
  }
  await output.writeJson({
    ...radiusRecord(
      { model, dataset, ball, method: flags.bound, arithmetic: opened.backend.dtype, evaluation },
      { most, tolerance, timeout: timeout ?? null, seconds: took, rows },
    ),
    ...(rows.length < dataset.count && { unreached: dataset.count - rows.length }),
    budget: record,
  });
  return interruption.aborted ? interruption.exitCode : 0;
}

interface FoundSettings extends Omit<RadiusFlags, "rounding"> {
  readonly rounding: Evaluation | null;
  readonly most: number;
  readonly tolerance: number;
  readonly budget: Budget;
  readonly deadline: Deadline;
  /** Filled as they are found. */
  readonly rows: RadiusRow[];
}

async function findRadii(
  model: LoadedModel,
  dataset: Dataset,
  { norm, box }: BallSpec,
  { most, tolerance, timeout, bound: method, batch, seed, budget, deadline, rounding, rows }: FoundSettings,
  { backend }: OpenedBackend,
  watch: Watch,
): Promise<void> {
  const judge = timeout === undefined ? null : await openJudge(model, backend.dtype, deadline);
  const subject = subjectOf(backend, model, judge?.evaluate);
  await radiiOfDataset(
    subject,
    dataset,
    {
      ball: { norm, box: box ?? null },
      ...{ method, most, tolerance, batch, rounding, budget },
    },
    watch,
    timeout === undefined ? null : { subject, timeout, seed, memoryBytes: budget.bytes, deadline },
    rows,
  );
}

function report(
  rows: readonly RadiusRow[],
  model: LoadedModel,
  dataset: Dataset,
  ball: BallInWords,
  settings: {
    most: number;
    tolerance: number;
    seconds: number;
    timeout: number | undefined;
    /** Whether the time ended the search. */
    isOver: boolean;
    evaluation: Evaluation | null;
  },
  output: Output,
): void {
  const { error, mean, median, largest } = radiusSummary(rows);
  const broken = rows.filter((row) => row.broken !== null).length;
  output.figures([
    ["model", model.path],
    ["data", `${dataset.name} (${dataset.split}), ${plural(dataset.count, "example")}`],
    ["ball", `${ball.norm}, ${formatBox(ball.box)}, up to ${settings.most}`],
    ["error", formatPercent(error)],
    ["mean radius", formatNumber(mean)],
    ["median radius", formatNumber(median)],
    ["largest radius", formatNumber(largest)],
    ...(settings.timeout === undefined ? [] : [["broken within the largest", String(broken)] as const]),
    ["time", formatDuration(settings.seconds)],
  ]);
  if (settings.isOver)
    output.print("The time was over before all was searched: radii may be larger than found.");
  const wrong = rows.filter(({ prediction, label }) => prediction !== label).length;
  output.prose(
    `${provenance(rows, settings.tolerance, settings.timeout !== undefined)} ${arithmetic(settings.evaluation)} In the summary an example that is ` +
      `predicted wrongly counts as 0: ${plural(wrong, "example")} here.`,
  );
}

/** What the proofs hold for. */
function arithmetic(evaluation: Evaluation | null): string {
  return evaluation === null
    ? ROUNDING_LEFT_OUT
    : `The proofs count all rounding: they hold ${evaluationInWords(evaluation)}.`;
}

/** How radii were found, and how far from the true ones they may be. */
function provenance(rows: readonly RadiusRow[], tolerance: number, searched: boolean): string {
  if (!searched) {
    return (
      `Each radius was certified by deterministic bounds (no estimates) and lies within ${formatNumber(tolerance)} of the ` +
      "largest that these bounds certify; the true one may be larger."
    );
  }
  const met = rows.filter(({ radius, broken }) => broken !== null && broken - radius <= tolerance).length;
  return (
    `Each radius was certified by deterministic bounds (no estimates), or proved by branch and bound. For ${met} of ` +
    `${plural(rows.length, "example")} an input of another class was found within ${formatNumber(tolerance)} more; the ` +
    "other true radii may be larger."
  );
}
