import type { LoadedCascade } from "../cascade/folder.js";
import type { Dtype } from "../compute/backend.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { Network } from "../network/network.js";
import { mixInWords } from "../report/guarantee.js";
import type { BallInWords } from "../report/wording.js";
import { plainEpsilon } from "../threat/ball.js";
import { plainBox } from "../threat/box.js";
import type { Certification } from "./certification-summary.js";
import { type Estimation, estimationRecord } from "./estimation.js";
import { roundingRecord } from "./rounding-record.js";

/** What names a model in a report: the file, by path and content, and its size. */
export function modelRecord({ path, sha256, stages }: LoadedCascade) {
  const total = (count: (network: Network) => number) =>
    stages.reduce((sum, { network }) => sum + count(network), 0);
  return {
    path,
    sha256,
    parameters: total(({ parameterCount }) => parameterCount),
    hiddenUnits: total(({ hiddenUnits }) => hiddenUnits),
    stages: stages.length,
  };
}

/** What names a data set in a report. */
export function dataRecord({ name, split, count }: Dataset) {
  return { name, split, count };
}

/** The subject of a certification. */
export interface CertificationSubject {
  readonly model: LoadedCascade;
  readonly dataset: Dataset;
  readonly ball: BallInWords;
  readonly method: BoundMethod;
  /** Seconds an example for whatever proves it first; absent: `method` alone. */
  readonly each?: number | undefined;
  readonly arithmetic: Dtype;
  /** Absent: deterministic bounds. */
  readonly estimation?: Estimation | null;
}

/** The JSON of `certify` and `quickstart` (`autodual/certification/1`). */
export function certificationRecord(subject: CertificationSubject, certification: Certification) {
  return wholeRecord(certificationHeader(subject, certification), certification);
}

/** Of that JSON what the verdicts do not decide. */
export function certificationHeader(
  { model, dataset, ball, method, each, arithmetic, estimation }: CertificationSubject,
  { about, evaluation }: Pick<Certification, "about" | "evaluation">,
) {
  return {
    schema: "autodual/certification/1" as const,
    model: modelRecord(model),
    data: dataRecord(dataset),
    norm: ball.norm,
    epsilon: plainEpsilon(ball.epsilon),
    box: ball.box && plainBox(ball.box),
    about,
    bound: {
      method: each === undefined ? method : ("strongest" as const),
      ...(each !== undefined && { secondsEach: each }),
      arithmetic,
      /** Of bounds that hold with a probability. */
      delta: estimation?.tail?.delta ?? null,
      ...(estimation && estimationRecord(estimation)),
      ...roundingRecord(evaluation),
    },
  };
}

/** The whole JSON. */
export function wholeRecord(
  { bound: { method, arithmetic, delta, ...bound }, ...header }: CertificationHeader,
  { guarantee, mix, summary, examples }: Pick<Certification, "guarantee" | "mix" | "summary" | "examples">,
) {
  const { secondsEach, ...rest } = bound;
  return {
    ...header,
    bound: {
      method,
      ...(secondsEach !== undefined && { secondsEach }),
      arithmetic,
      guarantee,
      delta: guarantee === "probability" ? delta : null,
      ...(mix && { mix: { examples: mix, meaning: mixInWords(mix) } }),
      ...rest,
    },
    summary,
    examples,
  };
}

export type CertificationHeader = ReturnType<typeof certificationHeader>;
