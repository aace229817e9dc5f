import type { Io } from "./io.js";

/** What `run` shares with the command that it starts. */
export interface CommandContext {
  readonly io: Io;
  /** Set by the command: 0 done, 1 a negative answer, 130 or 143 stopped by a signal. Errors are thrown instead. */
  exitCode: number;
}
