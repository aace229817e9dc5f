import { nextTurn } from "../../compute/deadline.js";
import { type Figure5, figure5 } from "../../experiments/figure5.js";
import type { Figure, Panel, Regions, Series } from "../../report/plot.js";
import { configOf } from "../../train/settings/config-of.js";
import { trainSettings } from "../../train/settings/named.js";
import type { TableContent } from "../table.js";
import { plural } from "../wording.js";
import type { Target } from "./target.js";

const POINTS = 60;
const EPSILON = 0.04;
const HIDDEN = 64;
const STAGES = 2;
const STEPS = 3000;
const GRID = 100;

/** A cascade of two stages on points of the plane: what each certifies, and the ball that it does so for. */
export const figure5Target: Target = {
  name: "figure5",
  flags: ["epsilon", "epochs", "limit"],
  async run(flags, { backend }, output, signal) {
    const epsilon = flags.epsilon ?? EPSILON;
    const points = flags.limit ?? POINTS;
    const config = configOf(
      trainSettings("plain"),
      {
        data: {
          ...{ name: "points of the plane", count: points, shape: [2], classes: 2 },
          ...{ limit: null, dataDir: null, seed: flags.seed, sha256: null, listed: false },
        },
        model: `2-${HIDDEN}-${HIDDEN}-2`,
        norm: "linf",
        epsilon,
        box: null,
        seed: flags.seed,
        backend: backend.name,
        dtype: backend.dtype,
      },
      { epochs: flags.epochs ?? STEPS, rate: 0.005, rateDecayEvery: 0, batch: points },
    );
    const progress = output.progress({ label: "figure5", unit: "stages", total: STAGES });
    const settings = {
      points,
      epsilon,
      hidden: HIDDEN,
      stages: STAGES,
      grid: GRID,
      seed: flags.seed,
      config,
    };
    try {
      const found = await figure5(
        backend,
        settings,
        (stage) => {
          progress.update(stage + 1, "");
          return nextTurn();
        },
        signal,
      );
      return {
        record: { config, ...found },
        figure: figureOf(found),
        table: tableOf(found),
        words:
          `${plural(found.points.length, "point")} of two classes, each in the middle of its ball. A solid square: the ` +
          "label is certified within it by the network of the panel, or by the stage of the cascade that answers; " +
          "deterministic bounds. The cascade's panel is white where no stage certifies.",
      };
    } finally {
      progress.stop();
    }
  },
};

const CLASSES = ["class 1", "class 2"];

function figureOf(found: Figure5): Figure {
  const stages = found.stages.map(({ answers, certified, trainedOn }, stage) => {
    const shown = new Set(trainedOn);
    return panelOf(
      found,
      `stage ${stage + 1}`,
      answers.map((answer) => CLASSES[answer]),
      (b) => (shown.has(b) ? markOf(certified[b], 0) : null),
    );
  });
  const whole = panelOf(
    found,
    "the cascade, where it certifies",
    found.cascadeAnswers.map((answer, cell) => certifiedName(answer, found.cascadeStages[cell])),
    (b) => {
      const { certified, prediction, stage } = found.cascade[b];
      return markOf(certified && prediction === found.points[b].label, stage);
    },
  );
  return {
    title: "A cascade on points of the plane (Figure 5)",
    panelSize: { width: 260, height: 260 },
    panels: [...stages, whole],
  };
}

/** What certifies the label of a point: a stage, if any. */
type AnsweredBy = number | "none";

function markOf(certified: boolean, stage: number): AnsweredBy {
  return certified ? stage : "none";
}

/** A class, with the stage that certifies it where that is not the first; null where none does. */
function certifiedName(label: number, stage: number): string | null {
  if (stage < 0) return null;
  return stage === 0 ? CLASSES[label] : `${CLASSES[label]}, by stage ${stage + 1}`;
}

/** `mark` says of a point what certifies its label, or null where the panel does not show it. */
function panelOf(
  { points, stages, epsilon, grid }: Figure5,
  title: string,
  values: readonly (string | null)[],
  mark: (point: number) => AnsweredBy | null,
): Panel {
  const marks: AnsweredBy[] = [...stages.keys(), "none"];
  const series = CLASSES.flatMap((name, label): Series[] =>
    marks.flatMap((wanted) => {
      const own = points.filter((point, b) => point.label === label && mark(b) === wanted);
      if (own.length === 0) return [];
      return [
        {
          name: wanted === "none" ? `${name}, not certified` : certifiedName(label, wanted)!,
          x: own.map(({ x }) => x),
          y: own.map(({ y }) => y),
          draw: "points",
          reach: epsilon,
          dashed: wanted === "none",
        },
      ];
    }),
  );
  const regions: Regions = { columns: grid, values };
  return {
    title,
    x: { label: "first coordinate", domain: [0, 1] },
    y: { label: "second coordinate", domain: [0, 1] },
    series,
    regions,
  };
}

function tableOf({ points, stages, cascade }: Figure5): TableContent {
  const count = (holds: (b: number) => boolean) => String(points.filter((_, b) => holds(b)).length);
  return {
    head: ["", "trained on", "points certified with their label"],
    rows: [
      ...stages.map(({ trainedOn, certified }, stage) => [
        `stage ${stage + 1}`,
        String(trainedOn.length),
        count((b) => certified[b]),
      ]),
      ["cascade", "", count((b) => cascade[b].certified && cascade[b].prediction === points[b].label)],
    ],
  };
}
