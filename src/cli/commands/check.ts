import type { Command } from "commander";
import type { Split } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { readCertificate } from "../../formats/certificate/file.js";
import { readVnnlib } from "../../formats/vnnlib/read.js";
import { checkClaims } from "../../runs/certificates/check-claims.js";
import { openStages } from "../../runs/models/open-model.js";
import { oneOf, someText } from "../arguments.js";
import { certificateInSentences, outcomeInWords } from "../certificate-words.js";
import {
  addDataOptions,
  addJsonOption,
  type DataFlags,
  type JsonOptions,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatDuration, plural, wrap } from "../wording.js";

interface CheckFlags extends Partial<DataFlags>, JsonOptions {
  readonly model: readonly string[];
  readonly split: Split;
  readonly spec?: string;
}

const NOTES = `
The first line of the output is valid, or the first claim that does not hold; the exit code is then 1.`;

/** `autodual check`: bounds again all that a certificate file claims, by the checker alone. */
export function addCheck(program: Command, context: CommandContext): void {
  const command = program
    .command("check")
    .description("bound again what a certificate file claims of a model, by a checker of its own")
    .argument("<certificate>", "a file that certify --certificate wrote, perhaps packed by gzip")
    .option(
      "--model <model...>",
      "an .onnx or .safetensors file, a run folder, or a cascade; several are the stages of one",
    );
  addDataOptions(command)
    .option("--split <split>", "test or train", oneOf<Split>("--split", ["test", "train"]), "test")
    .option(
      "--spec <file>",
      "a VNN-LIB property: every case of it must be claimed",
      someText("--spec", "a .vnnlib file"),
    )
    .addHelpText("after", NOTES);
  addJsonOption(command).action(async (certificate: string, flags: CheckFlags) => {
    requireFlags(command, ["model"], "CERTIFICATE --model MODEL");
    context.exitCode = await check(certificate, flags, context);
  });
}

async function check(path: string, flags: CheckFlags, { io }: CommandContext): Promise<number> {
  const { model: models, data, dataDir, split, spec, json } = flags;
  const output = new Output(io, json);
  const certificate = await readCertificate(path);
  // On which the import of an ONNX file is compared with its graph; no bound comes from it.
  const { backend } = await openBackend({ backend: "portable" });
  const model = await openStages(models, backend);
  backend.dispose();
  const dataset = data === undefined ? undefined : await loadDataset(data, { split, dataDir });
  const property = spec === undefined ? undefined : await readVnnlib(spec);
  const began = performance.now();
  const outcome = await checkClaims(
    certificate,
    { stages: model.stages, ...(dataset && { dataset }), ...(property && { property }) },
    { observer: new TerminalObserver(output) },
  );
  const seconds = (performance.now() - began) / 1000;
  const { checked, fault } = outcome;
  output.print(outcomeInWords(outcome));
  if (fault === null) output.print(wrap(certificateInSentences(certificate)));
  output.print(`${plural(checked, "claim")} bounded again in ${formatDuration(seconds)}`);
  await output.writeJson({
    schema: "autodual/check/1",
    certificate: path,
    model: { path: model.path, sha256: model.sha256, stages: model.stages.length },
    valid: fault === null,
    claims: certificate.claims.length,
    checked,
    fault,
    seconds,
  });
  return fault === null ? 0 : 1;
}
