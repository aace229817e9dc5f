import type { Figure, Series } from "./figure.js";
import type { FontMetrics } from "./font.js";
import { INK, LETTERS, type SeriesLook } from "./look.js";
import { hasLine, hasPoints, lineMark, pointMark, type VegaPart } from "./series-layers.js";

const ROW = 19;
const SAMPLE = 28;
const GAP = 7;
const BETWEEN = 22;

interface Entry {
  readonly series: Series;
  readonly left: number;
  readonly row: number;
}

/** One entry per name in rows of at most `limit` pixels, each with a sample of its line and marker; null for one name. */
export function legendView(
  figure: Figure,
  looks: ReadonlyMap<string, SeriesLook>,
  metrics: FontMetrics,
  limit: number,
): VegaPart | null {
  if (looks.size < 2) return null;
  const all = figure.panels.flatMap(({ series }) => series);
  // A name that only regions have is shown by its marker.
  const shown = Array.from(
    looks.keys(),
    (name): Series => all.find((series) => series.name === name) ?? { name, x: [0], y: [0], draw: "points" },
  );
  const entries: Entry[] = [];
  let [left, row, width] = [0, 0, 0];
  for (const series of shown) {
    const right = left + SAMPLE + GAP + metrics.width(series.name, LETTERS.legend);
    const wraps = left > 0 && right > limit;
    if (wraps) row++;
    entries.push({ series, left: wraps ? 0 : left, row });
    const end = wraps ? right - left : right;
    width = Math.max(width, end);
    left = end + BETWEEN;
  }
  return {
    width: Math.ceil(width),
    height: (row + 1) * ROW,
    layer: entries.flatMap((entry) => entryLayers(entry, looks.get(entry.series.name)!)),
  };
}

function entryLayers({ series, left, row }: Entry, look: SeriesLook): VegaPart[] {
  const y = { value: (row + 0.5) * ROW };
  const at = (x: number) => ({ x: { value: x }, y });
  const drawn = [
    hasLine(series) && {
      mark: { type: "rule", ...lineMark(series, look) },
      encoding: { ...at(left), x2: { value: left + SAMPLE } },
    },
    hasPoints(series) && { mark: pointMark(look), encoding: at(left + SAMPLE / 2) },
    {
      mark: {
        type: "text",
        text: series.name,
        align: "left",
        baseline: "middle",
        fontSize: LETTERS.legend,
        color: INK.text,
      },
      encoding: at(left + SAMPLE + GAP),
    },
  ];
  return drawn.filter((layer) => layer !== false).map((layer) => ({ data: { values: [{}] }, ...layer }));
}
