import type { Command } from "commander";
import type { Against } from "../../certify/certify.js";
import { Deadline } from "../../compute/deadline.js";
import { take } from "../../data/dataset.js";
import { UsageError } from "../../errors.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import type { Network } from "../../network/network.js";
import { attackUncertified } from "../../runs/attacked-among.js";
import {
  type CertifiedSubject,
  checkCertifiable,
  type WrittenCertificates,
  writeCertificates,
} from "../../runs/certificates/write-certificates.js";
import { type CertifiedExample, certifyDataset } from "../../runs/certification.js";
import { certificationRecord } from "../../runs/certification-record.js";
import { batchWithin, type Estimation, estimationOf } from "../../runs/estimation.js";
import { LayerPlan } from "../../runs/layer-plan.js";
import { arithmeticOfStages, checkEvaluation } from "../../runs/models/check-evaluation.js";
import { placeStages } from "../../runs/models/place-stages.js";
import { certificationPage } from "../../runs/page/certification-page.js";
import { numberIn, oneOf, someText } from "../arguments.js";
import { writtenInWords } from "../certificate-words.js";
import { guaranteeInWords, printCertification } from "../certification-words.js";
import { CommandBudget, loadedTooLate } from "../command-budget.js";
import {
  addBoundOption,
  addJsonOption,
  addMachineOptions,
  addMemoryOption,
  addSeedOption,
  readingFlags,
  requireFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { type DecidingFlags, decidingFlags } from "../deciding-flags.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { addEvaluationOptions, roundingOf } from "../evaluation-options.js";
import { epsilonText } from "../feature-epsilon.js";
import {
  addGateOptions,
  attackedInWords,
  attackedRecord,
  checkGateOutputs,
  type GateFlags,
  gateExitCode,
  gateOutputs,
  writeGate,
} from "../gate-options.js";
import { Interruption } from "../interruption.js";
import { printLayerPlan } from "../layer-table.js";
import { addSubjectOptions, openSubject, type SubjectFlags } from "../open-subject.js";
import { checkWritable, type Output } from "../output.js";
import { addCertificateOptions, checkProjectionFlags } from "../projection-options.js";
import { TerminalObserver } from "../terminal-observer.js";
import { plural } from "../wording.js";

interface CertifyFlags extends SubjectFlags, DecidingFlags, GateFlags {
  readonly explain?: true;
  readonly report?: string;
  readonly certificate?: string;
  readonly timeout?: number;
}

/** `autodual certify`: lower bounds of every margin; the robust error that no attack exceeds, of a cascade on the stage that answers. */
export function addCertify(program: Command, context: CommandContext): void {
  const command = program
    .command("certify")
    .description(
      "bound the error under any attack, of a cascade on the stage that answers, by dual bounds: deterministic, or with a given " +
        "probability",
    );
  addSubjectOptions(command);
  addBoundOption(command);
  addCertificateOptions(command);
  command
    .option(
      "--against <class>",
      "bound the margins of the model's own prediction, or of the label",
      oneOf<Against>("--against", ["prediction", "label"]),
      "prediction",
    )
    .option(
      "--margins <which>",
      "bound all margins by the dual network, or those alone that the box leaves open: the verdicts are the same",
      oneOf<"all" | "open">("--margins", ["all", "open"]),
      "all",
    )
    .option(
      "--each <s>",
      "seconds an example for whatever proves it first: interval bounds, those by lines, optimised slopes, branch and bound",
      numberIn("--each", { min: 0 }, "5"),
    )
    .option("--explain", "print how each layer was bounded, its unstable neurons, operations and time")
    .option(
      "--report <file>",
      "write an HTML page of the verdicts, their margins and pictures",
      someText("--report", "a file such as report.html"),
    )
    .option(
      "--certificate <file>",
      "write what autodual check needs to bound every certified example again",
      someText("--certificate", "a file such as certificate.json"),
    );
  addGateOptions(command);
  command.option(
    "--timeout <s>",
    "seconds of the whole command; examples that are not reached count as not certified",
    numberIn("--timeout", { above: 0 }, "60"),
  );
  addEvaluationOptions(command);
  addMemoryOption(command);
  addMachineOptions(command);
  addSeedOption(command, "of random projections; deterministic bounds draw no random numbers");
  addJsonOption(command).action(async (models: string[], flags: CertifyFlags) => {
    checkProjectionFlags(flags);
    if (flags.certificate !== undefined && flags.projections !== "exact") {
      throw new UsageError(
        `--certificate: expected deterministic bounds, found --projections ${flags.projections}`,
      );
    }
    checkEach(flags, command.getOptionValueSource("bound") === "cli");
    requireFlags(command, ["data", "epsilon"], "MODEL --data mnist --epsilon 0.1");
    context.exitCode = await certify(models, flags, context);
  });
}

/** The strongest bounds are all bounds, and none that is estimated. */
function checkEach({ each, projections, explain }: CertifyFlags, isBoundGiven: boolean): void {
  if (each === undefined) return;
  const other =
    (isBoundGiven && "--bound") || (projections !== "exact" && "--projections") || (explain && "--explain");
  if (other)
    throw new UsageError(`--each: expected without ${other}, as it tries every bound itself, found both`);
}

async function certify(models: string[], flags: CertifyFlags, { io }: CommandContext): Promise<number> {
  checkDistinctFiles(
    {
      "--json": flags.json,
      "--report": flags.report,
      "--certificate": flags.certificate,
      ...gateOutputs(flags),
    },
    { models, data: flags.data },
  );
  if (flags.report !== undefined) checkWritable("--report", flags.report);
  if (flags.certificate !== undefined) checkWritable("--certificate", flags.certificate);
  checkGateOutputs(flags);
  const rounding = roundingOf(flags);
  const own = new CommandBudget(flags, io);
  const { timeout } = flags;
  const memory = own.tensors.bytes;
  const loading = timeout === undefined ? undefined : own.deadline(timeout);
  const opening = () => openSubject(models, { ...flags, memory }, io, loading);
  const opened = await (loading ? loading.unlessPassed(opening) : opening());
  if (!opened) throw new UsageError(loadedTooLate(models.join(", "), timeout));
  const { ball, output, backend, model, dataset } = opened;
  // A model is read in one go: until here Ctrl-C ends the process at once.
  using interruption = new Interruption();
  const { signal } = interruption;
  const deadline = timeout === undefined ? Deadline.at(signal) : own.deadline(timeout, signal);
  checkEvaluation("--evaluation", flags.evaluation, model.stages);
  const { evaluation = arithmeticOfStages(model.stages) } = flags;
  if (flags.certificate !== undefined) checkCertifiable({ stages: model.stages, evaluation });
  const { batch, bound: method, against, margins, explain, each } = flags;
  const plan = new LayerPlan();
  const [{ network }] = model.stages;
  const estimation = readEstimation(flags, network);
  if (estimation && model.stages.length > 1) {
    throw new UsageError(
      `--projections: expected one model, as certificates of a cascade are deterministic, found ${model.stages.length} stages`,
    );
  }

  using placed = placeStages(backend, model.stages);
  const certification = await certifyDataset(
    placed.stages,
    dataset,
    {
      ball,
      method,
      each,
      against,
      margins,
      batch: estimation ? batchWithin(estimation, network, backend, batch, memory) : batch,
      estimation,
      ...rounding,
      ...(explain && { onLayer: plan.add }),
      budget: own.tensors,
      deadline,
    },
    { observer: new TerminalObserver(output) },
  );
  const reached = certification.examples.length;
  // What is said and written is about the examples that were reached.
  const seen = reached === 0 ? dataset : take(dataset, reached);
  const subject = { model, dataset: seen, ball, method, each, arithmetic: backend.dtype, estimation };
  const gate = { subject, certification, asked: dataset, models };
  if (reached === 0) {
    output.print(interruption.aborted ? "stopped; nothing was kept" : "the time was over before one example");
    const statement = "Nothing is guaranteed: no example was reached.";
    await writeGate(flags, { ...gate, statement, attacked: null, stopped: interruption.aborted }, output);
    await output.writeJson({ ...certificationRecord(subject, certification), budget: own.record(backend) });
    if (interruption.aborted) return interruption.exitCode;
    return gateExitCode(flags, certification);
  }
  printCertification(output, subject, certification);
  const { unfinished, unreached } = certification.summary;
  if (unreached) {
    const why = interruption.aborted ? "stopped" : "the time was over";
    const all = plural(dataset.count, "example");
    output.prose(`${why} after ${reached} of ${all}: figures and guarantee are about these.`);
  }
  if (unfinished)
    output.print(`${plural(unfinished, "example")} not bounded within the time: not certified.`);
  const statement = guaranteeInWords(subject, certification, against);
  output.prose(statement);
  const attacked =
    flags.attack && !interruption.aborted
      ? await attackUncertified(
          placed.stages,
          seen,
          certification.examples,
          { ball, batch, seed: flags.seed, deadline, budget: own.tensors },
          { observer: new TerminalObserver(output), signal },
        )
      : null;
  if (attacked) output.prose(attackedInWords(attacked));
  const layers = explain && plan.summary(certification.examples.length);
  if (layers) {
    printLayerPlan(output, layers);
    output.print("Means per example; the time of a layer includes those on the way to it.");
  }
  if (flags.report !== undefined) {
    const { data, epsilon } = flags;
    const words = {
      epsilon: epsilonText(epsilon),
      reading: readingFlags(flags),
      flags: decidingFlags(flags),
    };
    const given = { subject, certification, layers: layers || null, models, data, against, ...words };
    const page = certificationPage(given);
    await writeFileAtomically(flags.report, page);
    output.print(`report ${flags.report}`);
  }
  await writeGate(flags, { ...gate, statement, attacked, stopped: interruption.aborted }, output);
  const { certificate } = flags;
  const written =
    certificate === undefined || interruption.aborted
      ? null
      : await writeUnlessStopped(
          certificate,
          { stages: model.stages, dataset: seen, ball, evaluation },
          certification.examples,
          output,
          deadline,
        );
  if (certificate !== undefined) output.print(writtenInWords(certificate, written));
  await output.writeJson({
    ...certificationRecord(subject, certification),
    budget: own.record(backend),
    ...(layers && { layers }),
    ...(attacked && { attacked: attackedRecord(attacked) }),
    ...(certificate !== undefined && { certificate: written && { path: certificate, ...written } }),
  });
  if (interruption.aborted) return interruption.exitCode;
  return gateExitCode(flags, certification);
}

/**
 * Ctrl-C, and the end of the time, end the writing between two certificates; the verdicts stand, and what there was before stays in the
 * file's place.
 */
function writeUnlessStopped(
  path: string,
  subject: CertifiedSubject,
  examples: readonly CertifiedExample[],
  output: Output,
  deadline: Deadline,
): Promise<WrittenCertificates | null> {
  const watch = { observer: new TerminalObserver(output) };
  return deadline.unlessPassed(() => writeCertificates(path, subject, examples, watch, deadline));
}

/** A fault of δ is one of its flag. */
function readEstimation(flags: CertifyFlags, network: Network): Estimation | null {
  try {
    return estimationOf(flags, network);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--${error.message}`);
    throw error;
  }
}
