import { formatCount, formatDuration, formatPercent } from "../wording.js";
import { DataTable } from "./data-table.js";
import { MissingPart } from "./missing-part.js";
import type { RunRecord } from "./run-record.js";

/** The stages of a cascade: what each was trained on, answers and certifies, and what the cascade up to it is worth. */
export function StageTable({ record }: { readonly record: RunRecord }) {
  const { stageRows, verdicts } = record;
  if (stageRows.length === 0) return <p class="missing">No stage is finished yet.</p>;
  const answers = stageRows.some((row) => row.answers !== null);
  return (
    <>
      <p class="aside">
        An answer is that of the first stage that certifies its own; what no stage certifies, the last one
        answers. Errors are of the cascade up to that stage; robust ones are about the stage that answers, as
        within the ball another stage may answer, and do not bound the error of the cascade under attack.
      </p>
      <DataTable
        caption="Stages of the cascade"
        head={[
          "stage",
          "trained on",
          "time",
          "error",
          "robust error, at most",
          "certified",
          ...(answers ? ["answers", "of them certified"] : []),
        ]}
        rows={stageRows.map((row) => [
          row.stage,
          row.trainedOn === null ? "given" : formatCount(row.trainedOn),
          row.seconds === null ? "–" : formatDuration(row.seconds),
          formatPercent(row.error),
          formatPercent(row.robustError, "upper"),
          formatPercent(row.certified, "lower"),
          ...(row.answers ? [formatCount(row.answers.count), formatCount(row.answers.certified)] : []),
        ])}
      />
      {!answers && <MissingPart part={verdicts} />}
    </>
  );
}
