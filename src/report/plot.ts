import { isNotInstalled, notInstalled, UsageError } from "../errors.js";
import { writeFileAtomically } from "../formats/write-file.js";
import { checkFigure } from "./check-figure.js";
import type { Figure } from "./figure.js";
import { fontFiles } from "./font.js";
import { renderSvg } from "./render.js";

export type { Axis, Drawing, Figure, Panel, Regions, Series } from "./figure.js";

/** How large a PNG is. */
export interface PngOptions {
  /** Pixels of the PNG for one of the SVG; 2 unless told, at most 10. */
  readonly scale?: number;
}

const LARGEST_SCALE = 10;

/**
 * A figure as the text of an SVG file. The same figure gives the same text, whatever fonts the machine has: widths of
 * letters are those of DejaVu Sans. Throws a `UsageError` or a `ShapeError` for a figure that cannot be drawn
 * (`checkFigure`).
 */
export async function plotSvg(figure: Figure): Promise<string> {
  checkFigure(figure);
  return renderSvg(figure);
}

/**
 * A figure as the bytes of a PNG file on white. The same figure and scale give the same bytes: text is drawn with the
 * DejaVu Sans that comes with the package, never with a font of the machine. Throws as `plotSvg` does, and a
 * `UsageError` for a scale out of range or where the rasterizer has no build for the machine.
 */
export async function plotPng(figure: Figure, options: PngOptions = {}): Promise<Uint8Array> {
  return rasterize(await plotSvg(figure), options);
}

/**
 * Writes a figure to `path` with `.svg` and with `.png` appended, each beside its target and then renamed. Nothing is
 * written unless both could be drawn. Gives the two paths.
 */
export async function writePlot(figure: Figure, path: string, options?: PngOptions): Promise<string[]> {
  const svg = await plotSvg(figure);
  const png = await rasterize(svg, options);
  const files = [`${path}.svg`, `${path}.png`];
  await writeFileAtomically(files[0], svg);
  await writeFileAtomically(files[1], png);
  return files;
}

async function rasterize(svg: string, { scale = 2 }: PngOptions = {}): Promise<Uint8Array> {
  if (!(scale > 0 && scale <= LARGEST_SCALE)) {
    throw new UsageError(`scale: expected a number above 0 and at most ${LARGEST_SCALE}, found ${scale}`);
  }
  const { Resvg } = await import("@resvg/resvg-js").catch((error: Error) => {
    if (isNotInstalled("@resvg/resvg-js", error)) notInstalled("PNGs", "@resvg/resvg-js", error);
    throw new UsageError(
      `PNGs cannot be drawn on this machine: ${error.message.split("\n")[0]}; take the SVG`,
    );
  });
  const { regular, bold } = fontFiles();
  const font = {
    loadSystemFonts: false,
    fontFiles: [regular, bold],
    defaultFontFamily: "DejaVu Sans",
    sansSerifFamily: "DejaVu Sans",
  };
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value: scale } }).render().asPng();
}
