import { domainOf, logTicks } from "../axis-ticks.js";
import type { Axis, Panel, Series } from "../figure.js";
import { FoldedTable } from "./data-table.js";
import { evenTicks, formatValue } from "./numbers.js";
import { type Mark, PlotFrame, scaled } from "./plot-frame.js";
import type { RunFigure } from "./run-figures.js";

const COLOURS = 7;
/** Labels that a small screen has room for. */
const MOST_LABELS = 7;

/** Lines of a panel, their legend, and their data as a table. */
export function LineChart({ figure }: { readonly figure: RunFigure }) {
  const { title, panel } = figure;
  const { series } = panel;
  const low = figure.name === "epsilon";
  const x = scaleOf(
    panel.x,
    series.flatMap((each) => each.x),
    MOST_LABELS,
  );
  const y = scaleOf(
    panel.y,
    series.flatMap((each) => each.y),
    low ? 3 : MOST_LABELS,
  );
  const colours = coloursOf(series);
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {panel.y.scale === "log" && <span class="aside"> (log scale)</span>}
      </figcaption>
      <Legend series={series} colours={colours} />
      <PlotFrame
        description={descriptionOf(title, panel)}
        xLabel={panel.x.label}
        x={x.marks}
        y={y.marks}
        {...(low && { height: "low" })}
      >
        {series.map((each) => (
          <path
            class={`line c${colours.get(subjectOf(each.name))}${each.dashed ? " dashed" : ""}${each.x.length === 1 ? " dot" : ""}`}
            d={pathOf(each, x.at, y.at)}
          />
        ))}
      </PlotFrame>
      <FoldedTable
        caption={title}
        head={[panel.x.label, ...series.map(({ name }) => name)]}
        rows={rowsOf(series)}
      />
    </figure>
  );
}

interface Scale {
  readonly at: (value: number) => number;
  readonly marks: readonly Mark[];
}

function scaleOf(axis: Axis, values: readonly number[], labels: number): Scale {
  const [low, high] = domainOf(axis, values);
  const log = axis.scale === "log";
  const [from, to] = log ? [Math.log(low), Math.log(high)] : [low, high];
  const at = (value: number) => ((log ? Math.log(value) : value) - from) / (to - from);
  const ticks = log
    ? logTicks([low, high]).labelled
    : evenTicks(low, high, labels - 1, axis.whole ?? false).map((value) => ({
        value,
        label: formatValue(value),
      }));
  return { at, marks: ticks.map(({ value, label }) => ({ at: at(value), label })) };
}

function pathOf({ x, y }: Series, atX: Scale["at"], atY: Scale["at"]): string {
  const points = x.map((value, i) => `${scaled(atX(value))} ${scaled(1 - atY(y[i]))}`);
  // A line of no length has round ends: a dot.
  return points.length === 1 ? `M${points[0]}h0` : `M${points.join("L")}`;
}

/** What a line is about, without whether it is of training or of test examples: a stage. */
function subjectOf(name: string): string {
  return name.replace(/^(stage \d+), .*$/, "$1");
}

/** Lines of one stage have one colour; which kind of line it is, its dashes tell. */
function coloursOf(series: readonly Series[]): ReadonlyMap<string, number> {
  const subjects = [...new Set(series.map(({ name }) => subjectOf(name)))];
  return new Map(subjects.map((subject, i) => [subject, i % COLOURS]));
}

interface LegendProps {
  readonly series: readonly Series[];
  readonly colours: ReadonlyMap<string, number>;
}

function Legend({ series, colours }: LegendProps) {
  if (series.length < 2) return null;
  const staged = series.some(({ name }) => subjectOf(name) !== name);
  const entries = staged
    ? [...colours].map(([name, colour]) => ({ name, look: `c${colour}` }))
    : series.map(({ name, dashed }) => ({
        name,
        look: `c${colours.get(name)}${dashed ? " dashed" : ""}`,
      }));
  const kinds = [
    ...new Set(series.map(({ name, dashed }) => `${name.split(", ")[1]}${dashed ? " (dashed)" : ""}`)),
  ];
  return (
    <ul class="legend">
      {entries.map(({ name, look }) => (
        <li>
          <svg viewBox="0 0 28 8" width="28" height="8" aria-hidden="true">
            <path class={`line ${look}`} d="M1 4H27" />
          </svg>
          {name}
        </li>
      ))}
      {staged && series.some(({ dashed }) => dashed) && <li>{kinds.join(", ")}</li>}
    </ul>
  );
}

function descriptionOf(title: string, { series, x }: Panel): string {
  const ends = series.map(
    ({ name, y }) => `${name} from ${formatValue(y[0])} to ${formatValue(y[y.length - 1])}`,
  );
  return `${title} against ${x.label}: ${ends.join("; ")}. The data follow as a table.`;
}

function rowsOf(series: readonly Series[]): (string | number)[][] {
  const places = [...new Set(series.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const values = series.map(({ x, y }) => new Map(x.map((value, i) => [value, y[i]])));
  return places.map((place) => [
    place,
    ...values.map((own) => {
      const value = own.get(place);
      return value === undefined ? "" : formatValue(value);
    }),
  ]);
}
