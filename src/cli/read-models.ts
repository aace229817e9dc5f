import type { Command } from "commander";
import type { LoadedCascade } from "../cascade/folder.js";
import type { Backend } from "../compute/backend.js";
import type { Stop } from "../compute/deadline.js";
import { openStages } from "../runs/models/open-model.js";
import { someText } from "./arguments.js";
import type { Io } from "./io.js";

/** Which output of a model is meant. */
export interface OutputFlags {
  readonly output?: string;
}

/** `--output`, of every command that reads models. */
export function addOutputOption(command: Command): Command {
  return command.option(
    "--output <name>",
    "of an ONNX file with several outputs the one to take",
    someText("--output", "the name of an output"),
  );
}

/**
 * Reads models as `openStages` does, and tells on standard error what a network has otherwise than its file. Throws the reason of
 * `stop`, which ends the reading of an ONNX file.
 */
export async function readModels(
  models: readonly string[],
  { output }: OutputFlags,
  { backend, io, stop }: { readonly backend: Backend; readonly io: Io; readonly stop?: Stop | undefined },
): Promise<LoadedCascade> {
  const read = await openStages(models, backend, stop, output);
  for (const { path, notes = [] } of read.stages) {
    for (const note of notes) io.stderr.write(`${path}: ${note}\n`);
  }
  return read;
}
