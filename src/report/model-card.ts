import { arithmeticInWords, claimInWords } from "./guarantee.js";
import { claimOf } from "./page/guarantee-claim.js";
import type { Measured, RunRecord } from "./page/run-record.js";
import { formatBall, formatPercent, plural } from "./wording.js";

/** What a card says beside the record. */
export interface CardContext {
  /** When the card is written, as `2026-01-31`. */
  readonly date: string;
  readonly version: string;
  /** Measures the figures again; null where nothing can. */
  readonly checkedBy: string | null;
}

/**
 * A model card in Markdown: data, network and ball, every figure with what it is worth, what is not claimed, and how to check it.
 * Text that comes from files is only ever text.
 */
export function modelCard(record: RunRecord, { date, version, checkedBy }: CardContext): string {
  const { measured, ball, data, stages } = record;
  return `${[
    `# ${plain(record.title)}`,
    table(
      ["", ""],
      [
        ["network", stages > 1 ? `${record.model}, a cascade of ${stages} stages` : record.model],
        ["data", `${data.name} (${data.split})`],
        ["changes that are considered", formatBall(ball)],
        ["state of the training", record.status],
        ["written", `${date} by autodual ${version}`],
      ],
    ),
    "## What is guaranteed",
    ...(measured.kind === "known"
      ? guaranteeOf(record, measured.value)
      : [`Nothing is guaranteed: ${plain(measured.why)}.`]),
    "## Figures",
    measured.kind === "known"
      ? `${table(["figure", "value", "what it is worth"], figuresOf(record, measured.value))}\n\nOn ${plural(measured.value.examples, "example")}.`
      : "None were measured.",
    "## What is not claimed",
    "Certificates are about the changes stated above and the examples counted above, and nothing else: other data, other changes and " +
      'other ways to run the network are not covered. "Not certified" does not mean "attackable".',
    "## How to check",
    ...(checkedBy === null ? [] : ["The figures are measured again by", fenced(checkedBy)]),
    "The network is trained again by",
    fenced(record.command),
  ].join("\n\n")}\n`;
}

function guaranteeOf(record: RunRecord, measured: Measured): string[] {
  const claim = claimOf(record, measured);
  return [claimInWords(claim), arithmeticInWords(claim)].filter((words) => words !== "").map(plain);
}

function figuresOf({ stages, attacked }: RunRecord, measured: Measured): string[][] {
  const { error, robustError, estimatedRobustError, mix = null, guarantee, delta } = measured;
  const of = stages > 1 ? " of the stage that answers" : "";
  const rows: string[][] = [];
  if (stages > 1) {
    const reached = attacked.kind === "known" ? attacked.value.switchingError : null;
    rows.push([
      "error that an attacker reaches",
      reached === null ? "not measured" : `at least ${formatPercent(reached, "lower")}`,
      "found by attacks on the cascade's own answers; nothing bounds it from above",
    ]);
  }
  rows.push(["error without any change", formatPercent(error), "counted"]);
  if (attacked.kind === "known") {
    const { pgdError, steps, restarts } = attacked.value;
    rows.push([
      `error under attack${of}`,
      `at least ${formatPercent(pgdError, "lower")}`,
      `an attack (PGD, ${plural(steps, "step")}, ${plural(restarts, "start")}) really causes it`,
    ]);
  }
  if (estimatedRobustError !== null && !mix) {
    rows.push([
      `robust error${of}`,
      `about ${formatPercent(estimatedRobustError)}`,
      "an estimate, which guarantees nothing",
    ]);
  } else {
    rows.push([
      `robust error${of}`,
      `at most ${formatPercent(robustError, "upper")}`,
      guarantee === "deterministic" || delta === null
        ? `proved by deterministic bounds: no change causes more${stages > 1 ? " while that stage answers" : ""}`
        : `if all certificates hold, each with probability ${1 - delta} at least`,
    ]);
  }
  return rows;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(plain).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

/** Text that Markdown takes for nothing else, in one line. */
function plain(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_[\]<>|#]/g, "\\$&");
}

/** A command as code, behind a fence that is longer than any in it. */
function fenced(command: string): string {
  const longest = Math.max(2, ...(command.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}sh\n${command}\n${fence}`;
}
