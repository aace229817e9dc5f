import { formatBall } from "../wording.js";
import { PageFooter, PageHeader, PageNav, PageNotes, PartSection, SkipLink } from "./page-frame.js";
import { partsOf } from "./page-parts.js";
import type { RunRecord } from "./run-record.js";

/** The whole page. */
export function Page({ record }: { readonly record: RunRecord }) {
  const parts = partsOf(record);
  return (
    <>
      <SkipLink />
      <PageHeader kind={KINDS[record.kind]} title={record.title}>
        <p class="aside">
          {subjectInWords(record)}
          {record.status !== "finished" && <strong class="status"> {STATUS[record.status]}</strong>}
        </p>
      </PageHeader>
      <PageNav parts={parts} />
      <main id="main">
        <PageNotes notes={record.notes} />
        {parts.map((part) => (
          <PartSection part={part} />
        ))}
      </main>
      <PageFooter by="Written by" command="autodual report" />
    </>
  );
}

/** What a page is of, above its title. */
export const KINDS = {
  training: "training run",
  cascade: "cascade",
  certification: "certification",
} as const;
const STATUS = {
  running: "The run is under way, or was killed: what follows is what there is so far.",
  interrupted: "The run was interrupted: what follows is what there is so far.",
} as const;

/** Model, data and ball, in one line. */
export function subjectInWords({ model, data, ball }: RunRecord): string {
  return `model ${model} on ${data.name}, ${formatBall(ball)}`;
}
