import type { InstanceRow, InstanceSummary } from "../../runs/verification-record.js";
import type { Output } from "../output.js";
import { formatDuration } from "../wording.js";

/** How many properties of a list had which answer. */
export function printAnswers(
  output: Output,
  { holds, violated, unknown, errors, seconds }: InstanceSummary & { readonly seconds: number },
): void {
  output.figures([
    ["holds", String(holds)],
    ["violated", String(violated)],
    ["unknown", String(unknown)],
    ...(errors > 0 ? [["not answered for a fault of theirs", String(errors)] as const] : []),
    ["time", formatDuration(seconds)],
  ]);
}

/** Some property could not be read or does not fit its model. */
const EXIT_FAULTY = 2;

/** What a list of properties ends with: 0, or that of bad input where a line was at fault. */
export function answersExitCode(rows: readonly Pick<InstanceRow, "answer">[]): number {
  return rows.some(({ answer }) => answer === "error") ? EXIT_FAULTY : 0;
}
