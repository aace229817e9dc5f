import { take } from "../../data/dataset.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import { attackUncertified } from "../../runs/attacked-among.js";
import { certificationRecord } from "../../runs/certification-record.js";
import { certifyWithinTime } from "../../runs/certify-within-time.js";
import { LayerPlan } from "../../runs/layer-plan.js";
import { placeStages } from "../../runs/models/place-stages.js";
import { certificationPage } from "../../runs/page/certification-page.js";
import { writtenInWords } from "../certificate-words.js";
import { guaranteeInWords, printCertification } from "../certification-words.js";
import { readingFlags } from "../common-options.js";
import { decidingFlags } from "../deciding-flags.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { epsilonText } from "../feature-epsilon.js";
import {
  attackedInWords,
  attackedRecord,
  checkGateOutputs,
  gateExitCode,
  gateOutputs,
  writeGate,
} from "../gate-options.js";
import type { Io } from "../io.js";
import { printLayerPlan } from "../layer-table.js";
import { checkWritable } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { plural } from "../wording.js";
import { writeUnlessStopped } from "./certificate-file.js";
import type { CertifyFlags } from "./certify-flags.js";
import { openCertification } from "./open-certification.js";

/** Certifies all examples that were asked for, prints and writes what was found, and gives the exit code. */
export async function certifyWhole(models: readonly string[], flags: CertifyFlags, io: Io): Promise<number> {
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
  using opened = await openCertification(models, flags, io);
  const { ball, output, backend, model, dataset, own, interruption, deadline, evaluation, estimation } =
    opened;
  const { signal } = interruption;
  const { batch, bound: method, against, explain, each } = flags;
  const plan = new LayerPlan();

  using placed = placeStages(backend, model.stages);
  const certification = await certifyWithinTime(
    placed.stages,
    dataset,
    { ...opened.settings, ...(explain && { onLayer: plan.add }) },
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
