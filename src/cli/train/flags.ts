import { type Command, Option } from "commander";
import type { BoundMethod } from "../../dual/dual-network.js";
import type { SketchForm } from "../../dual/estimator.js";
import { UsageError } from "../../errors.js";
import { type KappaRange, numberIn, parseKappa, someText, wholeNumber } from "../arguments.js";
import {
  addBallOptions,
  addBoundOption,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type BallFlags,
  type DataFlags,
  type JsonOptions,
  type MachineOptions,
  requireFlags,
} from "../common-options.js";
import { addProjectionOptions, checkProjectionFlags, type Projections } from "../projection-options.js";

/** The flags of `train`; those without a default may be absent. */
export interface TrainFlags extends BallFlags, DataFlags, JsonOptions, MachineOptions {
  readonly model: string;
  readonly bound: BoundMethod;
  readonly projections: Projections;
  readonly sketch: SketchForm;
  readonly cascade: 1;
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly startEpsilon?: number;
  readonly scheduleEpochs?: number;
  readonly kappa: KappaRange;
  readonly kappaEpochs?: number;
  readonly rateDecayFactor: number;
  readonly rateDecayEvery: number;
  readonly rateDecayAfter?: number;
  readonly limit?: number;
  readonly testLimit: number;
  readonly out?: string;
  readonly resume?: string;
  readonly seed: number;
}

/** Flags that say nothing about the run itself and so may stand beside `--resume`. */
const BESIDE_RESUME: readonly string[] = ["resume", "json", "threads", "backend"];

export function addTrainOptions(command: Command): Command {
  addDataOptions(command);
  command.option("--model <model>", "tiny, small, large, resnet, wide<k>, deep<k>, or a model to start from");
  addBallOptions(command);
  addBoundOption(command);
  addProjectionOptions(command, "exact");
  command
    .option("--cascade <k>", "1: this version trains single models", parseCascade, 1)
    .option("--epochs <n>", "passes over the training examples", wholeNumber("--epochs", { min: 1 }), 10)
    .option("--batch <n>", "examples of a step", wholeNumber("--batch", { min: 1 }), 50)
    .option("--rate <r>", "Adam's learning rate", numberIn("--rate", { above: 0 }, "0.001"), 0.001)
    .option(
      "--start-epsilon <e>",
      "epsilon of the first step; a large one can leave training stuck at chance (default: a hundredth of --epsilon)",
      numberIn("--start-epsilon", { min: 0 }),
    )
    .option(
      "--schedule-epochs <n>",
      "epochs until epsilon is reached (default: half of them)",
      wholeNumber("--schedule-epochs", { min: 0 }),
    )
    .addOption(
      new Option("--kappa <k>", "weight of the robust loss, or its start and end such as 0,1")
        .argParser(parseKappa)
        .default({ start: 1, end: 1 }, "1"),
    )
    .option(
      "--kappa-epochs <n>",
      "epochs until kappa's end is reached (default: --schedule-epochs)",
      wholeNumber("--kappa-epochs", { min: 0 }),
    )
    .option(
      "--rate-decay-factor <f>",
      "what the rate is multiplied by",
      numberIn("--rate-decay-factor", { above: 0 }, "0.5"),
      0.5,
    )
    .option(
      "--rate-decay-every <n>",
      "epochs from one decay to the next; 0 is none",
      wholeNumber("--rate-decay-every", { min: 0 }),
      10,
    )
    .option(
      "--rate-decay-after <n>",
      "epochs before the first decay counts (default: --schedule-epochs)",
      wholeNumber("--rate-decay-after", { min: 0 }),
    )
    .option("--limit <n>", "the first so many training examples", wholeNumber("--limit", { min: 1 }))
    .option(
      "--test-limit <n>",
      "test examples certified at the end",
      wholeNumber("--test-limit", { min: 1 }),
      100,
    )
    .option(
      "--out <dir>",
      "run folder (default: runs/<data>-<model>-<epsilon>)",
      someText("--out", "a folder"),
    )
    .option(
      "--resume <dir>",
      "go on with this run, with its own settings",
      someText("--resume", "a run folder"),
    );
  addMachineOptions(command);
  addSeedOption(command, "of the starting weights and of the batches");
  return addJsonOption(command);
}

function parseCascade(text: string): 1 {
  const stages = wholeNumber("--cascade", { min: 1 })(text);
  if (stages === 1) return 1;
  throw new UsageError(`--cascade: expected 1, as cascades are not in this version, found ${stages}`);
}

/** Throws a `UsageError` if a flag beside `--resume` would change the run, or if a new run lacks a flag. */
export function checkTrainFlags(command: Command): void {
  const given = command.options.filter(
    (option) => command.getOptionValueSource(option.attributeName()) === "cli",
  );
  const names = given.map((option) => option.attributeName());
  if (names.includes("resume")) {
    const other = given.find((option) => !BESIDE_RESUME.includes(option.attributeName()));
    if (!other) return;
    throw new UsageError(
      `${other.long}: a resumed run keeps its own settings: expected only --json, --threads or --backend ` +
        `beside --resume, found ${other.long}`,
    );
  }
  checkProjectionFlags(command.opts());
  requireFlags(command, ["data", "model", "epsilon"], "--data glyphs --model tiny --epsilon 0.1");
}
