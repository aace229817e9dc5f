import { emptyInput, hasDoubles } from "../formats/vnnlib/input-box.js";
import type { Property } from "../formats/vnnlib/property.js";
import { evaluationInWords } from "../report/guarantee.js";
import type { Evaluation } from "../threat/evaluation.js";
import type { CaseVerdict, Verdict } from "../verify/verdict.js";
import type { VerifyProgress } from "../verify/verify-options.js";
import type { Output } from "./output.js";
import { formatCount, formatDuration, formatNumber, plural } from "./wording.js";

/** How far the search is. */
export function progressInWords({ step, settled, cases, bounded, bound }: VerifyProgress): string {
  const parts = [`${settled} of ${cases} settled`, step];
  if (bounded !== undefined) parts.push(plural(bounded, "branch", "branches"));
  if (bound !== undefined && Number.isFinite(bound)) parts.push(`lowest bound ${formatNumber(bound)}`);
  return parts.join("  ");
}

/** Prints cases by what settled them. */
export function printVerdict(
  output: Output,
  { cases, seconds }: Verdict,
  model: string,
  spec: string,
  machine: string,
): void {
  const groups = new Map<string, CaseVerdict[]>();
  for (const own of cases) {
    const key = `${own.answer} ${own.step}`;
    const group = groups.get(key);
    if (group) group.push(own);
    else groups.set(key, [own]);
  }
  const rows = [...groups.values()].map((own) => {
    const lowest = own.reduce(
      (least, { bound }) => Math.min(least, bound ?? least),
      Number.POSITIVE_INFINITY,
    );
    return [
      own[0].answer,
      own[0].step,
      String(own.length),
      formatCount(own.reduce((sum, { branches }) => sum + branches, 0)),
      own.some(({ bound }) => bound !== null) ? formatNumber(lowest) : "",
    ];
  });
  output.table(["cases that", "by", "number", "branches", "lowest bound"], rows);
  output.print(`${model}, ${spec}: ${formatDuration(seconds)}; ${machine}`);
}

/** What an answer says, and of which arithmetic. */
export function verdictInWords(
  { answer, cases, outOfMemory, equality }: Verdict,
  property: Property,
  ofGraph: boolean,
  evaluation: Evaluation,
): string {
  switch (answer) {
    case "holds": {
      const empty = cases.filter(({ step }) => step === "empty box").length;
      if (empty === cases.length) return `${nothingAsked(property)} Nothing is claimed of the network.`;
      const proved =
        `No input of the property's boxes gives outputs that it forbids, ${evaluationInWords(evaluation)}: ` +
        `${plural(cases.length - empty, "case")} proved by dual bounds that count all rounding.`;
      return empty === 0 ? proved : `${proved} ${plural(empty, "case")} with an empty set of inputs.`;
    }
    case "violated":
      return (
        "The input above gives outputs that the property forbids, evaluated in double precision on " +
        (ofGraph ? "the file's own graph." : "the network.")
      );
    case "unknown":
      return (
        (outOfMemory
          ? `Neither proved nor broken with this --memory: nothing is claimed. ${outOfMemory}.`
          : equality
            ? "Neither proved nor broken: nothing is claimed. Some input meets a strict comparison with equality, which no bound " +
              "proves and no longer --timeout: ask with a margin, such as (>= Y_0 1e-6) in place of (> Y_0 0)."
            : "Neither proved nor broken within the time: nothing is claimed. A longer --timeout may settle it.") +
        (cases.some((own) => own.answer === "unknown" && !hasDoubles(property.cases[own.case].box))
          ? " Some bounds of inputs have no double between them, so that no counterexample could be shown."
          : "")
      );
    default:
      return answer satisfies never;
  }
}

/** Why a property whose boxes are all empty holds. */
function nothingAsked({ cases }: Property): string {
  const [{ box }] = cases;
  const input = emptyInput(box);
  const why = input === null ? "no input meets its relations" : `no number meets all bounds of X_${input}`;
  return `The property's set of inputs is empty, since ${why}: it holds whatever the network does.`;
}
