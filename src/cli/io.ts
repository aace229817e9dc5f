import { calledAs } from "./called.js";

/** A stream as commands see it: a terminal, a pipe, or a buffer in a test. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command has of the outside world, so that tests can run it within their own process. */
export interface Io {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How the program was called, as messages say it. Default: autodual. */
  readonly called?: string;
  /** When the command began, as `performance.now()` tells it. Default: when it is asked for. */
  readonly began?: number;
}

/** This process's own streams. A reader that has gone away (`autodual ... | head`) does not stop the work. */
export function processIo(): Io {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  // The clock of `performance` starts with the process.
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    called: calledAs(process.argv[1], process.env),
    began: 0,
  };
}
