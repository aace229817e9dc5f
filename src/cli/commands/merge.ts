import type { Command } from "commander";
import { UsageError } from "../../errors.js";
import { isGatePassed } from "../../report/gate/gate-report.js";
import { guaranteeInSentences } from "../../report/guarantee.js";
import { claimOf } from "../../report/page/guarantee-claim.js";
import { measuredOf } from "../../runs/page/measured-parts.js";
import { joinParts } from "../../runs/parts/join-parts.js";
import { type Merged, mergedRecord } from "../../runs/parts/merged-record.js";
import { numberIn } from "../arguments.js";
import { addJsonOption, type JsonOptions } from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { Output } from "../output.js";
import { answersExitCode, printAnswers } from "../verify/print-answers.js";
import { formatBall, formatDuration, formatNumber, formatPercent, plural } from "../wording.js";

interface MergeFlags extends JsonOptions {
  readonly failAbove?: number;
}

const NOTES = `
A part is the --json file of certify, attack, radius or verify with --shard. All parts must be there once, be done, and be of the
same model, data and settings; what the merged file says is what one process would have said, but for times.`;

/** `autodual merge`: the parts of a sharded command as one. */
export function addMerge(program: Command, context: CommandContext): void {
  const command = program
    .command("merge")
    .description("put the parts of a sharded certify, attack, radius or verify together")
    .argument("<part...>", "the files that --shard 1/n to n/n wrote, in any order")
    .option(
      "--fail-above <f>",
      "of certify: exit with 1 if the robust error is above this fraction",
      numberIn("--fail-above", { min: 0, max: 1 }, "0.05"),
    )
    .addHelpText("after", NOTES);
  addJsonOption(command).action(async (parts: string[], flags: MergeFlags) => {
    context.exitCode = await merge(parts, flags, context);
  });
}

async function merge(
  paths: readonly string[],
  { json, failAbove }: MergeFlags,
  { io }: CommandContext,
): Promise<number> {
  const output = new Output(io, json);
  checkDistinctFiles({ "--json": json }, { parts: paths });
  const joined = await joinParts(paths);
  if (failAbove !== undefined && joined.command !== "certify") {
    throw new UsageError(`--fail-above: expected with parts of certify, found parts of ${joined.command}`);
  }
  const merged = mergedRecord(joined);
  output.print(
    `${plural(joined.parts, "part")} of ${joined.command}, ${plural(joined.total, "item")}, ` +
      `${formatDuration(joined.seconds)} of work in all`,
  );
  print(merged, output);
  await output.writeJson(merged.record);
  if (merged.kind === "verify") return answersExitCode(merged.answers);
  if (failAbove === undefined) return 0;
  return merged.kind === "certify" && isGatePassed(failAbove, merged.file.summary, undefined) ? 0 : 1;
}

function print(merged: Merged, output: Output): void {
  if (merged.kind === "verify") {
    printAnswers(output, merged.summary);
    return;
  }
  const { model, data } = merged.file;
  const subject = [
    ["model", model.path],
    ["data", `${data.name} (${data.split}), ${plural(data.count, "example")}`],
  ] as const;
  if (merged.kind === "certify") {
    const { summary, norm, epsilon, box } = merged.file;
    const ball = { norm, epsilon, box };
    output.figures([
      ...subject,
      ["ball", formatBall(ball)],
      ["error", formatPercent(summary.error)],
      ["robust error, at most", formatPercent(summary.robustError, "upper")],
      ["certified predictions", formatPercent(summary.certified, "lower")],
    ]);
    const claim = claimOf({ ball, stages: model.stages ?? 1 }, measuredOf(merged.file));
    output.prose(guaranteeInSentences(claim));
    return;
  }
  if (merged.kind === "attack") {
    const { summary, norm, epsilon, box } = merged.file;
    output.figures([
      ...subject,
      ["ball", formatBall({ norm, epsilon, box })],
      ["error", formatPercent(summary.error)],
      ["FGSM error", formatPercent(summary.fgsmError)],
      ["PGD error", formatPercent(summary.pgdError)],
      ...(summary.switchingError === undefined
        ? []
        : [["cascade's own answers", formatPercent(summary.switchingError)] as const]),
    ]);
    return;
  }
  const radii = merged.file.examples.map(({ radius, prediction, label }) =>
    prediction === label ? radius : 0,
  );
  const sorted = radii.sort((a, b) => a - b);
  output.figures([
    ...subject,
    ["median radius", formatNumber(sorted[(sorted.length - 1) >> 1])],
    ["largest radius", formatNumber(sorted[sorted.length - 1])],
  ]);
}
