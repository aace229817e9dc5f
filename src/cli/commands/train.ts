import type { Command } from "commander";
import { isCascadeRun } from "../../train/cascade-run.js";
import type { CommandContext } from "../context.js";
import { Output } from "../output.js";
import { resumeCascade, startCascade } from "../train/cascade-command.js";
import { addTrainOptions, checkTrainFlags, type TrainFlags } from "../train/flags.js";
import { resumeModel, startModel } from "../train/model-command.js";
import { onRanks, threadsOf } from "../train/ranks.js";
import { resumeFlags } from "../train/resume-flags.js";

/** `autodual train`: robust training into a run folder, which a stopped run goes on from. */
export function addTrain(program: Command, context: CommandContext): void {
  const command = program.command("train").description("train a robust model into a run folder");
  addTrainOptions(command).action(async (flags: TrainFlags) => {
    context.exitCode = await onRanks(context.io, "train", async (ranks, io) => {
      const output = (): Output => new Output(io, ranks.rank === 0 ? flags.json : undefined);
      const threads = threadsOf(ranks, flags.threads);
      if (flags.resume === undefined) {
        checkTrainFlags(command);
        const start = flags.cascade > 1 ? startCascade : startModel;
        return await start({ ...flags, threads }, output(), ranks);
      }
      const kept = { ...resumeFlags(command, flags.resume), threads };
      const resume = isCascadeRun(kept.resume) ? resumeCascade : resumeModel;
      return await resume(kept, output(), ranks);
    });
  });
}
