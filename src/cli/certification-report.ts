import type { LoadedCascade } from "../cascade/folder.js";
import type { Against } from "../certify/certify.js";
import type { Dtype } from "../compute/backend.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-network.js";
import type { Network } from "../network/network.js";
import type { Certification } from "./certification.js";
import { type Estimation, estimationFigures, estimationRecord } from "./certification-estimator.js";
import type { Output } from "./output.js";
import { formatFigures } from "./table.js";
import { type BallInWords, changeInWords, formatBall, formatNumber, formatPercent, wrap } from "./wording.js";

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
  output.print(
    formatFigures([
      ["model", model.path],
      ...stageRow(model),
      ["data", `${dataset.name} (${dataset.split}), ${dataset.count} examples`],
      ["ball", formatBall(ball)],
      [
        "bound",
        `${method}, ${estimated ? BOUND_IN_WORDS[estimated.guarantee] : "exact (no random projections)"}`,
      ],
      ...(estimated ? estimationFigures(estimated) : []),
      ["error", formatPercent(summary.error)],
      ...(summary.estimatedRobustError === undefined
        ? ([["robust error, at most", formatPercent(summary.robustError, "upper")]] as const)
        : ([["robust error, estimated", formatPercent(summary.estimatedRobustError)]] as const)),
      ["certified predictions", formatPercent(summary.certified, "lower")],
      ["speed", `${summary.examplesPerSecond.toPrecision(3)} examples/s`],
    ]),
  );
}

/** What the bounds are, and what every one of this version leaves out. */
function arithmeticInWords({ estimation }: CertificationSubject, { guarantee }: Certification): string {
  const delta = estimation?.tail?.delta;
  if (guarantee !== "probability" || delta === undefined) return FLOATING_POINT;
  return (
    `Each of these certificates holds with probability at least ${formatNumber(1 - delta)} over its random projections, ` +
    "which depend on --seed alone. They were computed in floating point; its rounding is not accounted for."
  );
}

/**
 * Of a cascade: an attacker may change not only an answer but who answers. So nothing is said of the cascade's own answer
 * to an input that was changed, but for its certified ones where all stages agree.
 */
function cascadeInWords(
  { model, dataset }: CertificationSubject,
  certified: number,
  right: number,
  change: string,
): string {
  const stages = model.stages.length;
  if (certified === 0) {
    return (
      `Nothing is guaranteed: for none of the ${dataset.count} examples could it be shown that ${change} alters the answer ` +
      `of any of the ${stages} stages. ${FLOATING_POINT}`
    );
  }
  return (
    `Guaranteed: for ${certified} of the ${dataset.count} examples, ${change} alters the answer of the stage that answers ` +
    `the example, the first of ${stages} whose answer is certified; ${right} of these answers ` +
    `${right === 1 ? "is" : "are"} right. This is about that stage's network: to an input that was changed another stage ` +
    `may answer. ${FLOATING_POINT}`
  );
}

/** Of exact bounds. */
export const FLOATING_POINT =
  "The bounds are exact ones (no random projections), computed in floating point; its rounding is not accounted for.";

/** What was guaranteed, in plain words. */
export function guaranteeInWords(
  subject: CertificationSubject,
  certification: Certification,
  against: Against,
): string {
  const { dataset, ball } = subject;
  const { guarantee: worth, examples, summary } = certification;
  if (worth === "estimate") {
    return wrap(
      "Nothing is guaranteed: these bounds are estimates by random projections. For certificates that hold with a known " +
        "probability add --delta, such as --delta 0.01; for exact ones leave out --projections.",
    );
  }
  const certified = examples.filter((example) => example.certified).length;
  const right = examples.filter(
    (example) => example.certified && example.prediction === example.label,
  ).length;
  const change = `no change of ${changeInWords(ball)}`;
  if (subject.model.stages.length > 1) return wrap(cascadeInWords(subject, certified, right, change));
  const answer = against === "label" ? "the model's answer, the label" : "the model's answer";
  const guarantee =
    certified === 0
      ? `Nothing is guaranteed: for none of the ${dataset.count} examples could it be shown that ${change} alters ` +
        "the model's answer."
      : `Guaranteed: for ${certified} of the ${dataset.count} examples, ${change} alters ${answer}; ${right} of ` +
        `these answers ${right === 1 ? "is" : "are"} right, so no attack within that ball has an error above ` +
        `${formatPercent(summary.robustError, "upper")} on these examples.`;
  return wrap(`${guarantee} ${arithmeticInWords(subject, certification)}`);
}
