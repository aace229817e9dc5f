import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { domainOf, logTicks } from "../../src/report/axis-ticks.js";
import { binsOf } from "../../src/report/page/bins.js";
import { evenTicks } from "../../src/report/page/numbers.js";
import { renderPage } from "../../src/report/page/render-page.js";
import { figuresOf } from "../../src/report/page/run-figures.js";
import { type Epoch, known } from "../../src/report/page/run-record.js";
import { epoch, runRecord, tableRows } from "./run-records.js";

/** Attributes that draw something. */
const DRAWN = / (d|x|y|cx|cy|width|height|style)="[^"]*(NaN|undefined|Infinity)/;

/** A page whose epochs are these. */
const pageOf = (...epochs: readonly Epoch[]): string => {
  const record = runRecord({ curves: known([{ stage: null, epochs }]) });
  figuresOf(record);
  return renderPage(record);
};

describe("a page of figures that no training has", () => {
  const fields = ["epsilon", "loss", "robustLoss", "error", "robustError", "seconds"] as const;

  it.each([1e308, -1e308, 1.7976931348623157e308, 5e-324, 0, -0])("%s is drawn or left out", (value) => {
    for (const field of fields) {
      for (const others of [[], [epoch(2)], [epoch(2, { [field]: -value })]]) {
        const html = pageOf(epoch(1, { [field]: value }), ...others);
        expect(DRAWN.exec(html)?.[0], `${field} ${others.length}`).toBeUndefined();
      }
    }
  });

  it.each([null, Number.NaN, Number.POSITIVE_INFINITY, undefined])("%s has no place in a chart", (value) => {
    for (const field of [...fields, "epoch"] as const) {
      const html = pageOf(epoch(1), epoch(2, { [field]: value as never }), epoch(3));
      expect(DRAWN.exec(html)?.[0], field).toBeUndefined();
    }
    const html = pageOf(epoch(1), epoch(2, { robustError: value as never }), epoch(3));
    expect(tableRows(html, "Robust error").map((row) => row[1])).toEqual(["training", "30", "", "10"]);
  });

  it("margins and radii of any size are counted", () => {
    for (const values of [
      [1e308, -1e308],
      [1.7e308, 1.7e308],
      [5e-324, 0],
      [1e308],
      [-1.7e308, 1.7e308, 0],
    ]) {
      const bins = binsOf(values);
      expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
      expect(bins.every(({ low, high }) => Number.isFinite(low) && Number.isFinite(high) && low < high)).toBe(
        true,
      );
    }
  });

  it("axes end at the largest doubles", () => {
    for (const scale of ["log", "linear"] as const) {
      for (const values of [[1e308, 1.7e308], [5e-324, 1e308], [5e-324], [1.7976931348623157e308]]) {
        const [low, high] = domainOf({ label: "x", scale }, values);
        expect(low < high && Number.isFinite(low) && Number.isFinite(high), `${scale} ${values}`).toBe(true);
        if (scale === "log") expect(logTicks([low, high]).labelled.length).toBeGreaterThan(0);
        else expect(evenTicks(low, high, 5).every(Number.isFinite)).toBe(true);
      }
    }
  });
});

it("a page runs its own script, by its hash, and no other", () => {
  const html = pageOf(epoch(1));
  const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(html) as RegExpExecArray;
  const [, script] = /<script>([\s\S]*?)<\/script>/.exec(html) as RegExpExecArray;
  const hash = createHash("sha256").update(script).digest("base64");
  expect(policy).toContain(`script-src 'sha256-${hash}'`);
  expect(policy).not.toMatch(/script-src [^;]*unsafe/);
});
