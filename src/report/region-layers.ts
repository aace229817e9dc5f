import type { Panel } from "./figure.js";
import type { SeriesLook } from "./look.js";
import type { Channels, VegaPart } from "./series-layers.js";

const PALE = 0.2;

/** The cells of a panel, those of one name that lie side by side as one rectangle. */
export function regionLayers(
  { regions, x: xAxis, y: yAxis }: Panel,
  { x, y }: Channels,
  looks: ReadonlyMap<string, SeriesLook>,
): VegaPart[] {
  if (!regions || !xAxis.domain || !yAxis.domain) return [];
  const { columns, values } = regions;
  const rows = values.length / columns;
  const at = ([low, high]: readonly [number, number], part: number) => low + (high - low) * part;
  const runs: { x: number; x2: number; y: number; y2: number; colour: string }[] = [];
  for (let row = 0; row < rows; row++) {
    for (let first = 0, end = 0; first < columns; first = end) {
      const name = values[row * columns + first];
      for (end = first + 1; end < columns && values[row * columns + end] === name; ) end += 1;
      const look = name === null ? undefined : looks.get(name);
      if (!look) continue;
      runs.push({
        x: at(xAxis.domain, first / columns),
        x2: at(xAxis.domain, end / columns),
        y: at(yAxis.domain, row / rows),
        y2: at(yAxis.domain, (row + 1) / rows),
        colour: look.colour,
      });
    }
  }
  if (runs.length === 0) return [];
  return [
    {
      data: { values: runs },
      mark: { type: "rect", opacity: PALE, clip: true, strokeWidth: 0 },
      encoding: {
        x: { field: "x", ...x },
        x2: { field: "x2" },
        y: { field: "y", ...y },
        y2: { field: "y2" },
        fill: { field: "colour", type: "nominal", scale: null },
      },
    },
  ];
}
