import { renderToString } from "preact-render-to-string";
import { KINDS, subjectInWords } from "../report/page/page.js";
import {
  PageFooter,
  PageHeader,
  PageNav,
  PageNotes,
  PartSection,
  SkipLink,
} from "../report/page/page-frame.js";
import { type PagePart, partsOf } from "../report/page/page-parts.js";
import type { Part, RunRecord } from "../report/page/run-record.js";
import { Section } from "../report/page/section.js";
import type { LiveRun } from "./live-run.js";
import { RunStatus } from "./run-status.js";
import { type LiveView, versionOf, viewPart } from "./view.js";

const NOW = { id: "now", title: "Now" } as const;

/** The page of a run: that of `autodual report`, with how far the run is at its head. `back` leads to the page of all runs. */
export function runView({ snapshot }: LiveRun, { events, back }: RunLinks): LiveView {
  const { record, ...status } = snapshot;
  const sections = liveOrder(partsOf(record));
  const shown = sections.filter(({ id }) => !isAwaited(id, record));
  const parts = [
    viewPart("sections", renderToString(<PageNav id="sections" parts={[NOW, ...shown]} />), true),
    viewPart(
      NOW.id,
      renderToString(
        <Section {...NOW}>
          <RunStatus {...status} />
          {status.progress.state === "under way" && shown.length < sections.length && (
            <p class="note">
              What is measured at its end, such as margins, radii and examples, appears by itself.
            </p>
          )}
        </Section>,
      ),
    ),
    viewPart("notes", renderToString(<Notes notes={record.notes} />)),
    ...sections.map((part) => {
      return viewPart(
        part.id,
        renderToString(<PartSection part={part} hidden={isAwaited(part.id, record)} />),
      );
    }),
  ];
  const top = renderToString(
    <>
      <SkipLink />
      <PageHeader kind={KINDS[record.kind]} title={record.title}>
        <p class="aside">{subjectInWords(record)}</p>
        <Connection />
        {back !== null && (
          <p>
            <a href={back}>All runs</a>
          </p>
        )}
      </PageHeader>
    </>,
  );
  return {
    title: record.title,
    ...{ parts, version: versionOf(parts), top, events },
    bottom: renderToString(<PageFooter by="Served by" command="autodual serve" />),
  };
}

interface RunLinks extends Pick<LiveView, "events"> {
  readonly back: string | null;
}

/** Of sections: what they show, and wait for while a run goes on. */
const AWAITED: Readonly<Record<string, (record: RunRecord) => Part<unknown>>> = {
  figures: ({ measured }) => measured,
  ball: ({ ballPictures }) => ballPictures,
  margins: ({ verdicts, radii }) => (radii.kind === "known" ? radii : verdicts),
  gallery: ({ verdicts }) => verdicts,
  confusion: ({ verdicts }) => verdicts,
  layers: ({ layers }) => layers,
};

/** Whether a section has nothing to show yet, and its run is not at its end: that is said once, at the head of the page. */
function isAwaited(id: string, record: RunRecord): boolean {
  return record.status !== "finished" && AWAITED[id]?.(record).kind === "missing";
}

/** An element even where there is nothing to say, as something may come. */
function Notes({ notes }: { readonly notes: readonly string[] }) {
  return (
    <div id="notes">
      <PageNotes notes={notes} />
    </div>
  );
}

/** Whether changes are heard of; the page's script fills it in. */
export function Connection() {
  return (
    <p id="connection" class="aside" role="status">
      Without scripts this page shows what there was when it was loaded.
    </p>
  );
}

/** Curves are there first, long before anything is measured. */
function liveOrder(parts: readonly PagePart[]): readonly PagePart[] {
  const isCurves = ({ id }: PagePart) => id === "curves";
  return [...parts.filter(isCurves), ...parts.filter((part) => !isCurves(part))];
}
