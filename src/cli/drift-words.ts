import type { Drift } from "../runs/drift.js";
import { type DriftSubject, driftSummary, type LogitSummary, logitSummaries } from "../runs/drift-record.js";
import type { Output } from "./output.js";
import { formatBall, formatDuration, formatEpsilon, plural } from "./wording.js";

/** More logits than these are left out of the table, those with the smallest bounds. */
const MOST_ROWS = 20;

/** Prints the logits' figures and what they mean. */
export function printDrift(output: Output, subject: DriftSubject, drift: Drift): void {
  const { model, dataset, epsilon, norm, box, method, points } = subject;
  const { evaluation, evaluations } = drift;
  const inputs: [string, string][] = dataset
    ? [
        ["data", `${dataset.name} (${dataset.split}), ${plural(dataset.count, "example")}`],
        ["ball", epsilon ? formatBall({ norm, epsilon, box }) : "the examples themselves"],
      ]
    : [["inputs", `every number within ${box?.join(",")}`]];
  output.figures([
    ["model", model.path],
    ...inputs,
    ["evaluation", evaluation],
    ["bound", `${method}, deterministic`],
    ["seen", `${evaluations} orders, at ${pointsInWords(subject, points)}`],
    ["time", formatDuration(drift.seconds)],
  ]);
  printLogits(output, logitSummaries(drift, dataset), dataset !== null);
  output.prose(driftInWords(subject, drift));
}

function pointsInWords({ dataset, epsilon }: DriftSubject, points: number): string {
  if (!dataset) return `${plural(points, "random point")} and the middle`;
  return epsilon ? `each example and ${plural(points, "random point")} of its ball` : "each example";
}

function printLogits(output: Output, logits: readonly LogitSummary[], byExample: boolean): void {
  const shown =
    logits.length <= MOST_ROWS ? logits : [...logits].sort((a, b) => b.bound - a.bound).slice(0, MOST_ROWS);
  const rows = shown.map((logit) => [
    logit.name ?? String(logit.class),
    roundUp(logit.bound),
    ...(byExample ? [roundUp(logit.medianBound)] : []),
    roundDown(logit.observed),
    ...(byExample ? [roundDown(logit.medianObserved)] : []),
  ]);
  const head = byExample
    ? ["logit", "bound, largest", "bound, median", "seen, largest", "seen, median"]
    : ["logit", "bound", "seen"];
  output.table(head, rows);
  if (shown.length < logits.length) {
    output.print(`The ${shown.length} of ${logits.length} logits with the largest bounds.`);
  }
}

/** What may be relied on, in a few sentences. */
export function driftInWords(subject: DriftSubject, drift: Drift): string {
  const { bound, observed, mayDiffer } = driftSummary(drift);
  const { evaluation, examples } = drift;
  const where = inputsInWords(subject);
  if (bound === Number.POSITIVE_INFINITY) {
    return `Nothing bounds how far two machines may differ that evaluate this model in ${evaluation} ${where}: a sum may overflow.`;
  }
  const claim =
    `Two machines that evaluate this model in ${evaluation} (direct sums, in any order) ${where} may differ by at most ${roundUp(bound)} in a logit; ` +
    `seen: ${roundDown(observed)}. Answers whose two largest logits lie less than ${roundUp(2 * bound)} apart, twice the ` +
    "bound, may differ between machines.";
  if (examples === null || mayDiffer === null) return claim;
  const all = examples.length === 1 ? "the example" : `all ${plural(examples.length, "example")}`;
  const themselves = !subject.epsilon ? "" : examples.length === 1 ? " itself" : " themselves";
  const answers =
    mayDiffer === 0
      ? `Every such machine gives the same answer to ${all}${themselves}.`
      : `Of the ${plural(examples.length, "example")}${themselves}, ${mayDiffer} may get another answer on another machine; ` +
        "on the others all machines agree.";
  return `${claim} ${answers}`;
}

function inputsInWords({ dataset, norm, epsilon, box }: DriftSubject): string {
  if (!dataset) return `at the same input, any within ${box?.join(" to ")},`;
  const examples = dataset.count === 1 ? "the example" : "any of these examples";
  return epsilon
    ? `at the same input, any within ${norm} ${formatEpsilon(epsilon)} of ${examples},`
    : `at ${examples}`;
}

/** Two digits, not below the number. */
export function roundUp(value: number): string {
  return twoDigits(value, 1);
}

/** Two digits, not above the number. */
export function roundDown(value: number): string {
  return twoDigits(value, -1);
}

function twoDigits(value: number, side: 1 | -1): string {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return "unknown";
  const power = Number(value.toExponential().split("e")[1]) - 1;
  let digits = Math.round(value / 10 ** power);
  const shown = (): number => Number(`${digits}e${power}`);
  while (side * (shown() - value) < 0) digits += side;
  return String(shown());
}
