import { Command } from "commander";
import { DEFAULT_MEMORY } from "../compute/budget.js";
import { launchedBy } from "../distributed/launcher.js";
import { UsageError } from "../errors.js";
import { quote } from "./arguments.js";
import { addAttack } from "./commands/attack.js";
import { addBench } from "./commands/bench.js";
import { addCertify } from "./commands/certify.js";
import { addCheck } from "./commands/check.js";
import { addCompletion } from "./commands/completion.js";
import { addConvert } from "./commands/convert.js";
import { addData } from "./commands/data.js";
import { addDrift } from "./commands/drift.js";
import { addInfo } from "./commands/info.js";
import { addMerge } from "./commands/merge.js";
import { addQuickstart } from "./commands/quickstart.js";
import { addRadius } from "./commands/radius.js";
import { addReport } from "./commands/report.js";
import { addReproduce } from "./commands/reproduce.js";
import { addServe } from "./commands/serve.js";
import { addTrain } from "./commands/train.js";
import { addVerify } from "./commands/verify.js";
import type { CommandContext } from "./context.js";
import { explainFailure } from "./failure.js";
import type { Io } from "./io.js";
import { ownersInWords } from "./option-owners.js";
import { leaveToFirst } from "./train/ranks.js";
import { packageVersion } from "./version.js";
import { growYoungHeapWithin } from "./young-heap.js";

const ADDERS = [
  addQuickstart,
  addTrain,
  addCertify,
  addAttack,
  addRadius,
  addVerify,
  addMerge,
  addDrift,
  addCheck,
  addInfo,
  addData,
  addConvert,
  addBench,
  addReproduce,
  addReport,
  addServe,
  addCompletion,
];

const NOTES = `
Help with one command: autodual help COMMAND. Completion of the shell: autodual help completion.
Exit codes: 0 done; 1 a negative answer where that was asked (--fail-above, check);
2 bad usage or input; 3 an internal fault; 130 and 143 stopped by a signal.`;

/**
 * Runs one command line and gives its exit code: 0 done, 1 a negative answer where that was asked, 2 bad usage or bad
 * input, 3 an internal fault, 130 or 143 stopped by a signal. Nothing is thrown, and the process is left alone.
 */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const context: CommandContext = { io, exitCode: 0 };
  const program = buildProgram(context);
  const known = program.commands.map((command) => command.name());
  const line = helpAsFlag(argv);
  const asked = known.find((name) => name === line[0]);
  try {
    if (asked === undefined && !line[0]?.startsWith("-")) {
      const found = line.length === 0 ? "none" : quote(line[0]);
      throw new UsageError(
        `expected a command, one of ${known.join(", ")}, found ${found}; see autodual --help`,
        line.length === 0 ? undefined : { found: line[0], known },
      );
    }
    await program.parseAsync([...line], { from: "user" });
    return context.exitCode;
  } catch (error) {
    // The one command whose processes are ranks of one job.
    if (asked === "train") await leaveToFirst(io);
    return explainFailure(error, io, asked, ownersInWords(error, program.commands));
  }
}

/** `help certify` is `certify --help`. */
function helpAsFlag(argv: readonly string[]): readonly string[] {
  if (argv[0] !== "help") return argv;
  return argv[1] === undefined ? ["--help"] : [argv[1], "--help"];
}

function buildProgram(context: CommandContext): Command {
  const { io } = context;
  const program = new Command("autodual")
    .description("Provably robust neural networks: robust training, certificates, attacks.")
    .version(packageVersion())
    .addHelpText("after", NOTES)
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      // Help and the version, which several ranks have alike.
      writeOut: (text) => {
        if ((launchedBy(io.env)?.rank ?? 0) === 0) io.stdout.write(text);
      },
      writeErr: (text) => io.stderr.write(text),
      // Every error is told once, in one line, by `explainFailure`.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(io.stdout.columns ?? 80, 100),
    });
  for (const add of ADDERS) add(program, context);
  program.hook("preAction", (_, command) => {
    growYoungHeapWithin(command.opts<{ memory?: number }>().memory ?? DEFAULT_MEMORY);
  });
  return program;
}
