import { describe, expect, it } from "vitest";
import { domainOf, logTicks } from "../../src/report/axis-ticks.js";

const labels = (low: number, high: number) => logTicks([low, high]).labelled.map(({ label }) => label);

describe("logTicks", () => {
  it.each<[number, number, string[]]>([
    [0.001, 10, ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹"]],
    [0.9e-18, 1.1, ["10⁻¹⁸", "10⁻¹⁵", "10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]],
    [0.015, 0.6, ["0.02", "0.05", "0.1", "0.2", "0.5"]],
    [3e4, 3e5, ["50000", "10⁵", "2×10⁵"]],
    [3.08e-7, 3.52e-7, ["3.1×10⁻⁷", "3.2×10⁻⁷", "3.3×10⁻⁷", "3.4×10⁻⁷", "3.5×10⁻⁷"]],
  ])("labels %d to %d", (low, high, expected) => {
    expect(labels(low, high)).toEqual(expected);
  });

  it("puts short ticks between, inside the domain", () => {
    expect(logTicks([8, 250]).short).toEqual([8, 9, 20, 30, 40, 50, 60, 70, 80, 90, 200]);
  });

  it("labels at least two ticks on any domain", () => {
    for (let low = 1e-5; low < 1e5; low *= 1.7) {
      for (const ratio of [1 + 1e-6, 1.01, 1.5, 3, 9.9, 10, 101, 1e9, 1e40]) {
        const { labelled, short } = logTicks([low, low * ratio]);
        expect(labelled.length).toBeGreaterThanOrEqual(2);
        expect(new Set(labelled.map(({ label }) => label)).size).toBe(labelled.length);
        for (const value of [...labelled.map((tick) => tick.value), ...short]) {
          expect(value / low).toBeGreaterThan(1 - 1e-8);
          expect(value / low).toBeLessThan(ratio * (1 + 1e-8));
        }
      }
    }
  });
});

describe("domainOf", () => {
  it.each([
    ["linear", [0, 10], [-0.5, 10.5]],
    ["linear", [3], [2.7, 3.3]],
    ["linear", [0, 0], [-1, 1]],
    ["log", [1, 1e20], [0.1, 1e21]],
    ["log", [8], [4, 16]],
  ] as const)("leaves a margin on a %s axis around %j", (scale, values, expected) => {
    expect(domainOf({ label: "", scale }, values)).toEqual(expected);
  });

  it("takes the axis' own domain as it is", () => {
    expect(domainOf({ label: "", domain: [0, 1] }, [5])).toEqual([0, 1]);
  });
});
