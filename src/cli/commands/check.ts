import type { Command } from "commander";
import type { Stop } from "../../compute/deadline.js";
import type { Split } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { readCertificate } from "../../formats/certificate/file.js";
import { readVnnlib } from "../../formats/vnnlib/read.js";
import { checkClaims, checkComparable } from "../../runs/certificates/check-claims.js";
import type { CertificateRequirements } from "../../runs/certificates/requirements.js";
import type { Norm } from "../../threat/ball.js";
import type { Box } from "../../threat/box.js";
import { EVALUATIONS, type Evaluation } from "../../threat/evaluation.js";
import { numberIn, oneOf, parseBox, parseNorm, someText, wholeNumber } from "../arguments.js";
import { certificateInSentences, outcomeInWords } from "../certificate-words.js";
import { deadlineOf, loadWithin, overAfter } from "../command-budget.js";
import {
  addDataOptions,
  addJsonOption,
  addTimeoutOption,
  type DataFlags,
  type JsonOptions,
  readingFlags,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinctFiles } from "../distinct-files.js";
import type { Io } from "../io.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { addOutputOption, type OutputFlags, readModels } from "../read-models.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatDuration, plural } from "../wording.js";

interface CheckFlags extends Partial<DataFlags>, JsonOptions, OutputFlags {
  readonly model: readonly string[];
  readonly split: Split;
  readonly spec?: string;
  readonly epsilon?: number;
  readonly norm?: Norm;
  readonly box?: Box | "none";
  readonly evaluation?: Evaluation;
  readonly examples?: number;
  readonly timeout?: number;
}

const NOTES = `
The first line of the output is valid, or the first claim that does not hold or does not say what is required; the
exit code is then 1.`;

/** `autodual check`: bounds again all that a certificate file claims, by the checker alone. */
export function addCheck(program: Command, context: CommandContext): void {
  const command = program
    .command("check")
    .description("bound again what a certificate file claims of a model, by a checker of its own")
    .argument(
      "<certificate>",
      "a file that certify or verify wrote with --certificate, perhaps packed by gzip",
    )
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
    .option(
      "--epsilon <e>",
      "require of every claim about an example a radius of at least this; norm linf and box 0,1 unless told",
      numberIn("--epsilon", { min: 0 }),
    )
    .option("--norm <norm>", "require this norm: linf, l2 or l1", parseNorm)
    .option(
      "--box <box>",
      "require that no claim keeps inputs closer than to this box, or none: to no box at all",
      parseBox,
    )
    .option(
      "--evaluation <how>",
      `require that every claim holds for one of ${EVALUATIONS.join(", ")}`,
      oneOf<Evaluation>("--evaluation", EVALUATIONS),
    )
    .option(
      "--examples <n>",
      "require claims about at least so many different examples",
      wholeNumber("--examples", { min: 1 }),
    )
    .addHelpText("after", NOTES);
  addOutputOption(command);
  addTimeoutOption(command, "seconds that reading and checking may take");
  addJsonOption(command).action(async (certificate: string, flags: CheckFlags) => {
    requireFlags(command, ["model"], "CERTIFICATE --model MODEL");
    context.exitCode = await check(certificate, flags, context);
  });
}

async function check(path: string, flags: CheckFlags, { io }: CommandContext): Promise<number> {
  const { model: models, data, spec, json, timeout } = flags;
  const output = new Output(io, json);
  checkDistinctFiles({ "--json": json }, { certificate: path, models, data, spec });
  const deadline = deadlineOf(flags, io);
  const named = [path, ...models, ...[data, spec].filter((other) => other !== undefined)].join(" or ");
  const { certificate, model, property, dataset } = await loadWithin(deadline, named, flags, (stop) =>
    readAll(path, flags, io, stop),
  );
  const { stages } = model;
  const required = requirementsIn(flags);
  const began = performance.now();
  const { length: all } = certificate.claims;
  const stop = deadline ?? undefined;
  const checking = () =>
    checkClaims(
      certificate,
      { stages, required, ...(dataset && { dataset }), ...(property && { property }) },
      { observer: new TerminalObserver(output), stop },
    );
  const outcome = await (deadline ? deadline.unlessPassed(checking) : checking());
  if (!outcome) throw overAfter(`all was read, but before the ${plural(all, "claim")} were checked`, timeout);
  const seconds = (performance.now() - began) / 1000;
  const { checked, fault, about, claimed } = outcome;
  output.print(outcomeInWords(outcome));
  if (fault === null) output.prose(certificateInSentences(outcome, dataset ? "compared" : "not compared"));
  output.print(`${plural(checked, "claim")} bounded again in ${formatDuration(seconds)}`);
  await output.writeJson({
    schema: "autodual/check/1",
    certificate: path,
    model: { path: model.path, sha256: model.sha256, stages: stages.length },
    about,
    valid: fault === null,
    claims: all,
    checked,
    fault,
    claimed,
    required,
    seconds,
  });
  return fault === null ? 0 : 1;
}

/** The certificate, and all that it is compared with. Throws the reason of `stop`, which ends the reading. */
async function readAll(path: string, flags: CheckFlags, io: Io, stop: Stop | undefined) {
  const { model: models, data, split, spec } = flags;
  const certificate = await readCertificate(path, stop);
  // On which the import of an ONNX file is compared with its graph; no bound comes from it.
  const { backend } = await openBackend({ backend: "portable" });
  const model = await readModels(models, flags, { backend, io, stop });
  backend.dispose();
  const property = spec === undefined ? undefined : await readVnnlib(spec, stop);
  checkComparable(
    certificate,
    { stages: model.stages, hasData: data !== undefined, ...(property && { property }) },
    { data: "--data", property: spec ?? "--spec" },
  );
  const dataset =
    data === undefined ? undefined : await loadDataset(data, { split, stop, ...readingFlags(flags) });
  return { certificate, model, property, dataset };
}

/** What the flags require; what they leave open is left out. */
function requirementsIn({ epsilon, norm, box, evaluation, examples }: CheckFlags): CertificateRequirements {
  return {
    ...(epsilon !== undefined && { epsilon }),
    ...(norm && { norm }),
    ...(box && { box: box === "none" ? null : box }),
    ...(evaluation && { evaluation }),
    ...(examples !== undefined && { examples }),
  };
}
