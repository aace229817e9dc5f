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
import { Section } from "../report/page/section.js";
import type { LiveRun } from "./live-run.js";
import { RunStatus } from "./run-status.js";
import { type View, versionOf, viewPart } from "./view.js";

const NOW = { id: "now", title: "Now" } as const;

/** The page of a run: that of `autodual report`, with how far the run is at its head. `back` leads to the page of all runs. */
export function runView(
  { snapshot }: LiveRun,
  links: Pick<View, "events"> & { readonly back: string | null },
): View {
  const { record, ...status } = snapshot;
  const sections = liveOrder(partsOf(record));
  const parts = [
    viewPart(
      NOW.id,
      renderToString(
        <Section {...NOW}>
          <RunStatus {...status} />
        </Section>,
      ),
    ),
    viewPart(
      "notes",
      renderToString(
        <div id="notes">
          <PageNotes notes={record.notes} />
        </div>,
      ),
    ),
    ...sections.map((part) => viewPart(part.id, renderToString(<PartSection part={part} />))),
  ];
  const top = renderToString(
    <>
      <SkipLink />
      <PageHeader kind={KINDS[record.kind]} title={record.title}>
        <p class="aside">{subjectInWords(record)}</p>
        <Connection />
        {links.back !== null && (
          <p>
            <a href={links.back}>All runs</a>
          </p>
        )}
      </PageHeader>
      <PageNav parts={[NOW, ...sections]} />
    </>,
  );
  return {
    title: record.title,
    ...{ parts, version: versionOf(parts), top, events: links.events },
    bottom: renderToString(<PageFooter by="Served by" command="autodual serve" />),
  };
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
