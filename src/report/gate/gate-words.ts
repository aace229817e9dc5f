import { isByFeature } from "../../threat/box.js";
import { formatBall, formatCount, formatEpsilon, formatNumber, formatPercent, plural } from "../wording.js";
import type { GateExample, GateReport, GateVerdict } from "./gate-report.js";

/** Verdicts that count against the robust error, the worst first. */
export type GateFault = Exclude<GateVerdict, "passed">;

/** What each fault means, wherever it occurs. */
export const FAULTS: Readonly<Record<GateFault, { readonly short: string; readonly full: string }>> = {
  misclassified: {
    short: "The answer is wrong without any change.",
    full: "The model's answer to the example as it is is not the label. No robustness mends that: it counts as an error.",
  },
  attacked: {
    short: "An attack makes the right answer wrong.",
    full:
      "The answer is right, and projected gradient descent found a change within the ball that makes it wrong. No bound can certify " +
      "such an example.",
  },
  "not-certified": {
    short: "The right answer could not be certified.",
    full:
      "The answer is right, and no bound proves that every change within the ball keeps it. That is not to say that it can be " +
      "attacked: bounds are relaxations, and stronger ones may prove it.",
  },
  "not-reached": {
    short: "There was no time for the example's bounds.",
    full: "The time was over, or the run was stopped, before bounds of the example were known. Nothing is said of it.",
  },
};

/** The class by its number, and by its name where it has one: `3`, `3 (cat)`. */
export function classInWords(number: number, names: GateReport["classNames"]): string {
  const name = names?.[number];
  return name === undefined || name === String(number) ? String(number) : `${number} (${name})`;
}

/** What happened to an example that counts against the robust error, in a sentence. */
export function faultInWords(report: GateReport, example: GateExample): string {
  const { data, classNames } = report;
  const where = `Example ${example.index} of ${data.name} (${data.split}), label ${classInWords(example.label, classNames)}`;
  return `${where}: ${whatHappened(report, example)}`;
}

function whatHappened(report: GateReport, example: GateExample): string {
  const { ball, about, stopped } = report;
  const ofStage = about === "model" ? "" : ` of stage ${example.stage + 1}`;
  switch (example.verdict) {
    case "passed":
      return `the answer${ofStage} is right and certified.`;
    case "misclassified": {
      const found =
        example.prediction === null || example.prediction < 0
          ? "logits that are not numbers"
          : classInWords(example.prediction, report.classNames);
      const fixed = example.certified
        ? "; it is certified, so that no change within the ball puts it right"
        : "";
      return `the answer${ofStage} is ${found} without any change${fixed}.`;
    }
    case "attacked":
      return `the answer${ofStage} is right, and an attack changes it within the ball (${formatBall(ball)}).`;
    case "not-certified":
      return `the answer${ofStage} is right, and is not certified within the ball (${formatBall(ball)})${marginInWords(example)}.`;
    case "not-reached":
      return example.prediction === null
        ? `${stopped ? "the run was stopped" : "the time was over"} before it.`
        : `the answer${ofStage} is right; there was no time for its bounds.`;
    default:
      return example.verdict satisfies never;
  }
}

function marginInWords({ margin, guarantee }: GateExample): string {
  if (guarantee === "estimate") return ": its bounds are estimates, which certify nothing";
  return margin === null
    ? ": its bounds are not numbers"
    : `: the smallest bound of its margins is ${formatNumber(margin)}`;
}

/** Whether the gate passed, and why, in a sentence. Counts and the limit are told as they are, not rounded. */
export function gateInWords(report: GateReport): string {
  const { passed, figures, failAbove, asked, reached, stopped } = report;
  if (passed === null || failAbove === null)
    return "No limit was set (--fail-above), so that the gate neither passed nor failed.";
  if (figures === null)
    return `The gate failed: ${stopped ? "stopped" : "the time was over"} before one example.`;
  if (reached < asked) {
    return `The gate failed: ${formatCount(asked - reached)} of ${plural(asked, "example")} were not reached.`;
  }
  const faults = report.examples.filter(({ verdict }) => verdict !== "passed").length;
  const robust =
    `${formatCount(faults)} of ${plural(asked, "example")} ${faults === 1 ? "is" : "are"} not both right and certified, a robust ` +
    `error of ${formatPercent(figures.robustError, "upper")}${report.guarantee === "probability" ? " if all certificates hold" : " at most"}`;
  return `The gate ${passed ? "passed" : "failed"}: ${robust}, which is ${passed ? "not above" : "above"} the limit of ${failAbove}.`;
}

/** What the figures are worth, in a phrase. */
export function worthInWords({ guarantee, delta }: Pick<GateReport, "guarantee" | "delta">): string {
  switch (guarantee) {
    case "deterministic":
      return "deterministic (no random projections)";
    case "probability":
      return delta === null
        ? "each certificate with a probability over random projections"
        : `each certificate with probability at least ${formatNumber(1 - delta)} over random projections, not all together`;
    case "estimate":
      return "estimates by random projections, which certify nothing";
    default:
      return guarantee satisfies never;
  }
}

/** Names and values of what both kinds of files say of the whole, in order. */
export function gateProperties(report: GateReport): Record<string, string | number | boolean | null> {
  const { ball, figures, data } = report;
  const count = (verdict: GateVerdict) =>
    report.examples.filter((example) => example.verdict === verdict).length;
  return {
    models: report.models.join(", "),
    modelSha256: report.sha256,
    about: report.about,
    data: data.name,
    split: data.split,
    examples: report.asked,
    reached: report.reached,
    norm: ball.norm,
    epsilon: typeof ball.epsilon === "number" ? ball.epsilon : formatEpsilon(ball.epsilon),
    box: !ball.box ? "none" : isByFeature(ball.box) ? "by feature" : ball.box.join(","),
    bound: report.bound,
    guarantee: report.guarantee,
    worth: worthInWords(report),
    delta: report.guarantee === "probability" ? report.delta : null,
    evaluation: report.evaluation ?? "none: rounding was left out",
    error: figures?.error ?? null,
    robustError: figures?.robustError ?? null,
    certified: figures?.certified ?? null,
    misclassified: count("misclassified"),
    ...(report.isAttacked && { attacked: count("attacked") }),
    notCertified: count("not-certified"),
    notReached: count("not-reached"),
    failAbove: report.failAbove,
    gate: report.passed === null ? "no limit" : report.passed ? "passed" : "failed",
  };
}
