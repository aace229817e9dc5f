import { domainOf, logTicks, type Ticks } from "./axis-ticks.js";
import type { Axis, Figure, Panel } from "./figure.js";
import { FONT_FAMILY, type FontMetrics } from "./font.js";
import { legendView } from "./legend.js";
import { INK, LETTERS, looksOf, type SeriesLook } from "./look.js";
import { regionLayers } from "./region-layers.js";
import { type Channels, seriesLayers, type VegaPart } from "./series-layers.js";

/** What the axis of a panel and the space before it take, about. */
const AXIS_ROOM = 56;
const PANEL_GAP = 28;
/** Pixels from tick to tick on a linear axis, about. */
const TICK_ROOM = 48;

/** A checked figure as a Vega-Lite specification: heading, panels and legend below each other, in the middle. */
export function specification(figure: Figure, metrics: FontMetrics): VegaPart {
  const single = figure.panels.length === 1;
  const size = figure.panelSize ?? (single ? { width: 420, height: 280 } : { width: 300, height: 240 });
  const width = figure.panels.length * (size.width + AXIS_ROOM);
  const looks = looksOf(figure);
  const panels = figure.panels.map((panel) => panelView(panel, size, looks, metrics));
  const rows = [
    headingView(metrics.lines(figure.title, LETTERS.heading, width, true), metrics),
    { hconcat: panels, spacing: PANEL_GAP },
    legendView(figure, looks, metrics, width),
  ];
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    padding: 12,
    vconcat: rows.filter((row) => row !== null),
    center: true,
    spacing: 10,
    config: CONFIG,
  };
}

const CONFIG: VegaPart = {
  aria: false,
  font: FONT_FAMILY,
  view: { stroke: null },
  axis: {
    domain: false,
    gridColor: INK.grid,
    gridWidth: 0.8,
    labelColor: INK.text,
    labelFlush: false,
    labelFontSize: LETTERS.tick,
    // Text is never cut: it is broken into lines before.
    labelLimit: 0,
    // On small panels, labels that would run into each other are left out.
    labelOverlap: "greedy",
    labelPadding: 4,
    labelSeparation: 4,
    tickColor: INK.frame,
    titleColor: INK.text,
    titleFontSize: LETTERS.label,
    titleFontWeight: "normal",
    titleLimit: 0,
    titlePadding: 9,
  },
};

/** The title is drawn as text: the title of a row of panels could not stand in the middle. */
function headingView(lines: readonly string[], metrics: FontMetrics): VegaPart | null {
  if (lines.length === 0) return null;
  const lineHeight = LETTERS.heading + 5;
  const width = Math.ceil(Math.max(...lines.map((line) => metrics.width(line, LETTERS.heading, true))));
  return {
    width,
    height: lines.length * lineHeight,
    data: { values: [{}] },
    mark: {
      type: "text",
      text: lines,
      align: "center",
      baseline: "top",
      fontSize: LETTERS.heading,
      fontWeight: "bold",
      lineHeight,
      color: INK.text,
    },
    encoding: { x: { value: width / 2 }, y: { value: 0 } },
  };
}

function panelView(
  panel: Panel,
  { width, height }: { readonly width: number; readonly height: number },
  looks: ReadonlyMap<string, SeriesLook>,
  metrics: FontMetrics,
): VegaPart {
  const xDomain = domainOf(
    panel.x,
    panel.series.flatMap(({ x }) => x),
  );
  const yDomain = domainOf(
    panel.y,
    panel.series.flatMap(({ y, yLow = [], yHigh = [] }) => [...y, ...yLow, ...yHigh]),
  );
  const channels: Channels = {
    x: channel(panel.x, xDomain, width, metrics),
    y: channel(panel.y, yDomain, height, metrics),
    shows: (x, y) => xDomain[0] <= x && x <= xDomain[1] && yDomain[0] <= y && y <= yDomain[1],
  };
  const title = metrics.lines(panel.title ?? "", LETTERS.panel, width);
  return {
    width,
    height,
    layer: [
      ...regionLayers(panel, channels, looks),
      frameLayer(width, height),
      ...(title.length > 0 ? [titleLayer(title, width)] : []),
      ...seriesLayers(panel, channels, looks),
    ],
  };
}

/** Above the grid, whose outermost lines would pale it, and below the series; on half pixels, as ticks are. */
function frameLayer(width: number, height: number): VegaPart {
  const [x, x2, y, y2] = [0, width, 0, height].map((value) => ({ value: value + 0.5 }));
  return {
    data: { values: [{}] },
    mark: { type: "rect", fill: null, stroke: INK.frame, strokeWidth: 1 },
    encoding: { x, x2, y, y2 },
  };
}

/** At one height above all frames; a title of the view's own would make room for ticks that stand out. */
function titleLayer(text: readonly string[], width: number): VegaPart {
  const lineHeight = LETTERS.panel + 4;
  const lastLine = -7;
  return {
    data: { values: [{}] },
    mark: {
      type: "text",
      text,
      align: "center",
      baseline: "bottom",
      fontSize: LETTERS.panel,
      lineHeight,
      color: INK.text,
    },
    encoding: { x: { value: width / 2 }, y: { value: lastLine - (text.length - 1) * lineHeight } },
  };
}

function channel(
  { scale, label, whole }: Axis,
  domain: readonly [number, number],
  length: number,
  metrics: FontMetrics,
): VegaPart {
  const log = scale === "log";
  return {
    type: "quantitative",
    scale: { type: log ? "log" : "linear", domain, nice: false },
    axis: {
      title: metrics.lines(label, LETTERS.label, length),
      ...(log ? logAxis(logTicks(domain)) : linearAxis(length, whole)),
    },
  };
}

function linearAxis(length: number, whole = false): VegaPart {
  return { tickCount: Math.max(2, Math.round(length / TICK_ROOM)), ...(whole && { tickMinStep: 1 }) };
}

function logAxis({ labelled, short }: Ticks): VegaPart {
  const values = JSON.stringify(labelled.map(({ value }) => value));
  const labels = JSON.stringify(labelled.map(({ label }) => label));
  const isLabelled = `indexof(${values}, datum.value) >= 0`;
  return {
    values: [...labelled.map(({ value }) => value), ...short],
    labelExpr: `${isLabelled} ? ${labels}[indexof(${values}, datum.value)] : ""`,
    tickSize: { condition: { test: isLabelled, value: 5 }, value: 3 },
    gridOpacity: { condition: { test: isLabelled, value: 1 }, value: 0 },
  };
}
