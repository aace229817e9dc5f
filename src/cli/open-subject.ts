import type { Command } from "commander";
import type { LoadedCascade } from "../cascade/folder.js";
import type { Backend } from "../compute/backend.js";
import type { Stop } from "../compute/deadline.js";
import type { Dataset, Split } from "../data/dataset.js";
import { loadDataset } from "../data/load.js";
import { checkWeights } from "../network/weights.js";
import { checkBallFitsData } from "../runs/example-batches.js";
import { checkStagesFitData } from "../runs/models/open-model.js";
import { oneOf, wholeNumber } from "./arguments.js";
import {
  addBallByFeatureOptions,
  addDataOptions,
  type BallFlags,
  type DataFlags,
  type JsonOptions,
  type MachineFlags,
  readBox,
  readingFlags,
} from "./common-options.js";
import { checkDistinctFiles } from "./distinct-files.js";
import { type EpsilonFlag, readEpsilon } from "./feature-epsilon.js";
import type { Io } from "./io.js";
import { openBackend } from "./open-backend.js";
import { Output } from "./output.js";
import { addOutputOption, type OutputFlags, readModels } from "./read-models.js";
import { type BallInWords, plural } from "./wording.js";

/** What the commands that examine a model on a split of a data set within a ball have in common. */
export interface SubjectFlags
  extends BallFlags<EpsilonFlag>,
    DataFlags,
    JsonOptions,
    MachineFlags,
    OutputFlags {
  readonly limit?: number;
  readonly batch: number;
  readonly split: Split;
}

/** A model, the examples and the ball to examine it on, checked to go together. */
export interface OpenedSubject {
  readonly ball: BallInWords;
  readonly output: Output;
  readonly backend: Backend;
  readonly model: LoadedCascade;
  readonly dataset: Dataset;
}

/** MODEL, the data, the ball, and how much of a split is taken at a time. */
export function addSubjectOptions(command: Command): void {
  command.argument(
    "<model...>",
    "an .onnx or .safetensors file, a run folder, or a cascade; several are the stages of one",
  );
  addOutputOption(command);
  addDataOptions(command);
  addBallByFeatureOptions(command);
  command
    .option("--limit <n>", "the first so many examples (default: all)", wholeNumber("--limit", { min: 1 }))
    .option("--batch <n>", "examples at a time", wholeNumber("--batch", { min: 1 }), 20)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test");
}

/**
 * Opens all that the flags name, and finds out what does not fit before the long work starts. Throws the reason of `stop`, which
 * ends the loading of a model and of data.
 */
export async function openSubject(
  models: readonly string[],
  flags: SubjectFlags,
  io: Io,
  stop?: Stop,
): Promise<OpenedSubject> {
  // A faulty box is told before anything is read.
  readBox(flags, {});
  const output = new Output(io, flags.json);
  checkDistinctFiles({ "--json": flags.json }, { models, data: flags.data });
  const { backend, description } = await openBackend(flags);
  const model = await readModels(models, flags, { backend, io, stop });
  for (const { network, weights, path } of model.stages) checkWeights(network, weights, path, backend.dtype);
  const { data, split, limit } = flags;
  const dataset = await loadDataset(data, { split, limit, stop, ...readingFlags(flags) });
  checkStagesFitData(model.stages, dataset);
  const epsilon = await readEpsilon(flags.epsilon, dataset, readingFlags(flags));
  const ball = { ...readBox(flags, dataset), epsilon };
  checkBallFitsData(ball, dataset);
  output.print(`${plural(dataset.count, "example")} of ${dataset.name} (${split}); ${description}`);
  return { ball, output, backend, model, dataset };
}
