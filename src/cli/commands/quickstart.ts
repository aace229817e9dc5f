import type { Command } from "commander";
import { QUICKSTART_BALL, quickstartData, runQuickstart } from "../../library/quickstart.js";
import { QUICKSTART } from "../../library/quickstart-settings.js";
import { certificationRecord } from "../../runs/certification-record.js";
import { QUICKSTART_FILE } from "../../runs/page/quickstart-mark.js";
import { ReplacedFolder } from "../../runs/replaced-folder.js";
import { someText } from "../arguments.js";
import { guaranteeInWords } from "../certification-words.js";
import {
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type JsonOptions,
  type MachineFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { Interruption } from "../interruption.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatBall, formatCount, formatDuration, formatPercent } from "../wording.js";

interface QuickstartFlags extends JsonOptions, MachineFlags {
  readonly out: string;
  readonly seed: number;
}

/** `autodual quickstart`: from nothing to a certified network, with no download. */
export function addQuickstart(program: Command, context: CommandContext): void {
  const command = program
    .command("quickstart")
    .description("train a small robust network on generated digits, certify it, attack it: under two minutes")
    .option("--out <dir>", "run folder, replaced at each run", someText("--out", "a folder"), QUICKSTART.out);
  addMachineOptions(command);
  addSeedOption(command, "of the starting weights, the batches and the attack");
  addJsonOption(command).action(async (flags: QuickstartFlags) => {
    context.exitCode = await quickstart(flags, context);
  });
}

async function quickstart(flags: QuickstartFlags, { io }: CommandContext): Promise<number> {
  const began = performance.now();
  const output = new Output(io, flags.json);
  const { backend, description } = await openBackend(flags);
  using target = new ReplacedFolder("--out", flags.out, QUICKSTART_FILE);
  const data = await quickstartData();
  output.print(
    `${output.bold("autodual quickstart")}: ${QUICKSTART.epochs} epochs of robust training on ${formatCount(data.train.count)} ` +
      `generated digits,\nmodel ${QUICKSTART.model}, ${formatBall(QUICKSTART_BALL)};\n${description}`,
  );

  using interruption = new Interruption();
  const watch = { observer: new TerminalObserver(output), signal: interruption.signal };
  const { seed } = flags;
  const found = await interruption.unlessStopped(() => runQuickstart({ target, seed, data }, backend, watch));
  if (!found) {
    output.print("stopped; nothing was kept");
    return interruption.exitCode;
  }

  const { subject, certification, attack, folder, report } = found;
  const { summary } = certification;
  const figures: [string, string][] = [
    ["standard error", formatPercent(summary.error)],
    ["FGSM error", formatPercent(attack.summary.fgsmError)],
    [`PGD error (${QUICKSTART.attackSteps} steps)`, formatPercent(attack.summary.pgdError)],
    ["robust error, at most", formatPercent(summary.robustError, "upper")],
    ["time in all", formatDuration((performance.now() - began) / 1000)],
  ];
  output.figures(figures);
  output.prose(guaranteeInWords(subject, certification, "prediction"));
  output.print(`run folder ${folder}`);
  output.print(`report ${report}`);
  await output.writeJson(certificationRecord(subject, certification));
  return 0;
}
