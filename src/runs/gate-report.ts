import { basename, isAbsolute, relative, sep } from "node:path";
import { smallestOf } from "../compute/extremes.js";
import type { Dataset } from "../data/dataset.js";
import { packageVersion } from "../formats/package-version.js";
import {
  type GateExample,
  type GateReport,
  type GateVerdict,
  isGatePassed,
} from "../report/gate/gate-report.js";
import { formatNumber } from "../report/wording.js";
import type { AttackedAmong } from "./attacked-among.js";
import type { CertificationSubject } from "./certification-record.js";
import type { Certification, CertifiedExample } from "./certification-summary.js";

/** What a gate's report is made of. */
export interface GateSources {
  readonly subject: CertificationSubject;
  readonly certification: Certification;
  /** All examples that were asked about, also those that were not reached. */
  readonly asked: Dataset;
  /** As they were named. */
  readonly models: readonly string[];
  readonly attacked: AttackedAmong | null;
  readonly failAbove: number | null;
  readonly stopped: boolean;
  readonly statement: string;
}

/** A certification as the gate of a build. */
export function gateReportOf(sources: GateSources): GateReport {
  const { subject, certification, asked, attacked, failAbove, stopped, statement } = sources;
  const { model, ball, method, each, estimation } = subject;
  const { summary, examples, guarantee, evaluation, about } = certification;
  const figures = examples.length === 0 ? null : summary;
  const names = model.stages.length === 1 ? [model.path] : sources.models;
  const bounded = examples.length - (summary.unfinished ?? 0);
  const { classNames } = asked;
  return {
    version: packageVersion(),
    models: names.map(shownPath),
    sha256: model.sha256,
    about,
    data: { name: asked.name, split: asked.split },
    classNames: classNames ?? null,
    ball: { norm: ball.norm, epsilon: ball.epsilon, box: ball.box },
    bound: each === undefined ? method : `strongest in ${formatNumber(each)} s`,
    guarantee,
    delta: estimation?.tail?.delta ?? null,
    evaluation,
    figures: figures && {
      error: figures.error,
      robustError: figures.robustError,
      certified: figures.certified,
    },
    asked: asked.count,
    reached: examples.length,
    failAbove,
    passed: failAbove === null ? null : isGatePassed(failAbove, figures, summary.unreached),
    stopped,
    isAttacked: attacked !== null,
    statement,
    examples: Array.from({ length: asked.count }, (_, index): GateExample => {
      const example = examples[index];
      if (example) return exampleOf(example, index < bounded, certification, attacked);
      return {
        ...{ index, label: asked.labels[index]!, prediction: null, verdict: "not-reached", certified: false },
        ...{ margin: null, stage: 0, guarantee },
      };
    }),
  };
}

function exampleOf(
  { index, label, prediction, certified, stage, marginLower, guarantee }: CertifiedExample,
  isBounded: boolean,
  whole: Certification,
  attacked: AttackedAmong | null,
): GateExample {
  const verdict: GateVerdict =
    prediction !== label
      ? "misclassified"
      : certified
        ? "passed"
        : attacked?.changed.has(index)
          ? "attacked"
          : isBounded
            ? "not-certified"
            : "not-reached";
  // A right answer is the class whose margins were bounded, whichever they are against.
  const others = marginLower.filter((_, j) => j !== label);
  const margin = verdict === "misclassified" || !others.every(Number.isFinite) ? null : smallestOf(others);
  return {
    ...{ index, label, prediction, verdict, certified, margin, stage },
    guarantee: guarantee ?? whole.guarantee,
  };
}

/** Relative to where the command runs, with forward slashes; of what lies outside its name alone. */
function shownPath(path: string): string {
  const inside = relative("", path);
  const isInside = inside !== "" && !isAbsolute(inside) && !inside.startsWith("..");
  return isInside ? inside.split(sep).join("/") : basename(path) || "model";
}
