import type { Panel, Series } from "./figure.js";
import { DASHES, LINE_WIDTH, type SeriesLook } from "./look.js";

/** A part of a Vega-Lite specification: plain data, checked by the compiler that it is handed to. */
export type VegaPart = Readonly<Record<string, unknown>>;

/** How a panel's values become positions: the channels `x` and `y` without their fields, and what the frame shows. */
export interface Channels {
  readonly x: VegaPart;
  readonly y: VegaPart;
  readonly shows: (x: number, y: number) => boolean;
}

/** The layers of a panel, spreads lowest and points on top. Nothing is drawn outside the frame. */
export function seriesLayers(
  panel: Panel,
  channels: Channels,
  looks: ReadonlyMap<string, SeriesLook>,
): VegaPart[] {
  const drawn = panel.series.map((series) => {
    const look = looks.get(series.name)!;
    return {
      spread: [...spreadLayers(series, channels, look), ...reachLayers(series, channels, look)],
      line: hasLine(series) ? [lineLayer(series, channels, look)] : [],
      points: hasPoints(series) ? [pointLayer(series, channels, look)] : [],
    };
  });
  return (["spread", "line", "points"] as const).flatMap((kind) => drawn.flatMap((each) => each[kind]));
}

/** Whether points are joined. */
export function hasLine({ draw, x }: Series): boolean {
  return draw !== "points" && x.length > 1;
}

/** Whether points have markers. One alone has, as a line of it could not be seen. */
export function hasPoints({ draw, x }: Series): boolean {
  return draw !== "line" || x.length === 1;
}

/** How a line is drawn, in a panel and in the legend. */
export function lineMark({ dashed }: Series, { colour }: SeriesLook): VegaPart {
  return { color: colour, strokeWidth: LINE_WIDTH, ...(dashed && { strokeDash: DASHES }) };
}

/** How a point is drawn, in a panel and in the legend. */
export function pointMark({ colour, marker }: SeriesLook): VegaPart {
  return {
    type: "point",
    shape: marker.shape,
    size: marker.area,
    filled: true,
    color: colour,
    opacity: 1,
    stroke: "white",
    strokeWidth: 0.7,
  };
}

function lineLayer(series: Series, { x, y }: Channels, look: SeriesLook): VegaPart {
  return {
    data: { values: pointsOf(series) },
    mark: { type: "line", clip: true, strokeJoin: "round", ...lineMark(series, look) },
    // Without an order of its own Vega-Lite would sort the points by x.
    encoding: { x: { field: "x", ...x }, y: { field: "y", ...y }, order: { value: null } },
  };
}

/** Markers on the frame are drawn whole; those outside are left out, where clipping would show parts of them. */
function pointLayer(series: Series, { x, y, shows }: Channels, look: SeriesLook): VegaPart {
  return {
    data: { values: pointsOf(series).filter((point) => shows(point.x, point.y)) },
    mark: pointMark(look),
    encoding: { x: { field: "x", ...x }, y: { field: "y", ...y } },
  };
}

/** The squares around points, cut at the frame. */
function reachLayers(series: Series, { x, y }: Channels, look: SeriesLook): VegaPart[] {
  const { reach } = series;
  if (reach === undefined) return [];
  const values = pointsOf(series).map((point) => ({
    x: point.x - reach,
    x2: point.x + reach,
    y: point.y - reach,
    y2: point.y + reach,
  }));
  const { color, strokeDash } = lineMark(series, look) as { color: string; strokeDash?: number[] };
  return [
    {
      data: { values },
      mark: {
        type: "rect",
        clip: true,
        filled: false,
        stroke: color,
        strokeWidth: 1,
        ...(strokeDash && { strokeDash: [2, 2] }),
      },
      encoding: {
        x: { field: "x", ...x },
        x2: { field: "x2" },
        y: { field: "y", ...y },
        y2: { field: "y2" },
      },
    },
  ];
}

function spreadLayers(series: Series, { x, y }: Channels, { colour }: SeriesLook): VegaPart[] {
  const { yLow, yHigh } = series;
  if (yLow === undefined || yHigh === undefined) return [];
  const data = { values: series.x.map((value, i) => ({ x: value, low: yLow[i], high: yHigh[i] })) };
  const between = {
    x: { field: "x", ...x },
    y: { field: "low", ...y },
    y2: { field: "high" },
  };
  if (series.spread !== "bars" && data.values.length > 1) {
    const mark = { type: "area", clip: true, color: colour, opacity: 0.16, line: false };
    return [{ data, mark, encoding: { ...between, order: { value: null } } }];
  }
  const cap = (field: "low" | "high"): VegaPart => ({
    data,
    mark: {
      type: "tick",
      clip: true,
      orient: "horizontal",
      size: 7,
      thickness: 1.2,
      color: colour,
      opacity: 1,
    },
    encoding: { x: { field: "x", ...x }, y: { field, ...y } },
  });
  const bar = {
    data,
    mark: { type: "rule", clip: true, strokeWidth: 1.2, color: colour },
    encoding: between,
  };
  return [bar, cap("low"), cap("high")];
}

function pointsOf({ x, y }: Series): { x: number; y: number }[] {
  return x.map((value, i) => ({ x: value, y: y[i] }));
}
