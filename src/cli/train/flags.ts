import type { Command } from "commander";
import { MOST_STAGES } from "../../cascade/folder.js";
import type { LineMethod } from "../../dual/dual-options.js";
import { UsageError } from "../../errors.js";
import { ARCHITECTURES } from "../../network/architectures.js";
import { AUGMENTATION } from "../../train/settings/augmentation.js";
import { BOUND, PROJECTIONS } from "../../train/settings/bounds.js";
import { EVALUATION } from "../../train/settings/evaluation.js";
import type { TrainOverrides } from "../../train/settings/index.js";
import { LOSS } from "../../train/settings/loss.js";
import { TRAIN_SETTINGS } from "../../train/settings/named.js";
import { OPTIMIZER } from "../../train/settings/optimizer.js";
import { LENGTH, RAMPS } from "../../train/settings/schedule.js";
import { oneOf, someText, wholeNumber } from "../arguments.js";
import {
  addBallOptions,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type BallFlags,
  type DataFlags,
  type JsonOptions,
  type MachineFlags,
  requireFlags,
} from "../common-options.js";
import { checkProjectionFlags } from "../projection-options.js";
import { addSettingFlags } from "./setting-flags.js";

/** What to train and where to; those without a default may be absent. */
export interface TrainFlags
  extends BallFlags,
    DataFlags,
    JsonOptions,
    MachineFlags,
    Omit<TrainOverrides, "bound"> {
  readonly model: string;
  /** Absent: by data and ε. */
  readonly settings?: string;
  readonly bound: LineMethod;
  readonly cascade: number;
  readonly firstStage?: string;
  readonly limit?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly seed: number;
}

export function addTrainOptions(command: Command): Command {
  addDataOptions(command);
  command.option("--model <model>", `${ARCHITECTURES.join(", ")}, or a model to start from`);
  addBallOptions(command);
  addSettingFlags(command, BOUND);
  command.option(
    "--settings <name>",
    `${Object.keys(TRAIN_SETTINGS).join(", ")}: what flags that are not given are taken to be; paper-… are the paper's ` +
      "(default: by data and epsilon, where neither --loss nor --projections is given, else plain)",
    oneOf("--settings", Object.keys(TRAIN_SETTINGS)),
  );
  addSettingFlags(command, PROJECTIONS);
  addSettingFlags(command, LOSS);
  command
    .option(
      "--cascade <k>",
      "stages, each trained on what those before it do not certify; 1 is a single model; beside --resume: end with so many, or add some",
      wholeNumber("--cascade", { min: 1, max: MOST_STAGES }),
      1,
    )
    .option(
      "--first-stage <model>",
      "with --cascade: a model that is there already as the first stage",
      someText("--first-stage", "a model file or a run folder"),
    );
  addSettingFlags(command, LENGTH);
  addSettingFlags(command, RAMPS);
  addSettingFlags(command, OPTIMIZER);
  addSettingFlags(command, AUGMENTATION);
  command.option("--limit <n>", "the first so many training examples", wholeNumber("--limit", { min: 1 }));
  addSettingFlags(command, EVALUATION);
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

/** Throws a `UsageError` if a new run lacks a flag, or has two that do not go together. */
export function checkTrainFlags(command: Command): void {
  requireFlags(command, ["data", "model", "epsilon"], "--data glyphs --model tiny --epsilon 0.1");
  const flags = command.opts<TrainFlags>();
  const named = flags.settings === undefined ? undefined : TRAIN_SETTINGS[flags.settings];
  const projections = flags.projections ?? named?.projections ?? "exact";
  checkProjectionFlags({ ...flags, projections });
  if (flags.firstStage !== undefined && flags.cascade === 1) {
    throw new UsageError("--first-stage: expected --cascade 2 or more beside it, found a single model");
  }
}
