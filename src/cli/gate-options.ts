import type { Command } from "commander";
import { writeFileAtomically } from "../formats/write-file.js";
import { isGatePassed } from "../report/gate/gate-report.js";
import { junitXml } from "../report/gate/junit.js";
import { sarifLog } from "../report/gate/sarif.js";
import type { AttackedAmong } from "../runs/attacked-among.js";
import type { Certification } from "../runs/certification-summary.js";
import { type GateSources, gateReportOf } from "../runs/gate-report.js";
import { numberIn, someText } from "./arguments.js";
import { checkWritable, type Output } from "./output.js";
import { plural } from "./wording.js";

/** What makes a certification the gate of a build. */
export interface GateFlags {
  readonly failAbove?: number;
  readonly attack?: true;
  readonly junit?: string;
  readonly sarif?: string;
}

export function addGateOptions(command: Command): Command {
  return command
    .option(
      "--fail-above <f>",
      "exit with 1 if the robust error (of a cascade that of the stage that answers) is above this fraction",
      numberIn("--fail-above", { min: 0, max: 1 }, "0.05"),
    )
    .option("--attack", "attack by PGD what is right and not certified, and tell what it changes")
    .option(
      "--junit <file>",
      "write the verdicts as JUnit XML, a test case an example",
      someText("--junit", "a file such as junit.xml"),
    )
    .option(
      "--sarif <file>",
      "write what is not right and certified as a SARIF 2.1.0 log",
      someText("--sarif", "a file such as certify.sarif"),
    );
}

/** The files that a gate writes, by flag. */
export function gateOutputs({ junit, sarif }: GateFlags): Readonly<Record<string, string | undefined>> {
  return { "--junit": junit, "--sarif": sarif };
}

/** Throws a `UsageError` that names the flag of a file that could not be written later. */
export function checkGateOutputs(flags: GateFlags): void {
  for (const [flag, path] of Object.entries(gateOutputs(flags))) {
    if (path !== undefined) checkWritable(flag, path);
  }
}

/** 0, or 1 where there is a limit and the robust error is not shown to be within it. */
export function gateExitCode({ failAbove }: GateFlags, { summary, examples }: Certification): number {
  if (failAbove === undefined) return 0;
  return isGatePassed(failAbove, examples.length === 0 ? null : summary, summary.unreached) ? 0 : 1;
}

/** Writes the files that were asked for, and says so. */
export async function writeGate(
  flags: GateFlags,
  sources: Omit<GateSources, "failAbove">,
  output: Output,
): Promise<void> {
  const { junit, sarif, failAbove = null } = flags;
  if (junit === undefined && sarif === undefined) return;
  const report = gateReportOf({ ...sources, failAbove });
  if (junit !== undefined) {
    await writeFileAtomically(junit, junitXml(report));
    output.print(`JUnit ${junit}`);
  }
  if (sarif !== undefined) {
    await writeFileAtomically(sarif, sarifLog(report));
    output.print(`SARIF ${sarif}`);
  }
}

/** What `--attack` found. */
export function attackedInWords({ changed, tried, of }: AttackedAmong): string {
  if (of === 0) return "attack: every right answer is certified, so that there was nothing to attack.";
  const some = tried < of ? ` (of ${of}: the time was over)` : "";
  return (
    `attack: of ${plural(tried, "example")}${some} whose answer is right and not certified, PGD changes the answer of ` +
    `${changed.size} within the ball.`
  );
}

/** What `--attack` found, in the JSON: the numbers of the examples. */
export function attackedRecord({ changed, tried, of }: AttackedAmong) {
  return { notCertified: of, tried, changed: [...changed].sort((a, b) => a - b) };
}
