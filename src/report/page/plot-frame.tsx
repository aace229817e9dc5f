import type { ComponentChildren } from "preact";

/** A place along an axis, from 0 to 1, and what is written there; grid lines without a label have none. */
export interface Mark {
  readonly at: number;
  readonly label: string;
}

interface FrameProps {
  /** Read in place of the picture. */
  readonly description: string;
  readonly xLabel: string;
  readonly x: readonly Mark[];
  readonly y: readonly Mark[];
  readonly height?: "low";
  /** Drawn in units of a thousandth of the width and of the height, from the top left. */
  readonly children: ComponentChildren;
}

/**
 * The frame of a plot: a drawing that is stretched to the width of the page, with its letters beside it, so that they keep
 * their size on a small screen.
 */
export function PlotFrame({ description, xLabel, x, y, height, children }: FrameProps) {
  const shift = (at: number) => (at < 0.04 ? "0" : at > 0.96 ? "-100%" : "-50%");
  return (
    <div class={height ? `plot ${height}` : "plot"}>
      <div class="y-marks" aria-hidden="true">
        {y.map(({ at, label }) => (
          <span style={`bottom:${percent(at)}`}>{label}</span>
        ))}
      </div>
      <div class="drawing">
        <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" role="img" aria-label={description}>
          {y.map(({ at }) => (
            <path class="grid" d={`M0 ${scaled(1 - at)}H1000`} />
          ))}
          {x.map(({ at }) => (
            <path class="grid" d={`M${scaled(at)} 0V1000`} />
          ))}
          {children}
        </svg>
      </div>
      <div class="x-marks" aria-hidden="true">
        {x.map(({ at, label }) => (
          <span style={`left:${percent(at)};transform:translateX(${shift(at)})`}>{label}</span>
        ))}
      </div>
      <p class="x-label" aria-hidden="true">
        {xLabel}
      </p>
    </div>
  );
}

/** A part of the whole, in the units of the drawing. */
export function scaled(part: number): number {
  return Math.round(10_000 * part) / 10;
}

function percent(part: number): string {
  return `${Math.round(10_000 * part) / 100}%`;
}
