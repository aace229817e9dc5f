import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ShapeError, UsageError } from "../../src/errors.js";
import { type Figure, type Panel, plotPng, plotSvg, type Series, writePlot } from "../../src/report/plot.js";
import { sourceFiles } from "../house/source-files.js";

const r = [10, 20, 50, 100];
const falling = (name: string, more: Partial<Series> = {}): Series => ({
  name,
  x: r,
  y: r.map((value) => name.length / Math.sqrt(value)),
  ...more,
});
const panel = (series: readonly Series[], more: Partial<Panel> = {}): Panel => ({
  x: { label: "Projection dimension r", scale: "log" },
  y: { label: "Relative error", scale: "log" },
  series,
  ...more,
});
const band = { yLow: r.map((value) => 1 / value), yHigh: r.map((value) => 20 / Math.sqrt(value)) };

const TWO_PANELS: Figure = {
  title: "Estimates of the dual norm",
  panels: [
    panel([falling("Cauchy, median", band), falling("1/√r", { draw: "line", dashed: true })], {
      title: "(a)",
    }),
    panel([falling("Cauchy, median", { ...band, spread: "bars" }), falling("ℓ2 <Gauss & more>")], {
      y: { label: "Seconds", domain: [0, 3] },
    }),
  ],
};
const one = (series: Partial<Series>, more: Partial<Panel> = {}): Figure => ({
  title: "One",
  panels: [panel([falling("only", series)], more)],
});

/** What an SVG writes, without markup and entities. */
const textsOf = (svg: string): string[] =>
  Array.from(svg.matchAll(/<(text|tspan)\b[^>]*>([^<]+)</g), ([, , text]) =>
    text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
const svgSize = (svg: string): number[] =>
  ["width", "height"].map((side) => Number(new RegExp(`<svg [^>]*\\b${side}="([\\d.]+)"`).exec(svg)?.[1]));
const pngSize = (png: Uint8Array): number[] => {
  const view = new DataView(png.buffer, png.byteOffset);
  return [view.getUint32(16), view.getUint32(20)];
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe("plotSvg", () => {
  it("writes titles, labels of axes and ticks, and a legend", async () => {
    const texts = textsOf(await plotSvg(TWO_PANELS));
    for (const text of [
      "Estimates of the dual norm",
      "(a)",
      "Projection dimension r",
      "Relative error",
      "Seconds",
      "10²",
      "2.5",
      "1/√r",
      "ℓ2 <Gauss & more>",
    ]) {
      expect(texts).toContain(text);
    }
    expect(texts.filter((text) => text === "Cauchy, median")).toHaveLength(1);
  });

  it("draws no legend for a single name", async () => {
    expect(textsOf(await plotSvg(one({})))).not.toContain("only");
    const twice: Figure = { title: "One name", panels: [panel([falling("only")]), panel([falling("only")])] };
    expect(textsOf(await plotSvg(twice))).not.toContain("only");
  });

  it("gives the same text again, also when several are drawn at once", async () => {
    const first = await plotSvg(TWO_PANELS);
    const others = await Promise.all([plotSvg(one({})), plotSvg(TWO_PANELS), plotSvg(TWO_PANELS)]);
    expect(others.slice(1)).toEqual([first, first]);
  });

  it("breaks long text into lines instead of cutting it", async () => {
    const words = Array.from({ length: 30 }, (_, i) => `word${i}`);
    const figure = one({}, { title: words.join(" "), y: { label: words.join(" ") } });
    const texts = textsOf(await plotSvg({ ...figure, title: words.join(" ") }));
    const written = texts.flatMap((text) => text.split(" "));
    for (const word of words) expect(written.filter((each) => each === word)).toHaveLength(3);
  });

  it("leaves out tick labels that would run into each other", async () => {
    const figure = one({ x: [1e-3, 1, 100, 1000], y: [1, 1e6, 2e6, 5e6] }, { y: { label: "error" } });
    const decades = async (width: number) => {
      const svg = await plotSvg({ ...figure, panelSize: { width, height: 100 } });
      const hidden = svg.match(/<text[^>]* opacity="0"[^>]*>10[⁻⁰¹²³]+</g) ?? [];
      return textsOf(svg).filter((text) => /^10[⁻⁰¹²³]+$/.test(text)).length - hidden.length;
    };
    expect(await decades(300)).toBe(7);
    expect(await decades(90)).toBeLessThan(7);
  });

  it("cuts lines at a given domain and leaves out points beyond it", async () => {
    const points = (svg: string) => svg.match(/mark-symbol[\s\S]*?<\/g>/)![0].match(/<path/g)!.length;
    expect(points(await plotSvg(one({})))).toBe(r.length);
    const cut = await plotSvg(one({}, { x: { label: "r", domain: [15, 60] } }));
    expect(points(cut)).toBe(2);
    expect(cut).toContain("clip-path");
  });

  it("draws squares around points, and regions in runs of one name", async () => {
    const plane = (more: Partial<Series>, regions?: Panel["regions"]): Figure => ({
      title: "",
      panels: [
        {
          x: { label: "", domain: [0, 1] },
          y: { label: "", domain: [0, 1] },
          series: [{ name: "a", x: [0.3, 0.6], y: [0.4, 0.7], draw: "points", ...more }],
          ...(regions && { regions }),
        },
      ],
    });
    const paths = (svg: string) => svg.match(/<path /g)?.length ?? 0;
    const bare = paths(await plotSvg(plane({})));
    expect(paths(await plotSvg(plane({ reach: 0.1 })))).toBe(bare + 2);
    // Two runs in the lower row, one in the upper: null stays white.
    const regions = { columns: 3, values: ["a", "a", "b", null, "b", "b"] };
    const drawn = await plotSvg(plane({}, regions));
    expect(drawn.match(/<path [^>]*opacity="0.2"/g)).toHaveLength(3);
    expect(await plotSvg(plane({}, regions))).toBe(drawn);
  });

  it("joins points in the order given", async () => {
    const lines = await Promise.all(
      [r, r.toReversed()].map(async (x) => {
        const svg = await plotSvg(one({ x, y: x, draw: "line" }));
        return /mark-line[\s\S]*?<path[^>]* d="([^"]*)"/.exec(svg)![1];
      }),
    );
    expect(lines[1].slice(1).split("L").toReversed().join("L")).toBe(lines[0].slice(1));
  });

  it.each<[string, Partial<Series>, Partial<Panel>]>([
    ["a single point", { x: [7], y: [1e20] }, {}],
    ["a single point of a line with a band", { x: [7], y: [1], yLow: [1], yHigh: [2], draw: "line" }, {}],
    ["one value for all", { x: r, y: r.map(() => 0) }, { y: { label: "error" } }],
    ["values as far apart as can be", { x: [1, 2], y: [1e-200, 1e200] }, {}],
    ["values as far apart as can be, linear", { x: [1, 2], y: [-1e200, 1e200] }, { y: { label: "error" } }],
  ])("draws %s without a warning or a broken number", async (_, series, more) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const svg = await plotSvg(one(series, more));
    expect(svg).not.toMatch(/NaN|undefined|Infinity|null/);
    expect(svg).toContain("mark-symbol");
    expect(warn).not.toHaveBeenCalled();
  });

  it("loads Vega only when something is drawn", () => {
    const eager = /^import (?!type\b)[^;]*"(vega|vega-lite|@resvg\/resvg-js)"/m;
    expect(sourceFiles("src").filter(({ text }) => eager.test(text))).toEqual([]);
  });
});

describe("plotPng", () => {
  it("gives the same bytes again", async () => {
    expect(Buffer.compare(await plotPng(TWO_PANELS), await plotPng(TWO_PANELS))).toBe(0);
  });

  it.each([1, 2])("is %d times as large as the SVG", async (scale) => {
    const size = svgSize(await plotSvg(TWO_PANELS));
    const png = await plotPng(TWO_PANELS, { scale });
    expect([...png.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    expect(pngSize(png)).toEqual(size.map((side) => side * scale));
  });

  it("draws text, with the font of the package", async () => {
    const [some, other] = await Promise.all(["lll", "mmm"].map((title) => plotPng({ ...one({}), title })));
    expect(pngSize(some)).toEqual(pngSize(other));
    expect(Buffer.compare(some, other)).not.toBe(0);
  });

  it.each([0, -1, Number.NaN, 11])("refuses a scale of %d", async (scale) => {
    await expect(plotPng(TWO_PANELS, { scale })).rejects.toThrow(UsageError);
  });
});

describe("writePlot", () => {
  it("writes both files and nothing beside them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "autodual-plot-"));
    try {
      const written = await writePlot(TWO_PANELS, join(folder, "figure.1"));
      expect(written).toEqual([join(folder, "figure.1.svg"), join(folder, "figure.1.png")]);
      expect((await readdir(folder)).sort()).toEqual(["figure.1.png", "figure.1.svg"]);
      expect(await readFile(written[0], "utf8")).toBe(await plotSvg(TWO_PANELS));
      expect(Buffer.compare(await readFile(written[1]), await plotPng(TWO_PANELS))).toBe(0);
      await expect(writePlot({ title: "", panels: [] }, join(folder, "none"))).rejects.toThrow(UsageError);
      expect(await readdir(folder)).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it("draws a name twice in a panel, once dashed, in one colour and with one entry in the legend", async () => {
  const twice = [falling("a"), { ...falling("a"), draw: "line", dashed: true } as const, falling("b")];
  const svg = await plotSvg({ title: "", panels: [panel(twice)] });
  expect(svg.match(/>a<\/text>/g)).toHaveLength(1);
  const dashed = /<path[^>]*stroke="(#\w+)"[^>]*stroke-dasharray[^>]*>/.exec(svg)?.[1];
  expect(dashed).toBeDefined();
  const solid = [...svg.matchAll(/<path(?![^>]*dasharray)[^>]*stroke="(#\w+)"[^>]*>/g)].map(
    (match) => match[1],
  );
  expect(solid).toContain(dashed);
});

describe("a figure is refused", () => {
  const linear = { x: { label: "r" }, y: { label: "error" } };
  it.each<[string, Figure, string]>([
    ["without panels", { title: "", panels: [] }, "at least one panel"],
    ["without series", { title: "", panels: [panel([])] }, "panel 1: expected at least one series"],
    ["without points", one({ x: [], y: [] }), 'panel 1, series "only": expected at least one point'],
    ["with a name twice", { title: "", panels: [panel([falling("a"), falling("a")])] }, "the same name"],
    ["with NaN", one({ y: [1, Number.NaN, 1, 1] }), "y[1] is NaN"],
    ["with an infinite value", one({ x: [1, 2, 3, Number.POSITIVE_INFINITY] }, linear), "x[3] is Infinity"],
    ["with 0 on a log axis", one({ y: [1, 1, 0, 1] }), "y[2] is 0, expected a number above 0"],
    ["with a band below 0 on a log axis", one({ ...band, yLow: [1, -1, 1, 1] }), "yLow[1] is -1"],
    ["with one side of a band", one({ yLow: r }), "found only one of them"],
    ["with a band upside down", one({ yLow: band.yHigh, yHigh: band.yLow }), "yLow[0]"],
    ["with a domain that falls", one({}, { x: { label: "", domain: [2, 1] } }), "panel 1, x axis"],
    [
      "with a log domain from 0",
      one({}, { y: { label: "", scale: "log", domain: [0, 1] } }),
      "panel 1, y axis",
    ],
    ["with a reach of 0", one({ reach: 0 }), "reach above 0"],
    [
      "with regions but no domains",
      one({}, { regions: { columns: 1, values: [null] } }),
      "domains of both axes",
    ],
    ["with a panel too small", { ...one({}), panelSize: { width: 300, height: 0 } }, "panel height"],
  ])("%s", async (_, figure, message) => {
    const error = await plotSvg(figure).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message).not.toContain("\n");
  });

  it("when regions are no whole rows", async () => {
    const domains = { x: { label: "", domain: [0, 1] }, y: { label: "", domain: [0, 1] } } as const;
    const figure = one({}, { ...domains, regions: { columns: 2, values: ["only", null, "only"] } });
    await expect(plotSvg(figure)).rejects.toThrow(/whole rows of 2 regions, found 3/);
  });

  it.each<[string, Partial<Series>, string]>([
    ["y", { y: [1, 2] }, "expected 4 y for as many x, found 2"],
    ["yHigh", { ...band, yHigh: [1] }, "expected 4 yHigh for as many x, found 1"],
  ])("when %s has another length", async (_, series, message) => {
    const error = await plotSvg(one(series)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ShapeError);
    expect((error as Error).message).toContain(message);
  });
});
