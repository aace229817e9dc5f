import { type Command, Option } from "commander";
import type { BoundMethod } from "../../dual/dual-network.js";
import type { SketchForm } from "../../dual/estimator.js";
import { UsageError } from "../../errors.js";
import type { TrainingProjections } from "../../estimators/training.js";
import { RAMP_SHAPES, type RampShape } from "../../train/schedule.js";
import { TRAIN_SETTINGS } from "../../train/settings.js";
import { type KappaRange, numberIn, oneOf, parseKappa, quote, someText, wholeNumber } from "../arguments.js";
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
import { addProjectionOptions, checkProjectionFlags } from "../projection-options.js";

/** What to train and where to; those without a default may be absent. */
export interface TrainFlags
  extends BallFlags,
    DataFlags,
    JsonOptions,
    MachineOptions,
    ScheduleFlags,
    OptimizerFlags,
    EvaluationFlags {
  readonly model: string;
  readonly settings: string;
  readonly bound: BoundMethod;
  readonly projections?: TrainingProjections;
  readonly sketch: SketchForm;
  readonly cascade: number;
  readonly firstStage?: string;
  readonly flip?: boolean;
  readonly crop?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly seed: number;
}

interface ScheduleFlags {
  readonly epochs?: number;
  readonly startEpsilon?: number;
  readonly scheduleEpochs?: number;
  readonly schedule: RampShape;
  readonly kappa: KappaRange;
  readonly kappaEpochs?: number;
  readonly warmupEpochs: number;
}

interface OptimizerFlags {
  readonly batch?: number;
  readonly optimizer?: "adam" | "sgd";
  readonly rate?: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly clip?: number | "none";
  readonly rateDecayFactor?: number;
  readonly rateDecayEvery?: number;
  readonly rateDecayAfter?: number;
}

interface EvaluationFlags {
  readonly evaluateEvery: number;
  readonly evaluateLimit: number | "all";
  readonly testLimit: number | "all";
}

export function addTrainOptions(command: Command): Command {
  addDataOptions(command);
  command.option("--model <model>", "tiny, small, large, resnet, wide<k>, deep<k>, or a model to start from");
  addBallOptions(command);
  addBoundOption(command);
  command.option(
    "--settings <name>",
    `${Object.keys(TRAIN_SETTINGS).join(", ")}: what flags that are not given are taken to be; paper-… are the paper's`,
    oneOf("--settings", Object.keys(TRAIN_SETTINGS)),
    "plain",
  );
  addProjectionOptions(command);
  command
    .option(
      "--cascade <k>",
      "stages, each trained on what those before it do not certify; 1 is a single model; beside --resume: end with so many, or add some",
      wholeNumber("--cascade", { min: 1, max: 100 }),
      1,
    )
    .option(
      "--first-stage <model>",
      "with --cascade: a model that is there already as the first stage",
      someText("--first-stage", "a model file or a run folder"),
    );
  addScheduleOptions(command);
  addOptimizerOptions(command);
  command
    .option("--flip", "mirror images left and right at random")
    .option("--no-flip", "do not, whatever the settings are")
    .option(
      "--crop <n>",
      "pad images by n pixels and crop them at random; 0 is none",
      wholeNumber("--crop", { min: 0 }),
    )
    .option("--limit <n>", "the first so many training examples", wholeNumber("--limit", { min: 1 }));
  addEvaluationOptions(command);
  command
    .option(
      "--out <dir>",
      "run folder (default: runs/<data>-<model>-<epsilon>)",
      someText("--out", "a folder"),
    )
    .option(
      "--resume <dir>",
      "go on with this run, with its own settings; --data and --data-dir beside it say where its data are now",
      someText("--resume", "a run folder"),
    );
  addMachineOptions(command);
  addSeedOption(command, "of the starting weights and of the batches");
  return addJsonOption(command);
}

function addScheduleOptions(command: Command): void {
  command
    .option(
      "--epochs <n>",
      "passes over the training examples (default: the settings', 10 or 60)",
      wholeNumber("--epochs", { min: 1 }),
    )
    .option(
      "--start-epsilon <e>",
      "epsilon of the first step; a large one can leave training stuck at chance (default: the settings')",
      numberIn("--start-epsilon", { min: 0 }),
    )
    .option(
      "--schedule-epochs <n>",
      "epochs until epsilon is reached (default: half of them, or the settings')",
      wholeNumber("--schedule-epochs", { min: 0 }),
    )
    .option(
      "--schedule <shape>",
      "how epsilon and kappa rise: linear, or smooth (slowly at first)",
      oneOf<RampShape>("--schedule", RAMP_SHAPES),
      "linear",
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
      "--warmup-epochs <n>",
      "epochs on the standard loss alone, before epsilon begins to rise",
      wholeNumber("--warmup-epochs", { min: 0 }),
      0,
    );
}

function addOptimizerOptions(command: Command): void {
  command
    .option("--batch <n>", "examples of a step (default: 50)", wholeNumber("--batch", { min: 1 }))
    .option(
      "--optimizer <name>",
      "adam or sgd (default: the settings')",
      oneOf<"adam" | "sgd">("--optimizer", ["adam", "sgd"]),
    )
    .option("--rate <r>", "learning rate (default: the settings')", numberIn("--rate", { above: 0 }, "0.001"))
    .option("--momentum <m>", "of sgd (default: 0.9)", numberIn("--momentum", { min: 0, max: 0.999 }, "0.9"))
    .option(
      "--weight-decay <w>",
      "added to gradients, times the weights (default: the settings')",
      numberIn("--weight-decay", { min: 0 }, "5e-4"),
    )
    .option(
      "--clip <c>",
      "the most that the l2 norm of all gradients together may be, or none (default: the settings')",
      parseClip,
    )
    .option(
      "--rate-decay-factor <f>",
      "what the rate is multiplied by (default: 0.5)",
      numberIn("--rate-decay-factor", { above: 0 }, "0.5"),
    )
    .option(
      "--rate-decay-every <n>",
      "epochs from one decay to the next; 0 is none (default: 10, or in proportion to --epochs)",
      wholeNumber("--rate-decay-every", { min: 0 }),
    )
    .option(
      "--rate-decay-after <n>",
      "epochs before the first decay counts (default: until epsilon is reached)",
      wholeNumber("--rate-decay-after", { min: 0 }),
    );
}

function addEvaluationOptions(command: Command): void {
  command
    .option(
      "--evaluate-every <n>",
      "epochs from one exact evaluation on test examples to the next; 0 is none",
      wholeNumber("--evaluate-every", { min: 0 }),
      1,
    )
    .option(
      "--evaluate-limit <n>",
      "the first so many test examples, or all, in each of these",
      countOrAll("--evaluate-limit"),
      100,
    )
    .option(
      "--test-limit <n>",
      "test examples, or all, certified at the end",
      countOrAll("--test-limit"),
      100,
    );
}

function countOrAll(flag: string): (text: string) => number | "all" {
  const count = wholeNumber(flag, { min: 1 });
  return (text) => {
    if (text === "all") return "all";
    if (/\d/.test(text)) return count(text);
    throw new UsageError(`${flag}: expected all or a whole number such as 1000, found ${quote(text)}`);
  };
}

function parseClip(text: string): number | "none" {
  return text === "none" ? "none" : numberIn("--clip", { above: 0 }, "1, or none")(text);
}

/** Throws a `UsageError` if a new run lacks a flag, or has two that do not go together. */
export function checkTrainFlags(command: Command): void {
  requireFlags(command, ["data", "model", "epsilon"], "--data glyphs --model tiny --epsilon 0.1");
  const flags = command.opts<TrainFlags>();
  const projections = flags.projections ?? TRAIN_SETTINGS[flags.settings].projections;
  checkProjectionFlags({ ...flags, projections });
  if (flags.firstStage !== undefined && flags.cascade === 1) {
    throw new UsageError("--first-stage: expected --cascade 2 or more beside it, found a single model");
  }
}
