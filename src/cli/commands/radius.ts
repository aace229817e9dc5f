import type { Command } from "commander";
import type { Split } from "../../data/dataset.js";
import { numberIn, oneOf, parseNorm, wholeNumber } from "../arguments.js";
import {
  addBoundOption,
  addBoxOption,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addMemoryOption,
  addSeedOption,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { addEvaluationOptions } from "../evaluation-options.js";
import { addShardOption } from "../parts/shard-option.js";
import type { RadiusFlags } from "../radius/radius-flags.js";
import { radiusPart } from "../radius/radius-part.js";
import { radiusWhole } from "../radius/radius-whole.js";
import { addOutputOption } from "../read-models.js";

/** `autodual radius`: the largest certified ε of each example. */
export function addRadius(program: Command, context: CommandContext): void {
  const command = program
    .command("radius")
    .description("find the largest certified epsilon of each example")
    .argument("<model>", "an .onnx or .safetensors file, a run folder, or a model of the package");
  addDataOptions(command);
  addBoxOption(command.option("--norm <norm>", "linf, l2 or l1", parseNorm, "linf"));
  command
    .option(
      "--most <e>",
      "the largest epsilon tried (default: 1, l2 10, l1 100)",
      numberIn("--most", { above: 0 }),
    )
    .option(
      "--tolerance <e>",
      "how closely a radius is found (default: the largest epsilon / 2048)",
      numberIn("--tolerance", { above: 0 }),
    )
    .option(
      "--timeout <s>",
      "linf: seconds per example for attack and branch and bound beyond what --bound gives",
      numberIn("--timeout", { above: 0 }, "10"),
    )
    .option("--limit <n>", "the first so many examples (default: all)", wholeNumber("--limit", { min: 1 }))
    .option("--batch <n>", "examples at a time", wholeNumber("--batch", { min: 1 }), 20)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test");
  addBoundOption(command);
  addEvaluationOptions(command);
  addShardOption(command);
  addMemoryOption(command);
  addMachineOptions(command, "with --timeout float64, else float32 on native, float64 on portable");
  addSeedOption(command, "of attacks");
  addOutputOption(command);
  addJsonOption(command).action(async (model: string, flags: RadiusFlags) => {
    requireFlags(command, ["data"], "MODEL --data mnist");
    const { shard } = flags;
    context.exitCode =
      shard === undefined
        ? await radiusWhole(model, flags, context.io)
        : await radiusPart(model, { ...flags, shard }, context.io);
  });
}
