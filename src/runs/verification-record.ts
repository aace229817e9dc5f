import type { Dtype } from "../compute/backend.js";
import type { Evaluation } from "../threat/evaluation.js";
import type { SplitChoice } from "../verify/verify-options.js";

/** What is said of one property of a list. */
export interface InstanceRow {
  readonly index: number;
  /** As the list has it; its checksum where it was read. */
  readonly model: { readonly path: string; readonly sha256: string | null };
  readonly spec: { readonly path: string; readonly sha256: string | null };
  /** Seconds that it had. */
  readonly timeout: number;
  /** `error` where it could not be read or does not fit its model. */
  readonly answer: "holds" | "violated" | "unknown" | "error";
  readonly counterexample: { readonly input: readonly number[]; readonly output: readonly number[] } | null;
  readonly seconds: number;
  readonly error?: string;
}

/** How many had which answer. */
export interface InstanceSummary {
  readonly holds: number;
  readonly violated: number;
  readonly unknown: number;
  readonly errors: number;
}

export function instanceSummary(rows: readonly InstanceRow[]): InstanceSummary {
  const count = (kind: InstanceRow["answer"]): number => rows.filter(({ answer }) => answer === kind).length;
  return {
    ...{ holds: count("holds"), violated: count("violated"), unknown: count("unknown") },
    errors: count("error"),
  };
}

/** What a list of properties is answered with. */
export interface VerificationsSubject {
  readonly path: string;
  readonly sha256: string;
  readonly count: number;
  readonly arithmetic: Dtype;
  /** Null: of each model's own numbers. */
  readonly evaluation: Evaluation | null;
  readonly split: SplitChoice;
  readonly seed: number;
}

/** Of the JSON of `verify --list` what the answers do not decide. */
export function verificationsHeader({ path, sha256, count, ...settings }: VerificationsSubject) {
  return { schema: "autodual/verifications/1" as const, list: { path, sha256, count }, ...settings };
}

/** The JSON of `verify --list` (`autodual/verifications/1`). */
export function verificationsRecord<H extends object>(
  header: H,
  rows: readonly InstanceRow[],
  seconds: number,
) {
  const { length } = rows;
  return { ...header, summary: { ...instanceSummary(rows), answered: length, seconds }, instances: rows };
}
