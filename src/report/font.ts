import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { notInstalled } from "../errors.js";

/** What an SVG asks for: the font that PNGs are drawn with, then one as wide that many machines have. */
export const FONT_FAMILY = "DejaVu Sans, Verdana, sans-serif";

const require = createRequire(import.meta.url);

/** The font files of the dejavu-fonts-ttf package. */
export function fontFiles(): { readonly regular: string; readonly bold: string } {
  try {
    return {
      regular: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
      bold: require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
    };
  } catch (error) {
    return notInstalled("figures", "dejavu-fonts-ttf", error);
  }
}

/** How wide text is, without kerning. */
export interface FontMetrics {
  /** The width in pixels of one line at `size` pixels. */
  width(text: string, size: number, bold?: boolean): number;
  /** The text in lines no wider than `limit` pixels, broken at spaces; a longer word has a line of its own. */
  lines(text: string, size: number, limit: number, bold?: boolean): string[];
}

/** Reads the advance widths of the fonts, so that a figure's layout depends on no font of the machine. */
export async function loadFontMetrics(): Promise<FontMetrics> {
  const { regular, bold } = fontFiles();
  const [thin, thick] = (await Promise.all([readFile(regular), readFile(bold)])).map(readAdvances);
  const width: FontMetrics["width"] = (text, size, isBold = false) => {
    const advance = isBold ? thick : thin;
    return (
      Array.from(text, (char) => advance(char.codePointAt(0)!)).reduce((sum, each) => sum + each, 0) * size
    );
  };
  const lines: FontMetrics["lines"] = (text, size, limit, isBold) => {
    const done: string[] = [];
    let line = "";
    for (const word of text.split(/\s+/).filter(Boolean)) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (line !== "" && width(longer, size, isBold) > limit) {
        done.push(line);
        line = word;
      } else {
        line = longer;
      }
    }
    return line === "" ? done : [...done, line];
  };
  return { width, lines };
}

/**
 * From a TrueType file, the advance width of a code point as a fraction of the font size. A code point that the font
 * lacks is as wide as the box that stands for it.
 */
function readAdvances(file: Buffer): (codePoint: number) => number {
  const tables = new Map<string, number>();
  for (let i = 0; i < file.readUInt16BE(4); i++) {
    const entry = 12 + 16 * i;
    tables.set(file.toString("latin1", entry, entry + 4), file.readUInt32BE(entry + 8));
  }
  const unitsPerEm = file.readUInt16BE(tables.get("head")! + 18);
  const lastMetric = file.readUInt16BE(tables.get("hhea")! + 34) - 1;
  const groups = readGlyphGroups(file, tables.get("cmap")!);
  const hmtx = tables.get("hmtx")!;
  return (codePoint) => {
    const group = groups.find(({ first, last }) => first <= codePoint && codePoint <= last);
    const glyph = group === undefined ? 0 : group.glyph + codePoint - group.first;
    return file.readUInt16BE(hmtx + 4 * Math.min(glyph, lastMetric)) / unitsPerEm;
  };
}

/** Runs of code points that have consecutive glyphs: the subtable of format 12, which both fonts have. */
function readGlyphGroups(file: Buffer, cmap: number): { first: number; last: number; glyph: number }[] {
  const table = Array.from(
    { length: file.readUInt16BE(cmap + 2) },
    (_, i) => cmap + file.readUInt32BE(cmap + 8 + 8 * i),
  ).find((offset) => file.readUInt16BE(offset) === 12)!;
  return Array.from({ length: file.readUInt32BE(table + 12) }, (_, i) => {
    const group = table + 16 + 12 * i;
    return {
      first: file.readUInt32BE(group),
      last: file.readUInt32BE(group + 4),
      glyph: file.readUInt32BE(group + 8),
    };
  });
}
