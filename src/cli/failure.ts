import { CommanderError } from "commander";
import { AutodualError, UsageError } from "../errors.js";
import { inCallersWords } from "./called.js";
import type { Io } from "./io.js";
import { oneLine } from "./one-line.js";
import { suggestionOf } from "./suggestion.js";

/** Bad usage or bad input. */
const EXIT_BAD_INPUT = 2;
/** A fault of ours. */
const EXIT_INTERNAL = 3;

/**
 * Tells an error in one line on standard error and gives the exit code. `command` is the one that was asked for, to
 * point at its help; `owners` are said of a flag that it lacks.
 */
export function explainFailure(error: unknown, io: Io, command: string | undefined, owners = ""): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    writeLine(io, usageLine(error, command, owners));
    return EXIT_BAD_INPUT;
  }
  if (error instanceof AutodualError) {
    const near = error instanceof UsageError && error.unknown ? suggestionOf(error.unknown) : "";
    writeLine(io, near === "" ? error.message : `${error.message} ${near}`);
    return EXIT_BAD_INPUT;
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  if (io.env.AUTODUAL_DEBUG) {
    writeLine(io, `internal fault: ${message}`);
    io.stderr.write(`${stack ?? ""}\n`);
  } else {
    writeLine(io, `internal fault: ${message}; set AUTODUAL_DEBUG=1 to see where`);
  }
  return EXIT_INTERNAL;
}

function usageLine({ message }: CommanderError, command: string | undefined, owners: string): string {
  const plain = message.replace(/^error: |\.$/g, "");
  // Of a flag that other commands have, what is near among this one's own is another thing.
  const complaint = owners === "" ? plain : plain.replace(/\s*\(Did you mean .*\?\)$/, "");
  return command === undefined
    ? `${complaint}; see autodual --help`
    : `${command}: ${complaint}${owners}; see autodual ${command} --help`;
}

function writeLine(io: Io, message: string): void {
  io.stderr.write(`autodual: ${oneLine(inCallersWords(message, io.called))}\n`);
}
