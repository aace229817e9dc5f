import type { Command } from "commander";
import type { Against } from "../../certify/certify.js";
import type { Split } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import type { BoundMethod } from "../../dual/dual-network.js";
import { releaseParameters, uploadWeights } from "../../network/weights.js";
import { numberIn, oneOf, wholeNumber } from "../arguments.js";
import { type Certification, certifyDataset } from "../certification.js";
import { certificationRecord, guaranteeInWords, printCertification } from "../certification-report.js";
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
  readBall,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkBallFitsData } from "../example-batches.js";
import { openBackend } from "../open-backend.js";
import { checkModelFitsData, openOnlyModel } from "../open-model.js";
import { Output } from "../output.js";

interface CertifyFlags extends BallFlags, DataFlags, JsonOptions, MachineOptions {
  readonly limit?: number;
  readonly bound: BoundMethod;
  readonly against: Against;
  readonly batch: number;
  readonly split: Split;
  readonly failAbove?: number;
}

/** `autodual certify`: exact lower bounds of every margin; the robust error that no attack exceeds. */
export function addCertify(program: Command, context: CommandContext): void {
  const command = program
    .command("certify")
    .description("bound the error under any attack, by exact dual bounds")
    .argument("<model...>", "an .onnx or .safetensors file, or a run folder");
  addDataOptions(command);
  addBallOptions(command);
  command.option(
    "--limit <n>",
    "the first so many examples (default: all)",
    wholeNumber("--limit", { min: 1 }),
  );
  addBoundOption(command);
  command
    .option(
      "--against <class>",
      "bound the margins of the model's own prediction, or of the label",
      oneOf<Against>("--against", ["prediction", "label"]),
      "prediction",
    )
    .option("--batch <n>", "examples at a time", wholeNumber("--batch", { min: 1 }), 20)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test")
    .option(
      "--fail-above <f>",
      "exit with 1 if the robust error is above this fraction",
      numberIn("--fail-above", { min: 0, max: 1 }, "0.05"),
    );
  addMachineOptions(command);
  addSeedOption(command, "accepted as by every command; exact bounds draw no random numbers");
  addJsonOption(command).action(async (models: string[], flags: CertifyFlags) => {
    requireFlags(command, ["data", "epsilon"], "MODEL --data mnist --epsilon 0.1");
    context.exitCode = await certify(models, flags, context);
  });
}

async function certify(models: string[], flags: CertifyFlags, { io }: CommandContext): Promise<number> {
  const ball = readBall(flags);
  const output = new Output(io, flags.json);
  const { backend, description } = await openBackend(flags);
  const model = await openOnlyModel(models);
  const { data, split, limit, dataDir, batch, bound: method, against, failAbove } = flags;
  const dataset = await loadDataset(data, { split, limit, dataDir });
  checkModelFitsData(model.network, dataset, model.path);
  checkBallFitsData(ball, dataset);
  output.print(`${dataset.count} examples of ${dataset.name} (${split}); ${description}`);

  const parameters = uploadWeights(backend, model);
  const placed = { backend, network: model.network, parameters };
  const certification = (await certifyDataset(
    placed,
    dataset,
    { ball, method, against, batch },
    output,
  )) as Certification;
  releaseParameters(parameters);

  const subject = { model, dataset, ball, method, arithmetic: backend.dtype };
  printCertification(output, subject, certification);
  output.print(guaranteeInWords(subject, certification, against));
  await output.writeJson(certificationRecord(subject, certification));
  return failAbove !== undefined && certification.summary.robustError > failAbove ? 1 : 0;
}
