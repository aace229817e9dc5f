import type { Command } from "commander";
import { UsageError } from "../../errors.js";
import { SPLITS, type SplitChoice } from "../../verify/verify-options.js";
import { numberIn, oneOf, someText } from "../arguments.js";
import { addJsonOption, addMachineOptions, addMemoryOption, addSeedOption } from "../common-options.js";
import type { CommandContext } from "../context.js";
import { addEvaluationOption } from "../evaluation-options.js";
import type { Io } from "../io.js";
import { addShardOption } from "../parts/shard-option.js";
import { addOutputOption } from "../read-models.js";
import { VERIFY_DTYPE, type VerifyFlags } from "../verify/verify-flags.js";
import { verifyList } from "../verify/verify-list.js";
import { verifyOne } from "../verify/verify-one.js";

const NOTES = `
The first line of the output is holds, violated or unknown. SPEC is a VNN-LIB property, whose assertions describe
what must not happen; MODEL and SPEC may be packed by gzip.
A property that no input meets the bounds of holds, and the output says that the set of inputs is empty.`;

/** `autodual verify`: answers a VNN-LIB property of a model. */
export function addVerify(program: Command, context: CommandContext): void {
  const command = program
    .command("verify")
    .description("answer a VNN-LIB property: attack, bounds of growing strength, branch and bound")
    .argument("[model]", "an .onnx or .safetensors file, a run folder, or a model of the package")
    .argument("[spec]", "a .vnnlib file")
    .option(
      "--list <file>",
      "answer many properties: a .csv file of lines model,spec,seconds, whose paths are relative to it",
      someText("--list", "a file such as instances.csv"),
    )
    .option(
      "--timeout <s>",
      "seconds after which the answer is unknown",
      numberIn("--timeout", { above: 0 }, "60"),
      60,
    )
    .option(
      "--split <what>",
      "what branch and bound halves: inputs, neurons, or auto (inputs where they are few, then neurons)",
      oneOf<SplitChoice>("--split", SPLITS),
      "auto",
    )
    .option(
      "--counterexample <file>",
      "write the counterexample there",
      someText("--counterexample", "a file"),
    )
    .option(
      "--certificate <file>",
      "of a property that holds, write what autodual check needs to prove it again",
      someText("--certificate", "a file such as certificate.json"),
    )
    .addHelpText("after", NOTES);
  addShardOption(command, "properties of a --list");
  addEvaluationOption(command);
  addMemoryOption(command);
  addMachineOptions(command, VERIFY_DTYPE);
  addSeedOption(command, "of the attack's starts");
  addOutputOption(command);
  addJsonOption(command).action(
    async (model: string | undefined, spec: string | undefined, flags: VerifyFlags) => {
      context.exitCode = await verifyAsked(model, spec, flags, context.io);
    },
  );
}

/** One property, or a list of them. */
function verifyAsked(
  model: string | undefined,
  spec: string | undefined,
  flags: VerifyFlags,
  io: Io,
): Promise<number> {
  const { list, shard, counterexample, certificate } = flags;
  if (list !== undefined) {
    const other =
      (model !== undefined && "MODEL") ||
      (counterexample !== undefined && "--counterexample") ||
      (certificate !== undefined && "--certificate");
    if (other)
      throw new UsageError(`--list: expected without ${other}, as it names many properties, found both`);
    return verifyList(list, flags, io);
  }
  if (shard !== undefined) throw new UsageError("--shard: expected with --list FILE, found one property");
  if (model === undefined || spec === undefined) {
    throw new UsageError(
      `verify: expected a model and a property, as in autodual verify MODEL.onnx SPEC.vnnlib, or --list FILE, found ` +
        `${model === undefined ? "neither" : "no spec"}`,
    );
  }
  return verifyOne(model, spec, flags, io);
}
