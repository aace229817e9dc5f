import type { Figure } from "./figure.js";

/** Sizes of letters, in pixels of the SVG. */
export const LETTERS = { heading: 14, panel: 12.5, label: 12, tick: 10.5, legend: 11 };

export const INK = { text: "#1a1a1a", frame: "#4d4d4d", grid: "#e4e4e4" };

export const LINE_WIDTH = 1.8;
export const DASHES = [5, 3];

/** How the series of one name look in the whole figure. */
export interface SeriesLook {
  readonly colour: string;
  readonly marker: Marker;
}

interface Marker {
  readonly shape: string;
  readonly area: number;
}

/** Okabe and Ito's colours, told apart with any colour vision, without the yellow that white swallows. */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/**
 * Six for seven colours, so that colour and marker together first come again after 42 names. Areas in square pixels;
 * pointed ones look smaller than they are.
 */
const MARKERS: readonly Marker[] = [
  { shape: "circle", area: 36 },
  { shape: "square", area: 34 },
  { shape: "triangle-up", area: 50 },
  { shape: "diamond", area: 44 },
  { shape: "triangle-down", area: 50 },
  { shape: "cross", area: 44 },
];

/** A look for every name, in the order in which the figure first names them. */
export function looksOf({ panels }: Figure): Map<string, SeriesLook> {
  const names = new Set(
    panels.flatMap(({ series, regions }) => [
      ...series.map(({ name }) => name),
      ...(regions?.values ?? []).filter((name) => name !== null),
    ]),
  );
  return new Map(
    Array.from(names, (name, i) => [
      name,
      { colour: COLOURS[i % COLOURS.length], marker: MARKERS[i % MARKERS.length] },
    ]),
  );
}
