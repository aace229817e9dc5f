import type { TopLevelSpec } from "vega-lite";
import { notInstalled } from "../errors.js";
import type { Figure } from "./figure.js";
import { type FontMetrics, loadFontMetrics } from "./font.js";
import { specification } from "./specification.js";

/** The part of Vega that its types leave out: how wide it takes text to be. */
interface TextMetrics {
  width: (item: TextItem, text: string) => number;
}

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
}

/** Vega's own size where a text tells none. */
const DEFAULT_SIZE = 11;

let turn: Promise<unknown> = Promise.resolve();

/**
 * Draws a checked figure. Vega is loaded here, at the first figure. It numbers clip paths and measures text by globals,
 * so figures are drawn one after the other.
 */
export function renderSvg(figure: Figure): Promise<string> {
  const drawn = turn.then(() => draw(figure));
  turn = drawn.catch(() => {});
  return drawn;
}

async function draw(figure: Figure): Promise<string> {
  const [vega, { compile }, metrics] = await Promise.all([
    import("vega").catch((error: unknown) => notInstalled("figures", "vega", error)),
    import("vega-lite").catch((error: unknown) => notInstalled("figures", "vega-lite", error)),
    loadFontMetrics(),
  ]);
  const { spec } = compile(specification(figure, metrics) as unknown as TopLevelSpec);
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics };
  const before = textMetrics.width;
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  try {
    textMetrics.width = measuredBy(metrics);
    vega.resetSVGDefIds();
    return await view.toSVG();
  } finally {
    textMetrics.width = before;
    view.finalize();
  }
}

function measuredBy(metrics: FontMetrics): TextMetrics["width"] {
  return ({ fontSize = DEFAULT_SIZE, fontWeight }, text) =>
    metrics.width(String(text ?? ""), fontSize, fontWeight === "bold");
}
