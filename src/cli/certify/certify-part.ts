import { checksum } from "../../data/checksum.js";
import { UsageError } from "../../errors.js";
import { certifyDataset } from "../../runs/certification.js";
import { certificationHeader } from "../../runs/certification-record.js";
import { errorsOf } from "../../runs/certification-summary.js";
import { placeStages } from "../../runs/models/place-stages.js";
import { judgedOf } from "../../runs/parts/certification-rows.js";
import { aboutOf } from "../../threat/about.js";
import { writtenInWords } from "../certificate-words.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { gateOutputs } from "../gate-options.js";
import type { Io } from "../io.js";
import { checkWritable } from "../output.js";
import { askedPart, openPart, partExitCode, pathOfShard } from "../parts/part-file.js";
import type { AskedShard } from "../parts/shard-option.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatPercent } from "../wording.js";
import { writeUnlessStopped } from "./certificate-file.js";
import type { CertifyFlags } from "./certify-flags.js";
import { openCertification } from "./open-certification.js";

/** The part is done, and its certificate file is not for want of time: the same command writes it. */
const EXIT_UNDONE = 1;

/** Certifies a share of the examples and keeps it in its file as it goes; gives the exit code. */
export async function certifyPart(
  models: readonly string[],
  flags: CertifyFlags & { readonly shard: AskedShard },
  io: Io,
): Promise<number> {
  const { explain, report, attack, failAbove, against, margins, seed } = flags;
  const asked = askedPart(
    flags,
    {
      ...{ "--explain": explain, "--report": report, "--attack": attack },
      ...gateOutputs(flags),
      "--fail-above": failAbove,
    },
    io,
  );
  const { each = 0, timeout = Number.POSITIVE_INFINITY } = flags;
  if (each >= timeout) {
    throw new UsageError(
      `--timeout: expected with --shard more than --each ${each}, as an example that is cut short is not kept, found ${timeout}`,
    );
  }
  const json = asked.path;
  const certificate = flags.certificate && pathOfShard(flags.certificate, asked.shard);
  checkDistinctFiles({ "--json": json, "--certificate": certificate }, { models, data: flags.data });
  if (certificate !== undefined) checkWritable("--certificate", certificate);
  using opened = await openCertification(models, { ...flags, json }, io);
  const { ball, backend, model, dataset, output, own, estimation, interruption, deadline } = opened;
  const { method, rounding } = opened.settings;
  using placed = placeStages(backend, model.stages);
  const evaluation = rounding === undefined ? opened.evaluation : rounding;
  const subject = { model, dataset, ball, method, each: flags.each, arithmetic: backend.dtype, estimation };
  const part = await openPart(
    asked,
    {
      command: "certify",
      total: dataset.count,
      same: {
        record: certificationHeader(subject, { about: aboutOf(model.stages.length), evaluation }),
        settings: {
          ...{ data: checksum(dataset), against, margins, output: flags.output ?? null },
          // Nothing else draws random numbers.
          ...(estimation && { seed }),
        },
      },
    },
    output,
  );
  if (!part.isComplete) {
    await certifyDataset(
      placed.stages,
      dataset,
      { ...opened.settings, among: part.left, keep: (judged) => part.add(judged) },
      { observer: new TerminalObserver(output) },
    );
  }
  await part.write(own.record(backend));
  if (part.rows.length > 0) {
    const { error, robustError } = errorsOf(judgedOf(part.rows, asked.path));
    output.figures([
      ["error", formatPercent(error)],
      ["robust error of this part", formatPercent(robustError, "upper")],
    ]);
  }
  const code = partExitCode(part, output, interruption);
  if (certificate === undefined || !part.isComplete) return code;
  // All that the part has, whichever process found it: the checker bounds each of them anew.
  const written = interruption.aborted
    ? null
    : await writeUnlessStopped(
        certificate,
        { stages: model.stages, dataset, ball, evaluation: opened.evaluation },
        judgedOf(part.rows, asked.path),
        output,
        deadline,
      );
  output.print(writtenInWords(certificate, written));
  if (written !== null) return code;
  return interruption.aborted ? interruption.exitCode : EXIT_UNDONE;
}
