/** What the points of a series are drawn with. */
export type Drawing = "line" | "points" | "both";

/**
 * Points under one name. A name has one colour and one marker in the whole figure, also where it stands in several
 * panels, or twice in one: once solid and once dashed. The legend shows the one that comes first. `yLow` and `yHigh`, given together or not at all, are drawn as a band, or as a bar at every point.
 */
export interface Series {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly yLow?: readonly number[];
  readonly yHigh?: readonly number[];
  /** "band" unless told. */
  readonly spread?: "band" | "bars";
  /** "both" unless told. Lines join the points in the order given. */
  readonly draw?: Drawing;
  readonly dashed?: boolean;
  /** A square around every point, which reaches so far to each side, in the units of the axes; dashed as lines are. */
  readonly reach?: number;
}

/**
 * Cells that fill a panel, in the pale colour of the name that each belongs to: row by row from below, `columns` in each;
 * null is left white. The panel's axes need domains, which the cells divide evenly.
 */
export interface Regions {
  readonly columns: number;
  readonly values: readonly (string | null)[];
}

/** An axis. Without a domain it spans all values on it and a little more; with one, what lies outside is cut off. */
export interface Axis {
  /** What is on it, with its unit. Long labels are broken into lines. */
  readonly label: string;
  /** "linear" unless told. */
  readonly scale?: "linear" | "log";
  readonly domain?: readonly [low: number, high: number];
  /** Counted, as epochs are: a linear axis then has no tick between two whole numbers. */
  readonly whole?: boolean;
}

/** One plot of a figure. */
export interface Panel {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  readonly regions?: Regions;
}

/** Panels side by side under one title, with one legend below if there is more than one name. */
export interface Figure {
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Of each panel without its axes, in pixels of the SVG; 420 × 280 for a single panel, else 300 × 240. */
  readonly panelSize?: { readonly width: number; readonly height: number };
}
