import type { JSX } from "preact";
import { formatBall } from "../wording.js";
import { ConfusionTable } from "./confusion-table.js";
import { ExampleGallery } from "./example-gallery.js";
import { GuaranteeSection } from "./guarantee-section.js";
import { HeadlineFigures } from "./headline-figures.js";
import { LayerTable } from "./layer-table.js";
import { MarginDistribution } from "./margin-distribution.js";
import { Provenance } from "./provenance.js";
import type { RunRecord } from "./run-record.js";
import { Section, type SectionName } from "./section.js";
import { StageTable } from "./stage-table.js";
import { TrainingCurves } from "./training-curves.js";

interface PagePart extends SectionName {
  readonly body: JSX.Element;
}

/** The whole page. */
export function Page({ record }: { readonly record: RunRecord }) {
  const parts = partsOf(record);
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header>
        <p class="kind">autodual, {KINDS[record.kind]}</p>
        <h1>{record.title}</h1>
        <p class="aside">
          model {record.model} on {record.data.name}, {formatBall(record.ball)}
          {record.status !== "finished" && <strong class="status"> {STATUS[record.status]}</strong>}
        </p>
        <button type="button" class="theme" hidden>
          Dark theme
        </button>
      </header>
      <nav aria-label="Sections">
        <ul>
          {parts.map(({ id, title }) => (
            <li>
              <a href={`#${id}`}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="main">
        {record.notes.length > 0 && (
          <ul class="notes">
            {record.notes.map((note) => (
              <li>{note}</li>
            ))}
          </ul>
        )}
        {parts.map(({ body, ...name }) => (
          <Section {...name}>{body}</Section>
        ))}
      </main>
      <footer>
        <p>
          Written by <code>autodual report</code>. Certificates are about the ball that is stated and nothing
          else; “not certified” does not mean “attackable”.
        </p>
      </footer>
    </>
  );
}

const KINDS = { training: "training run", cascade: "cascade", certification: "certification" } as const;
const STATUS = {
  running: "The run is under way, or was killed: what follows is what there is so far.",
  interrupted: "The run was interrupted: what follows is what there is so far.",
} as const;

function partsOf(record: RunRecord): PagePart[] {
  return [
    {
      id: "guarantee",
      title: "What is guaranteed",
      body: <GuaranteeSection record={record} />,
    },
    { id: "figures", title: "Errors", body: <HeadlineFigures record={record} /> },
    ...(record.kind === "cascade"
      ? [{ id: "stages", title: "Stages", body: <StageTable record={record} /> }]
      : []),
    { id: "curves", title: "Training", body: <TrainingCurves record={record} /> },
    {
      id: "margins",
      title: "Margins and radii",
      body: <MarginDistribution record={record} />,
    },
    { id: "gallery", title: "Examples", body: <ExampleGallery record={record} /> },
    {
      id: "confusion",
      title: "Labels and answers",
      body: <ConfusionTable record={record} />,
    },
    { id: "layers", title: "How layers were bounded", body: <LayerTable record={record} /> },
    {
      id: "provenance",
      title: "The same again",
      body: <Provenance record={record} />,
    },
  ];
}
