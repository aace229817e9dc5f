import type { Command } from "commander";
import type { Split } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { releaseParameters, uploadWeights } from "../../network/weights.js";
import { oneOf, wholeNumber } from "../arguments.js";
import { type AttackOutcome, attackDataset } from "../attack-dataset.js";
import { dataRecord, modelRecord } from "../certification-report.js";
import {
  addBallOptions,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type BallFlags,
  type DataFlags,
  type JsonOptions,
  type MachineOptions,
  readBall,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkBallFitsData } from "../example-batches.js";
import { openBackend } from "../open-backend.js";
import { checkModelFitsData, openOnlyModel } from "../open-model.js";
import { Output } from "../output.js";
import { formatFigures } from "../table.js";
import { formatBall, formatDuration, formatPercent, wrap } from "../wording.js";

interface AttackFlags extends BallFlags, DataFlags, JsonOptions, MachineOptions {
  readonly limit?: number;
  readonly batch: number;
  readonly split: Split;
  readonly steps: number;
  readonly restarts: number;
  readonly seed: number;
}

/** `autodual attack`: errors that attacks really cause; what `certify` bounds is never below them. */
export function addAttack(program: Command, context: CommandContext): void {
  const command = program
    .command("attack")
    .description("attack a model by FGSM and PGD: a lower bound on what certify bounds from above")
    .argument("<model...>", "an .onnx or .safetensors file, or a run folder");
  addDataOptions(command);
  addBallOptions(command);
  command
    .option("--limit <n>", "the first so many examples (default: all)", wholeNumber("--limit", { min: 1 }))
    .option("--batch <n>", "examples at a time", wholeNumber("--batch", { min: 1 }), 20)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test")
    .option("--steps <n>", "gradient steps of each start of PGD", wholeNumber("--steps", { min: 1 }), 40)
    .option("--restarts <n>", "random starts of PGD", wholeNumber("--restarts", { min: 1 }), 2);
  addMachineOptions(command);
  addSeedOption(command, "of PGD's random starts");
  addJsonOption(command).action(async (models: string[], flags: AttackFlags) => {
    requireFlags(command, ["data", "epsilon"], "MODEL --data mnist --epsilon 0.1");
    context.exitCode = await attack(models, flags, context);
  });
}

async function attack(models: string[], flags: AttackFlags, { io }: CommandContext): Promise<number> {
  const ball = readBall(flags);
  const output = new Output(io, flags.json);
  const { backend, description } = await openBackend(flags);
  const model = await openOnlyModel(models);
  const { data, split, limit, dataDir, batch, steps, restarts, seed } = flags;
  const dataset = await loadDataset(data, { split, limit, dataDir });
  checkModelFitsData(model.network, dataset, model.path);
  checkBallFitsData(ball, dataset);
  output.print(`${dataset.count} examples of ${dataset.name} (${split}); ${description}`);

  const parameters = uploadWeights(backend, model);
  const { summary, examples } = (await attackDataset(
    { backend, network: model.network, parameters },
    dataset,
    { ball, batch, steps, restarts, seed },
    output,
  )) as AttackOutcome;
  releaseParameters(parameters);

  output.print(
    formatFigures([
      ["model", model.path],
      ["data", `${dataset.name} (${split}), ${dataset.count} examples`],
      ["ball", formatBall(ball)],
      ["error", formatPercent(summary.error)],
      ["FGSM error", formatPercent(summary.fgsmError)],
      [`PGD error (${steps} steps, ${restarts} starts)`, formatPercent(summary.pgdError)],
      ["time", formatDuration(summary.seconds)],
    ]),
  );
  output.print(
    wrap(
      `Attacks within the ball really cause these errors: at least ${formatPercent(summary.pgdError, "lower")} of the ` +
        "examples are wrong under the worst attack. This is a lower bound; a stronger attack may find more. " +
        "The robust error that certify prints for the same examples and ball is an upper bound of the same quantity.",
    ),
  );
  await output.writeJson({
    schema: "autodual/attack/1",
    model: modelRecord(model),
    data: dataRecord(dataset),
    norm: ball.norm,
    epsilon: ball.epsilon,
    box: ball.box,
    attack: { steps, restarts, seed, arithmetic: backend.dtype },
    summary,
    examples,
  });
  return 0;
}
