import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { UsageError } from "../../errors.js";
import { quote, someText, wholeNumber } from "../arguments.js";
import type { CommandContext } from "../context.js";
import { realPath } from "../distinct-files.js";
import { Interruption } from "../interruption.js";
import { Output } from "../output.js";
import { plural } from "../wording.js";

const PORT = 8321;
const HOST = "127.0.0.1";

interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly token?: string;
}

/** `autodual serve`: pages of runs that follow them as they go. */
export function addServe(program: Command, context: CommandContext): void {
  program
    .command("serve")
    .description("show runs in the browser while they go on: curves, errors, time left, examples")
    .argument("<run...>", "run folders, of single models or of cascades")
    .option(
      "--port <number>",
      "where to listen; 0 for any that is free",
      wholeNumber("--port", { min: 0, max: 65_535 }),
      PORT,
    )
    .option(
      "--host <address>",
      "which address to listen at; any but this machine's own needs a token",
      someText("--host", "an address of this machine"),
      HOST,
    )
    .option(
      "--token <text>",
      "what a browser has to show, 16 letters or digits at least (default: a random one where --host lets others in)",
      parseToken,
    )
    .addHelpText(
      "after",
      `
Examples:
  autodual serve runs/mnist                       http://127.0.0.1:${PORT}/, until Ctrl-C
  autodual serve runs/a runs/b --port 0           side by side, at any free port
  autodual serve runs/mnist --host 0.0.0.0        for other machines, by the link with the token`,
    )
    .action(async (runs: string[], flags: ServeFlags) => {
      await serve(runs, flags, context);
    });
}

async function serve(named: readonly string[], flags: ServeFlags, context: CommandContext): Promise<void> {
  const output = new Output(context.io, undefined);
  // Nobody else needs a server.
  const [{ serveRuns }, { isLoopback }] = await Promise.all([
    import("../../serve/server.js"),
    import("../../serve/access.js"),
  ]);
  // A run that is named twice is one run.
  const folders = [...new Map(named.map((folder) => [realPath(folder), folder])).values()];
  using interruption = new Interruption();
  const others = !isLoopback(flags.host);
  const token = flags.token ?? (others ? randomBytes(24).toString("base64url") : null);
  const server = await serveRuns(folders, { host: flags.host, port: flags.port, token });
  output.print(`serving ${plural(folders.length, "run")} at ${server.link}`);
  if (others)
    output.prose("The link is the key: who has it sees the runs. It goes over the network unencrypted.");
  output.print("Ctrl-C ends it");
  if (!interruption.aborted) {
    await new Promise((resolve) => {
      interruption.signal.addEventListener("abort", resolve, { once: true });
    });
  }
  await server.close();
  context.exitCode = interruption.exitCode;
}

/** As it goes into links and cookies. */
function parseToken(text: string): string {
  if (/^[\w-]{16,200}$/.test(text)) return text;
  throw new UsageError(
    `--token: expected 16 letters, digits, - and _ at least, found ${text.length < 16 ? `${text.length} characters` : quote(text)}`,
  );
}
