import type { Command } from "commander";
import { Deadline } from "../../compute/deadline.js";
import type { Dataset, Split } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import type { RoundedEvaluation } from "../../drift/bound.js";
import type { BoundMethod } from "../../dual/dual-options.js";
import { UsageError } from "../../errors.js";
import { checkWeights } from "../../network/weights.js";
import { type DriftSettings, driftOfDataset, driftOverBox } from "../../runs/drift.js";
import { driftRecord } from "../../runs/drift-record.js";
import { checkBallFitsData } from "../../runs/example-batches.js";
import { pieceBytesFor } from "../../runs/memory.js";
import { checkStagesFitData } from "../../runs/models/open-model.js";
import { oneOf, wholeNumber } from "../arguments.js";
import { deadlineOf, loadWithin, overAfter } from "../command-budget.js";
import {
  addBallOptions,
  addBoundOption,
  addDataOptions,
  addDoubleMachineOptions,
  addJsonOption,
  addMemoryOption,
  addSeedOption,
  addTimeoutOption,
  type BallFlags,
  type DataFlags,
  type JsonOptions,
  type MachineFlags,
  readBall,
  readingFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { printDrift } from "../drift-words.js";
import { Interruption } from "../interruption.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { addOutputOption, type OutputFlags, readModels } from "../read-models.js";
import { TerminalObserver } from "../terminal-observer.js";
import { plural } from "../wording.js";

interface DriftFlags
  extends Omit<BallFlags, "epsilon">,
    Partial<DataFlags>,
    Omit<MachineFlags, "dtype">,
    JsonOptions,
    OutputFlags {
  readonly epsilon?: number;
  readonly evaluation?: RoundedEvaluation;
  readonly points?: number;
  readonly bound: BoundMethod;
  readonly limit?: number;
  readonly batch: number;
  readonly split: Split;
  readonly seed: number;
  readonly timeout?: number;
}

const EVALUATIONS: readonly RoundedEvaluation[] = ["float32", "float32-ftz", "float64"];
/** Milliseconds: what timers count at most, some 24 days. */
const MOST_TIMER = 2 ** 31 - 1;
/** Flags that say something of examples. */
const OF_EXAMPLES = ["epsilon", "norm", "limit", "split", "batch", "dataDir", "layout", "label"];
/** Random points that are compared: of each example's ball, and of a whole box. */
const POINTS = { ball: 4, box: 20 } as const;

/** `autodual drift`: how far two evaluations of a model may differ. */
export function addDrift(program: Command, context: CommandContext): void {
  const command = program
    .command("drift")
    .description("bound how far two machines may differ that evaluate a model, logit by logit")
    .argument("<model>", "an .onnx or .safetensors file, a run folder, or a model of the package");
  addDataOptions(command);
  addBallOptions(command);
  command
    .option(
      "--evaluation <arithmetic>",
      `the arithmetic of both machines: ${EVALUATIONS.join(", ")} (default: that of the model's file)`,
      oneOf<RoundedEvaluation>("--evaluation", EVALUATIONS),
    )
    .option(
      "--points <n>",
      `random points of each ball at which evaluations are compared (default: ${POINTS.ball}, without --data ${POINTS.box})`,
      wholeNumber("--points", { min: 0, max: 1e6 }),
    )
    .option("--limit <n>", "the first so many examples (default: all)", wholeNumber("--limit", { min: 1 }))
    .option("--batch <n>", "examples at a time", wholeNumber("--batch", { min: 1 }), 20)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test");
  addBoundOption(command);
  addMemoryOption(command);
  addTimeoutOption(command, "seconds that the whole may take, reading included");
  addDoubleMachineOptions(command);
  addSeedOption(command, "of random points");
  addOutputOption(command);
  addJsonOption(command).action(async (model: string, flags: DriftFlags) => {
    if (flags.data === undefined) checkWithoutData(command, flags);
    context.exitCode = await drift(model, flags, context);
  });
}

/** Without examples there are no balls around them. */
function checkWithoutData(command: Command, { box }: DriftFlags): void {
  const given = OF_EXAMPLES.find((name) => command.getOptionValueSource(name) === "cli");
  if (given !== undefined) {
    const flag = given === "dataDir" ? "data-dir" : given;
    throw new UsageError(`--${flag}: expected with --data, which names examples, found without`);
  }
  if (box === "none") {
    throw new UsageError("--box: expected bounds of the inputs such as 0,1 without --data, found none");
  }
}

async function drift(name: string, flags: DriftFlags, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  checkDistinctFiles({ "--json": flags.json }, { models: [name], data: flags.data });
  const { data, split, limit, epsilon = 0, bound: method, memory, evaluation, timeout } = flags;
  const whole = deadlineOf(flags, io);
  readBall({ ...flags, epsilon });
  const points = pointsOf(flags);
  const { backend, description } = await openBackend({ ...flags, dtype: "float64" });
  const model = await loadWithin(whole, name, flags, (stop) =>
    readModels([name], flags, { backend, io, stop }),
  );
  const [single] = model.stages;
  if (model.stages.length > 1) {
    throw new UsageError(
      `${name}: expected one model, found a cascade of ${model.stages.length} stages; take a stage, such as ${name}/stage-1`,
    );
  }
  checkWeights(single.network, single.weights, single.path, "float64");
  const dataset =
    data === undefined
      ? null
      : await loadWithin(whole, data, flags, (stop) =>
          loadDataset(data, { split, limit, stop, ...readingFlags(flags) }),
        );
  const ball = readBall({ ...flags, epsilon }, dataset);
  if (dataset) {
    checkStagesFitData([single], dataset);
    checkBallFitsData(ball, dataset);
  }
  output.print(`${examplesInWords(dataset)}${description}`);

  using interruption = new Interruption();
  const ends = whole
    ? [interruption.signal, AbortSignal.timeout(Math.min(MOST_TIMER, Math.ceil(1000 * whole.left)))]
    : [interruption.signal];
  const signal = AbortSignal.any(ends);
  const watch = { observer: new TerminalObserver(output), signal };
  const settings: DriftSettings = {
    ...{ method, points, batch: flags.batch, seed: flags.seed },
    ...(evaluation && { evaluation }),
    ...(memory !== undefined && { pieceBytes: pieceBytesFor(memory) }),
  };
  const found = await Deadline.at(signal).unlessPassed(() =>
    dataset
      ? driftOfDataset(backend, single, dataset, ball, settings, watch)
      : driftOverBox(backend, single, ball.box ?? [0, 1], settings, watch),
  );
  backend.dispose();
  if (!found && !interruption.aborted) throw overAfter("all was read, but before it was bounded", timeout);
  if (!found) {
    output.print("stopped; nothing was kept");
    return interruption.exitCode;
  }
  const subject = { model, dataset, ...ball, epsilon: dataset ? epsilon : null, method, points };
  printDrift(output, subject, found);
  await output.writeJson(driftRecord(subject, found));
  return 0;
}

function pointsOf({ points, data, epsilon = 0 }: DriftFlags): number {
  if (data === undefined) return points ?? POINTS.box;
  if (epsilon > 0) return points ?? POINTS.ball;
  if (points === undefined || points === 0) return 0;
  throw new UsageError(
    `--points: expected with --epsilon above 0, as else a ball is a point, found ${points}`,
  );
}

function examplesInWords(dataset: Dataset | null): string {
  return dataset ? `${plural(dataset.count, "example")} of ${dataset.name} (${dataset.split}); ` : "";
}
