import type { LoadedCascade } from "../cascade/folder.js";
import type { Against } from "../certify/certify.js";
import { shortList } from "../data/class-names.js";
import { DATASET_NAMES } from "../data/load.js";
import { guaranteeInSentences } from "../report/guarantee.js";
import type { CertificationSubject } from "../runs/certification-record.js";
import type { Certification } from "../runs/certification-summary.js";
import type { Estimation } from "../runs/estimation.js";
import { aboutOf } from "../threat/about.js";
import { worthBesideEstimates } from "../threat/guarantee.js";
import type { Output } from "./output.js";
import { formatBall, formatCount, formatNumber, formatPercent, formatRate, plural } from "./wording.js";

/** Lines for the stages of a cascade, and for whose answers its figures are about; none for a single model. */
export function stageRows({ stages }: LoadedCascade): (readonly [string, string])[] {
  if (stages.length === 1) return [];
  return [
    ["stages", String(stages.length)],
    ["about", `the ${aboutOf(stages.length)} an example`],
  ];
}

const BOUND_IN_WORDS = { estimate: "estimated", probability: "certain with a probability" } as const;

/** The table of `certify`. */
export function printCertification(
  output: Output,
  { model, dataset, ball, method, each, estimation }: CertificationSubject,
  { guarantee, mix, summary }: Certification,
): void {
  const { name, classNames } = dataset;
  const estimated = estimation && guarantee !== "deterministic" ? estimation : null;
  // A probability is that of each certificate and not of their sum.
  const worth = [guarantee, mix && worthBesideEstimates(mix)].includes("probability")
    ? "if all hold"
    : "at most";
  output.figures([
    ["model", model.path],
    ...stageRows(model),
    ["data", `${dataset.name} (${dataset.split}), ${plural(dataset.count, "example")}`],
    ...(classNames && !DATASET_NAMES.includes(name) ? ([["classes", shortList(classNames)]] as const) : []),
    ["ball", formatBall(ball)],
    [
      "bound",
      `${each === undefined ? method : `strongest in ${formatNumber(each)} s`}, ${estimated ? BOUND_IN_WORDS[estimated.guarantee] : "deterministic (no random projections)"}${ofExamples(mix?.[guarantee])}`,
    ],
    ...(estimated ? estimationFigures(estimated) : []),
    ["error", formatPercent(summary.error)],
    ...(summary.estimatedRobustError === undefined || mix
      ? ([[`robust error, ${worth}`, formatPercent(summary.robustError, "upper")]] as const)
      : []),
    ...(summary.estimatedRobustError === undefined
      ? []
      : ([["robust error, estimated", formatPercent(summary.estimatedRobustError)]] as const)),
    ...(summary.rungs ? ([["proved first by", rungsInWords(summary.rungs)]] as const) : []),
    ["certified predictions", formatPercent(summary.certified, "lower")],
    ["speed", `${formatRate(summary.examplesPerSecond)} examples/s`],
  ]);
}

/** `interval 912, adaptive 3, neuron splitting 14`. */
function rungsInWords(rungs: Readonly<Record<string, number>>): string {
  const used = Object.entries(rungs).filter(([, count]) => count > 0);
  return used.map(([rung, count]) => `${rung} ${formatCount(count)}`).join(", ") || "none";
}

/** Of how many examples something holds, where it is not of all. */
function ofExamples(count: number | undefined): string {
  return count === undefined ? "" : ` for ${plural(count, "example")}`;
}

/** What was guaranteed, in plain words. */
export function guaranteeInWords(
  { model, dataset, ball, estimation }: CertificationSubject,
  { guarantee, mix, evaluation, examples, summary }: Certification,
  against: Against,
): string {
  const certified = examples.filter((example) => example.certified);
  return guaranteeInSentences({
    ball,
    stages: model.stages.length,
    examples: dataset.count,
    certified: certified.length,
    right: certified.filter(({ prediction, label }) => prediction === label).length,
    robustError: summary.robustError,
    guarantee,
    ...(mix && { mix }),
    delta: estimation?.tail?.delta ?? null,
    evaluation,
    against,
  });
}

/** What the bounds are worth, for the table of figures. */
function estimationFigures({ dimension, form, tail }: Estimation): [name: string, value: string][] {
  const projections: [string, string] = ["random projections", `${form}, r = ${dimension}`];
  if (!tail) return [projections];
  const { sketches, delta, estimates, epsilon } = tail;
  return [
    ["probability of each certificate", `at least ${formatNumber(1 - delta)}`],
    [projections[0], `${projections[1]}, the largest of m = ${sketches}`],
    ["estimates per example", `N = ${formatCount(estimates)}, divided by 1 - ${formatNumber(epsilon)}`],
  ];
}
