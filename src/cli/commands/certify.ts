import type { Command } from "commander";
import type { Against } from "../../certify/certify.js";
import { UsageError } from "../../errors.js";
import { numberIn, oneOf, someText } from "../arguments.js";
import type { CertifyFlags } from "../certify/certify-flags.js";
import { certifyPart } from "../certify/certify-part.js";
import { certifyWhole } from "../certify/certify-whole.js";
import {
  addBoundOption,
  addJsonOption,
  addMachineOptions,
  addMemoryOption,
  addSeedOption,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { addEvaluationOptions } from "../evaluation-options.js";
import { addGateOptions } from "../gate-options.js";
import { addSubjectOptions } from "../open-subject.js";
import { addShardOption } from "../parts/shard-option.js";
import { addCertificateOptions, checkProjectionFlags } from "../projection-options.js";

/** `autodual certify`: lower bounds of every margin; the robust error that no attack exceeds, of a cascade on the stage that answers. */
export function addCertify(program: Command, context: CommandContext): void {
  const command = program
    .command("certify")
    .description(
      "bound the error under any attack, of a cascade on the stage that answers, by dual bounds: deterministic, or with a given " +
        "probability",
    );
  addSubjectOptions(command);
  addBoundOption(command);
  addCertificateOptions(command);
  command
    .option(
      "--against <class>",
      "bound the margins of the model's own prediction, or of the label",
      oneOf<Against>("--against", ["prediction", "label"]),
      "prediction",
    )
    .option(
      "--margins <which>",
      "bound all margins by the dual network, or those alone that the box leaves open: the verdicts are the same",
      oneOf<"all" | "open">("--margins", ["all", "open"]),
      "all",
    )
    .option(
      "--each <s>",
      "seconds an example for whatever proves it first: interval bounds, those by lines, optimised slopes, branch and bound",
      numberIn("--each", { min: 0 }, "5"),
    )
    .option("--explain", "print how each layer was bounded, its unstable neurons, operations and time")
    .option(
      "--report <file>",
      "write an HTML page of the verdicts, their margins and pictures",
      someText("--report", "a file such as report.html"),
    )
    .option(
      "--certificate <file>",
      "write what autodual check needs to bound every certified example again",
      someText("--certificate", "a file such as certificate.json"),
    );
  addGateOptions(command);
  command.option(
    "--timeout <s>",
    "seconds of the whole command; examples that are not reached count as not certified",
    numberIn("--timeout", { above: 0 }, "60"),
  );
  addEvaluationOptions(command);
  addShardOption(command);
  addMemoryOption(command);
  addMachineOptions(command);
  addSeedOption(command, "of random projections; deterministic bounds draw no random numbers");
  addJsonOption(command).action(async (models: string[], flags: CertifyFlags) => {
    checkProjectionFlags(flags);
    if (flags.certificate !== undefined && flags.projections !== "exact") {
      throw new UsageError(
        `--certificate: expected deterministic bounds, found --projections ${flags.projections}`,
      );
    }
    checkEach(flags, command.getOptionValueSource("bound") === "cli");
    requireFlags(command, ["data", "epsilon"], "MODEL --data mnist --epsilon 0.1");
    const { io } = context;
    context.exitCode =
      flags.shard === undefined
        ? await certifyWhole(models, flags, io)
        : await certifyPart(models, { ...flags, shard: flags.shard }, io);
  });
}

/** The strongest bounds are all bounds, and none that is estimated. */
function checkEach({ each, projections, explain }: CertifyFlags, isBoundGiven: boolean): void {
  if (each === undefined) return;
  const other =
    (isBoundGiven && "--bound") || (projections !== "exact" && "--projections") || (explain && "--explain");
  if (other)
    throw new UsageError(`--each: expected without ${other}, as it tries every bound itself, found both`);
}
