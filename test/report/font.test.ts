import { describe, expect, it } from "vitest";
import { loadFontMetrics } from "../../src/report/font.js";

describe("font metrics", async () => {
  const { width, lines } = await loadFontMetrics();

  it("are those of DejaVu Sans", () => {
    expect(width("A", 2048)).toBe(1401);
    expect(width("A", 2048, true)).toBe(1585);
    expect(width("εν∞₂⁻¹", 12)).toBeGreaterThan(30);
    expect(width("", 12)).toBe(0);
  });

  it("break text at spaces, and nowhere else", () => {
    expect(lines("robust error of a network", 10, 80)).toEqual(["robust error of", "a network"]);
    expect(lines("incomprehensibilities of it", 10, 20)).toEqual(["incomprehensibilities", "of it"]);
    expect(lines("  ", 10, 20)).toEqual([]);
  });
});
