import { normalize } from "node:path";
import * as z from "zod";
import { FormatError } from "../../errors.js";
import { attackSummary } from "../attack.js";
import type { attackHeader } from "../attack-record.js";
import { type CertificationHeader, wholeRecord } from "../certification-record.js";
import { certificationOf } from "../certification-summary.js";
import { checkMeasured, type MeasuredFile } from "../measured-files.js";
import { radiusSummary } from "../radius-record.js";
import { type InstanceRow, instanceSummary, verificationsRecord } from "../verification-record.js";
import { attackedOf } from "./attack-rows.js";
import { judgedOf } from "./certification-rows.js";
import { instancesOf } from "./instance-rows.js";
import type { JoinedParts } from "./join-parts.js";
import type { PartRow } from "./part.js";
import { radiiOf } from "./radius-rows.js";
import { wholeHeader } from "./whole-header.js";

/** A whole that was put together of its parts: its JSON, as the command without `--shard` has it but for times, and its kind. */
export type Merged =
  | {
      readonly kind: "certify";
      readonly record: object;
      readonly file: MeasuredFile<"certification">;
    }
  | { readonly kind: "attack"; readonly record: object; readonly file: MeasuredFile<"attack"> }
  | { readonly kind: "radius"; readonly record: object; readonly file: MeasuredFile<"radius"> }
  | {
      readonly kind: "verify";
      readonly record: object;
      readonly answers: readonly InstanceRow[];
      readonly summary: ReturnType<typeof instanceSummary> & { readonly seconds: number };
    };

/** The whole of joined parts. A `FormatError` for rows or figures that are damaged: it names the file, or all of them. */
export function mergedRecord(joined: JoinedParts): Merged {
  const { command, same, total, seconds, budget, once, paths } = joined;
  const path = paths.length === 1 ? paths[0] : `${paths[0]} to ${paths[paths.length - 1]}`;
  const measured = { ...(budget && { budget }) };
  switch (command) {
    case "certify": {
      const { about, bound } = wholeHeader(command, joined, path);
      const certification = certificationOf(inStages(rowsBy(judgedOf, joined), joined), {
        ...{ about, evaluation: bound.evaluation, byRungs: bound.secondsEach !== undefined },
        ...{ asked: total, seconds },
      });
      const whole = wholeRecord(same.record as unknown as CertificationHeader, certification);
      const record = { ...whole, ...measured };
      return { kind: command, record, file: checkMeasured(asWritten(record), "certification", path) };
    }
    case "attack": {
      const { stages } = wholeHeader(command, joined, path).model;
      const header = same.record as unknown as ReturnType<typeof attackHeader>;
      const examples = inStages(
        rowsBy((rows, own) => attackedOf(rows, own, stages), joined),
        joined,
      );
      const shown = once.flatMap((own) => own.shown ?? []).sort((a, b) => indexOf(a) - indexOf(b))[0];
      const record = {
        ...header,
        summary: { ...attackSummary(examples), seconds },
        examples,
        ...(shown !== undefined && { shown }),
        ...measured,
      };
      return { kind: command, record, file: checkMeasured(asWritten(record), "attack", path) };
    }
    case "radius": {
      const { most } = wholeHeader(command, joined, path);
      const examples = rowsBy((rows, own) => radiiOf(rows, own, most), joined);
      const summary = { ...radiusSummary(examples), seconds };
      const record = { ...same.record, summary, examples, ...measured };
      return { kind: command, record, file: checkMeasured(asWritten(record), "radius", path) };
    }
    case "verify": {
      wholeHeader(command, joined, path);
      const answers = rowsBy(instancesOf, joined);
      checkOneContent(answers);
      const record = { ...verificationsRecord(same.record, answers, seconds), ...measured };
      return { kind: command, record, answers, summary: { ...instanceSummary(answers), seconds } };
    }
  }
}

/** Rows as they are read from the file that each stands in. */
function rowsBy<R>(
  read: (rows: readonly PartRow[], path: string) => R[],
  { rows, paths }: Pick<JoinedParts, "rows" | "paths">,
): R[] {
  return rows.flatMap((row, item) => read([row], paths[item % paths.length]));
}

/** Rows whose stage, from 0, is one that the model has. */
function inStages<R extends { readonly index: number; readonly stage: number }>(
  rows: R[],
  { same, paths }: Pick<JoinedParts, "same" | "paths">,
): R[] {
  const model = z.looseObject({ model: z.looseObject({ stages: z.int().min(1) }) }).safeParse(same.record);
  const stages = model.data?.model.stages ?? 0;
  const item = rows.findIndex(({ stage }) => stage >= stages);
  if (item < 0) return rows;
  throw new FormatError(
    `${paths[item % paths.length]}: item ${item}: stage: expected one below ${stages}, the model's, found ${rows[item].stage}; ` +
      "the file is damaged or was changed",
  );
}

/** Files of one name must have been one file, whichever process read them. */
function checkOneContent(answers: readonly InstanceRow[]): void {
  const known = new Map<string, string>();
  for (const { path: name, sha256 } of answers.flatMap(({ model, spec }) => [model, spec])) {
    if (sha256 === null) continue;
    const place = normalize(name);
    const other = known.get(place);
    if (other !== undefined && other !== sha256) {
      throw new FormatError(`${name}: expected the same file in all parts, sha256 ${other}, found ${sha256}`);
    }
    known.set(place, sha256);
  }
}

/** As it is read from its file. */
const asWritten = (record: object): unknown => JSON.parse(JSON.stringify(record));

function indexOf(shown: unknown): number {
  return typeof shown === "object" && shown !== null && "index" in shown ? Number(shown.index) : Infinity;
}
