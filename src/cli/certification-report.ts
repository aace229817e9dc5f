import type { LoadedCascade } from "../cascade/folder.js";
import type { Against } from "../certify/certify.js";
import type { Dtype } from "../compute/backend.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-network.js";
import type { Network } from "../network/network.js";
import { guaranteeInSentences } from "../report/guarantee.js";
import type { Certification } from "./certification.js";
import { type Estimation, estimationFigures, estimationRecord } from "./certification-estimator.js";
import type { Output } from "./output.js";
import { formatFigures } from "./table.js";
import { type BallInWords, formatBall, formatPercent, formatRate, plural, wrap } from "./wording.js";

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

export function dataRecord({ name, split, count }: Dataset) {
  return { name, split, count };
}

/** The subject of a certification. */
export interface CertificationSubject {
  readonly model: LoadedCascade;
  readonly dataset: Dataset;
  readonly ball: BallInWords;
  readonly method: BoundMethod;
  readonly arithmetic: Dtype;
  /** Absent: exact bounds. */
  readonly estimation?: Estimation | null;
}

/** The JSON of `certify` and `quickstart` (`autodual/certification/1`). */
export function certificationRecord(
  { model, dataset, ball, method, arithmetic, estimation }: CertificationSubject,
  { guarantee, summary, examples }: Certification,
) {
  return {
    schema: "autodual/certification/1",
    model: modelRecord(model),
    data: dataRecord(dataset),
    norm: ball.norm,
    epsilon: ball.epsilon,
    box: ball.box,
    bound: {
      method,
      arithmetic,
      guarantee,
      delta: guarantee === "probability" ? (estimation?.tail?.delta ?? null) : null,
      ...(estimation && estimationRecord(estimation)),
    },
    summary,
    examples,
  };
}

/** A line for the stages of a cascade; none for a single model. */
export function stageRow({ stages }: LoadedCascade): (readonly [string, string])[] {
  return stages.length > 1 ? [["stages", String(stages.length)]] : [];
}

const BOUND_IN_WORDS = { estimate: "estimated", probability: "certain with a probability" } as const;

/** The table of `certify`. */
export function printCertification(
  output: Output,
  { model, dataset, ball, method, estimation }: CertificationSubject,
  { guarantee, summary }: Certification,
): void {
  const estimated = estimation && guarantee !== "exact" ? estimation : null;
  // A probability is that of each certificate and not of their sum.
  const worth = guarantee === "probability" ? "if all hold" : "at most";
  output.print(
    formatFigures([
      ["model", model.path],
      ...stageRow(model),
      ["data", `${dataset.name} (${dataset.split}), ${plural(dataset.count, "example")}`],
      ["ball", formatBall(ball)],
      [
        "bound",
        `${method}, ${estimated ? BOUND_IN_WORDS[estimated.guarantee] : "exact (no random projections)"}`,
      ],
      ...(estimated ? estimationFigures(estimated) : []),
      ["error", formatPercent(summary.error)],
      ...(summary.estimatedRobustError === undefined
        ? ([[`robust error, ${worth}`, formatPercent(summary.robustError, "upper")]] as const)
        : ([["robust error, estimated", formatPercent(summary.estimatedRobustError)]] as const)),
      ["certified predictions", formatPercent(summary.certified, "lower")],
      ["speed", `${formatRate(summary.examplesPerSecond)} examples/s`],
    ]),
  );
}

/** What was guaranteed, in plain words. */
export function guaranteeInWords(
  { model, dataset, ball, estimation }: CertificationSubject,
  { guarantee, examples, summary }: Certification,
  against: Against,
): string {
  const certified = examples.filter((example) => example.certified);
  return wrap(
    guaranteeInSentences({
      ball,
      stages: model.stages.length,
      examples: dataset.count,
      certified: certified.length,
      right: certified.filter(({ prediction, label }) => prediction === label).length,
      robustError: summary.robustError,
      guarantee,
      delta: estimation?.tail?.delta ?? null,
      against,
    }),
  );
}
