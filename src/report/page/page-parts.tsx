import type { JSX } from "preact";
import { BallGallery } from "./ball-gallery.js";
import { ConfusionTable } from "./confusion-table.js";
import { ExampleGallery } from "./example-gallery.js";
import { GuaranteeSection } from "./guarantee-section.js";
import { HeadlineFigures } from "./headline-figures.js";
import { LayerTable } from "./layer-table.js";
import { MarginDistribution } from "./margin-distribution.js";
import { Provenance } from "./provenance.js";
import type { RunRecord } from "./run-record.js";
import type { SectionName } from "./section.js";
import { StageTable } from "./stage-table.js";
import { TrainingCurves } from "./training-curves.js";

/** A section of the page of a run, before it is drawn. */
export interface PagePart extends SectionName {
  /** What the section tells, in plain words, before the field's. */
  readonly lead?: string;
  readonly body: JSX.Element;
}

/** The sections of the page of a run, from top to bottom. */
export function partsOf(record: RunRecord): PagePart[] {
  return [
    {
      id: "guarantee",
      title: "What is guaranteed",
      body: <GuaranteeSection record={record} />,
    },
    {
      id: "figures",
      title: "Errors",
      lead: "How often the answer is wrong: as the inputs are, and when somebody changes them on purpose.",
      body: <HeadlineFigures record={record} />,
    },
    { id: "ball", title: "What ε looks like", body: <BallGallery record={record} /> },
    ...(record.kind === "cascade"
      ? [
          {
            id: "stages",
            title: "Stages",
            lead: "A cascade is several models in a row, and one of them gives the answer.",
            body: <StageTable record={record} />,
          },
        ]
      : []),
    {
      id: "curves",
      title: "Training",
      lead: "How errors fell while the model was trained.",
      body: <TrainingCurves record={record} />,
    },
    {
      id: "margins",
      title: "Margins and radii",
      lead: "How clearly each answer was proved, or how far it was from that.",
      body: <MarginDistribution record={record} />,
    },
    {
      id: "gallery",
      title: "Examples",
      lead: "Some examples of each kind, with their labels and answers.",
      body: <ExampleGallery record={record} />,
    },
    {
      id: "confusion",
      title: "Labels and answers",
      lead: "Which label got which answer, and how many of these answers are certified.",
      body: <ConfusionTable record={record} />,
    },
    { id: "layers", title: "How layers were bounded", body: <LayerTable record={record} /> },
    {
      id: "provenance",
      title: "The same again",
      lead: "What was run, with which settings and where.",
      body: <Provenance record={record} />,
    },
  ];
}
