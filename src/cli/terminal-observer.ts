import type { Figures, Observer, RunEvent, Work, WorkName, WorkObserver } from "../runs/observer.js";
import { aboutOf } from "../threat/about.js";
import type { EpochRow } from "../train/config.js";
import type { Output } from "./output.js";
import type { Progress } from "./progress.js";
import { formatDuration, formatNumber, formatPercent, plural } from "./wording.js";

/** Shows long work on the terminal: a bar or plain lines on standard error, and what stays as lines. */
export class TerminalObserver implements Observer {
  readonly #output: Output;
  /** That of the work in progress. */
  #progress: Progress | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  begin(work: Work): WorkObserver {
    const { name, total, start, about } = work;
    const of = about === "stage that answers" ? ` of the ${about}` : "";
    const progress = this.#output.progress({
      label: name,
      total,
      unit: UNITS[name],
      ...(start !== undefined && { start }),
    });
    this.#progress = progress;
    return {
      update: (done, figures) => progress.update(done, FIGURES_IN_WORDS[name](figures) + of),
      end: () => {
        progress.stop();
        this.#progress = null;
      },
    };
  }

  tell(event: RunEvent): void {
    // Epochs come by while their training is in progress: their lines go where its bar is.
    if (event.kind === "epoch" && this.#progress) this.#progress.line(eventInWords(event));
    else if (event.kind === "epoch") this.#output.print(eventInWords(event));
    else this.#output.prose(eventInWords(event));
  }
}

/** What is counted. */
const UNITS: Readonly<Record<WorkName, string>> = {
  certify: "examples",
  "branch and bound": "examples",
  certificates: "claims",
  check: "claims",
  attack: "examples",
  radius: "examples",
  drift: "examples",
  train: "batches",
  "certify training examples": "examples",
};

const FIGURES_IN_WORDS: Readonly<Record<WorkName, (figures: Figures) => string>> = {
  certify: ({ robustError = 0 }) => `robust error ${formatPercent(robustError, "upper")}`,
  "branch and bound": ({ proved = 0 }) => `${plural(proved, "example")} more proved`,
  certificates: () => "",
  check: () => "",
  attack: ({ pgdError = 0 }) => `PGD error ${formatPercent(pgdError)}`,
  radius: ({ medianRadius = 0 }) => `median radius ${formatNumber(medianRadius)}`,
  drift: ({ largestDrift = 0 }) => `at most ${formatNumber(largestDrift)}`,
  train: ({ evaluating, epoch, error = 0, robustError }) =>
    evaluating
      ? "evaluating"
      : `epoch ${epoch}, ${robustError === undefined ? `error ${formatPercent(error)}` : `robust error ${formatPercent(robustError)}`}`,
  "certify training examples": () => "",
};

function eventInWords(event: RunEvent): string {
  switch (event.kind) {
    case "epoch":
      return epochInWords(event.row, event.epochs);
    case "stage":
      return `stage ${event.stage} of ${event.stages}`;
    case "stage-examples":
      return (
        plural(event.count, "training example") +
        (event.heldOut > 0 ? `, ${plural(event.heldOut, "other")} held out` : "")
      );
    case "stage-stuck":
      return event.words;
    case "stage-done":
      return (
        `after stage ${event.stage}: error ${formatPercent(event.error)}, robust error at most ` +
        `${formatPercent(event.robustError, "upper")} of ${plural(event.examples, "test example")}` +
        (event.stage > 1 ? `, under attacks on the ${aboutOf(event.stage)}` : "")
      );
    case "nothing-remains":
      return "no training example remains: the cascade is complete";
    default:
      return event satisfies never;
  }
}

/** Whose robust error that of a cascade of so many stages is. */
function ofStages(stages: number): string {
  return stages > 1 ? ` of the ${aboutOf(stages)}` : "";
}

function epochInWords(row: EpochRow, epochs: number): string {
  const { epoch, epsilon, loss, robustLoss, error, robustError, seconds, test } = row;
  const figures =
    robustLoss === null || robustError === null
      ? `loss ${loss.toFixed(2)}  error ${formatPercent(error)}`
      : `epsilon ${formatNumber(epsilon)}  robust loss ${robustLoss.toFixed(2)}  ` +
        `error ${formatPercent(error)}  robust error ${formatPercent(robustError)}`;
  const tested = test
    ? `  ${test.heldOut ? "held-out" : "test"} error ${formatPercent(test.error)}  robust${ofStages(test.stages ?? 1)} ${formatPercent(test.robustError, "upper")}`
    : "";
  return `epoch ${epoch}/${epochs}  ${figures}${tested}  ${formatDuration(seconds)}`;
}
