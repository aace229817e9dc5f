import { Command } from "commander";
import { DEFAULT_MEMORY } from "../compute/budget.js";
import { UsageError } from "../errors.js";
import { quote } from "./arguments.js";
import { addAttack } from "./commands/attack.js";
import { addBench } from "./commands/bench.js";
import { addCertify } from "./commands/certify.js";
import { addCheck } from "./commands/check.js";
import { addConvert } from "./commands/convert.js";
import { addData } from "./commands/data.js";
import { addDrift } from "./commands/drift.js";
import { addInfo } from "./commands/info.js";
import { addQuickstart } from "./commands/quickstart.js";
import { addRadius } from "./commands/radius.js";
import { addReport } from "./commands/report.js";
import { addReproduce } from "./commands/reproduce.js";
import { addTrain } from "./commands/train.js";
import { addVerify } from "./commands/verify.js";
import type { CommandContext } from "./context.js";
import { explainFailure } from "./failure.js";
import type { Io } from "./io.js";
import { packageVersion } from "./version.js";
import { growYoungHeapWithin } from "./young-heap.js";

const ADDERS = [
  addQuickstart,
  addTrain,
  addCertify,
  addAttack,
  addRadius,
  addVerify,
  addDrift,
  addCheck,
  addInfo,
  addData,
  addConvert,
  addBench,
  addReproduce,
  addReport,
];

const EXIT_CODES = `
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
  const asked = known.find((name) => name === argv[0]);
  try {
    if (asked === undefined && !argv[0]?.startsWith("-")) {
      const found = argv.length === 0 ? "none" : quote(argv[0]);
      throw new UsageError(
        `expected a command, one of ${known.join(", ")}, found ${found}; see autodual --help`,
      );
    }
    await program.parseAsync([...argv], { from: "user" });
    return context.exitCode;
  } catch (error) {
    return explainFailure(error, io, asked);
  }
}

function buildProgram(context: CommandContext): Command {
  const { io } = context;
  const program = new Command("autodual")
    .description("Provably robust neural networks: robust training, certificates, attacks.")
    .version(packageVersion())
    .addHelpText("after", EXIT_CODES)
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
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
