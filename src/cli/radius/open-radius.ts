import { Deadline } from "../../compute/deadline.js";
import type { Dataset } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { openJudge } from "../../library/judge.js";
import { subjectOf } from "../../network/subject.js";
import { arithmeticOfModel, checkWeights } from "../../network/weights.js";
import { checkBallFitsData } from "../../runs/example-batches.js";
import { checkEvaluation } from "../../runs/models/check-evaluation.js";
import { checkStagesFitData } from "../../runs/models/open-model.js";
import type { Watch } from "../../runs/observer.js";
import { type RadiusSettings, radiiOfDataset } from "../../runs/radius.js";
import { largestRadius, type RadiusRow, radiusTolerance } from "../../runs/radius-record.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { CommandBudget, loadedTooLate } from "../command-budget.js";
import { readBox, readingFlags } from "../common-options.js";
import { roundingOf } from "../evaluation-options.js";
import { Interruption } from "../interruption.js";
import type { Io } from "../io.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import { readModels } from "../read-models.js";
import { type BallInWords, plural } from "../wording.js";
import type { RadiusFlags } from "./radius-flags.js";

/** What a search of radii works on, and what it may take. */
export interface OpenedRadius extends Disposable {
  readonly model: LoadedModel;
  readonly dataset: Dataset;
  readonly ball: BallInWords;
  readonly opened: OpenedBackend;
  readonly own: CommandBudget;
  readonly interruption: Interruption;
  readonly deadline: Deadline;
  /** For which radii are proved; null where rounding is left out. */
  readonly evaluation: Evaluation | null;
  readonly most: number;
  readonly tolerance: number;
}

/**
 * Opens all that a search of radii needs, and finds out what does not fit before the long work starts. `asked` says how many of all
 * examples are searched.
 */
export async function openRadius(
  name: string,
  flags: RadiusFlags,
  output: Output,
  io: Io,
  asked: (all: number) => number = (all) => all,
): Promise<OpenedRadius> {
  // A faulty box is told before anything is read.
  readBox(flags, {});
  const { norm, timeout, data, split, limit } = flags;
  if (timeout !== undefined && norm !== "linf") {
    throw new UsageError(`--timeout: expected with --norm linf, whose balls are boxes, found ${norm}`);
  }
  const counted = roundingOf(flags);
  if (counted.rounding === null && timeout !== undefined) {
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
  const seconds = timeout && timeout * asked(dataset.count);
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
  const evaluation = counted.rounding === undefined ? arithmeticOfModel(model) : counted.rounding;
  checkStagesFitData([model], dataset);
  const ball = { ...readBox(flags, dataset), epsilon: 0 };
  checkBallFitsData(ball, dataset);
  output.print(`${plural(dataset.count, "example")} of ${dataset.name} (${split}); ${opened.description}`);

  // A model is read in one go: until here Ctrl-C ends the process at once.
  const interruption = new Interruption();
  const { signal } = interruption;
  const deadline = seconds === undefined ? Deadline.at(signal) : own.deadline(seconds, signal);
  return {
    ...{ model, dataset, ball, opened, own, interruption, deadline, evaluation, most, tolerance },
    [Symbol.dispose]: () => interruption[Symbol.dispose](),
  };
}

/** Searches radii as the flags have it; those that are found when it is ended stand in `rows`. */
export async function findRadii(
  { model, dataset, ball, opened, own, deadline, evaluation, most, tolerance }: OpenedRadius,
  { timeout, bound: method, batch, seed }: RadiusFlags,
  watch: Watch,
  some: Pick<RadiusSettings, "among" | "keep"> = {},
  rows: RadiusRow[] = [],
): Promise<void> {
  const { backend } = opened;
  const { norm, box = null } = ball;
  const budget = own.tensors;
  const judge = timeout === undefined ? null : await openJudge(model, backend.dtype, deadline);
  const subject = subjectOf(backend, model, judge?.evaluate);
  await radiiOfDataset(
    subject,
    dataset,
    { ball: { norm, box }, method, most, tolerance, batch, rounding: evaluation, budget, ...some },
    watch,
    timeout === undefined ? null : { subject, timeout, seed, memoryBytes: budget.bytes, deadline },
    rows,
  );
}
