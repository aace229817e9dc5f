import { describe, expect, it } from "vitest";
import { readNumber } from "../../src/cli/arguments.js";
import { formatTable } from "../../src/cli/table.js";
import { formatDuration, formatEpsilon, formatPercent, wrap } from "../../src/cli/wording.js";

describe("numbers that are read", () => {
  it.each([
    ["0.1", 0.1],
    ["8/255", 8 / 255],
    [" 2 / 255 ", 2 / 255],
    ["1e-3", 0.001],
    [".5", 0.5],
    ["-1", -1],
    ["0/5", 0],
  ])("%s", (text, value) => expect(readNumber(text)).toBe(value));

  it.each(["", "abc", "nan", "Infinity", "0x10", "1/2/3", "1,5", "0/0"])("%s is none", (text) => {
    expect(readNumber(text)).toBeNaN();
  });
});

describe("numbers that are told", () => {
  it("rounds an upper bound up and a lower bound down", () => {
    expect(formatPercent(1 / 3, "upper")).toBe("33.4 %");
    expect(formatPercent(2 / 3, "lower")).toBe("66.6 %");
    expect(formatPercent(2 / 3)).toBe("66.7 %");
    for (const bound of ["upper", "lower", "none"] as const) {
      for (let i = 0; i <= 1000; i++) {
        expect(Number.parseFloat(formatPercent(i / 1000, bound))).toBe(i / 10);
      }
    }
  });

  it("tells epsilon without rounding", () => {
    expect([0.1, 8 / 255, 0.00123, 0.3 / 7, 5123456 / 255].map(formatEpsilon)).toEqual([
      "0.1",
      "8/255",
      "0.00123",
      String(0.3 / 7),
      String(5123456 / 255),
    ]);
  });

  it("tells durations", () => {
    expect([1.26, 42.4, 185, 7199, 7800].map(formatDuration)).toEqual([
      ...["1.3 s", "42 s", "3 min 5 s", "2 h 0 min", "2 h 10 min"],
    ]);
    expect([4 * 86_400, 1e6, 1e8, 1e300, Infinity].map(formatDuration)).toEqual([
      ...["96 h 0 min", "12 days", "1,157 days", "more than 100 years", "more than 100 years"],
    ]);
  });
});

describe("80 columns", () => {
  it("names that a file gives are cut where they are very long, and steer no terminal", () => {
    const began = performance.now();
    const table = formatTable(["", ""], [["data", "z".repeat(1e6)]]);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(table.length).toBeLessThan(10_000);
    expect(formatTable(["", ""], [["model", "\u001b[2J\u202ea\nGuaranteed: all"]])).toContain(
      "\\u{1b}[2J\\u{202e}a Guaranteed: all",
    );
  });

  it("breaks what a table's widest column has no room for", () => {
    const table = formatTable(["layer", "parameters"], [["x".repeat(200), 12]]);
    for (const line of table.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    expect(table.match(/x/g)).toHaveLength(200);
    expect(table).toContain("12");
  });

  it("breaks a table's cells between words, and no figure in two", () => {
    const table = formatTable(
      ["", ""],
      [
        ["ball", "linf, epsilon 0.05, box 0,1"],
        ["m", "y".repeat(60)],
      ],
      40,
    );
    for (const line of table.split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(table).toContain(" linf, epsilon 0.05, box 0,1 ");
    const narrow = formatTable(["", ""], [["ball", "linf, epsilon 0.05, box 0,1"]], 28);
    for (const part of [" linf, epsilon ", " 0.05, box 0,1 "]) expect(narrow).toContain(part);
    expect(table.match(/y/g)).toHaveLength(60);
  });

  it("wraps sentences", () => {
    const text = "word ".repeat(50).trim();
    expect(wrap(text).split("\n").join(" ")).toBe(text);
    for (const line of wrap(text).split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
