import type { Command } from "commander";
import { isCascadeRun } from "../../train/cascade-run.js";
import type { CommandContext } from "../context.js";
import { Output } from "../output.js";
import { resumeCascade, startCascade } from "../train/cascade-command.js";
import { addTrainOptions, checkTrainFlags, type TrainFlags } from "../train/flags.js";
import { resumeModel, startModel } from "../train/model-command.js";
import { resumeFlags } from "../train/resume-flags.js";

/** `autodual train`: robust training into a run folder, which a stopped run goes on from. */
export function addTrain(program: Command, context: CommandContext): void {
  const command = program.command("train").description("train a robust model into a run folder");
  addTrainOptions(command).action(async (flags: TrainFlags) => {
    if (flags.resume === undefined) {
      checkTrainFlags(command);
      const output = new Output(context.io, flags.json);
      context.exitCode = await (flags.cascade > 1 ? startCascade : startModel)(flags, output);
      return;
    }
    const kept = resumeFlags(command, flags.resume);
    const output = new Output(context.io, flags.json);
    context.exitCode = await (isCascadeRun(kept.resume) ? resumeCascade : resumeModel)(kept, output);
  });
}
