import { describe, expect, it } from "vitest";
import {
  benchGrowth,
  GROWTH_AXES,
  type GrowthFigure,
  growthPower,
  growthSizes,
  residualNetwork,
} from "../../src/bench/growth.js";
import { printGrowth } from "../../src/cli/bench-tables.js";
import type { Io } from "../../src/cli/io.js";
import { Output } from "../../src/cli/output.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";

const SMALL = { side: 5, channels: 2, blocks: 1 };

describe("how certification grows", () => {
  it("is measured at one image of a residual network", async () => {
    const backend = createPortableBackend({ dtype: "float32" });
    const figure = await benchGrowth(backend, "blocks", SMALL, 0);
    expect(figure).toMatchObject({ ...SMALL, axis: "blocks", name: "blocks 1", batch: 1, examples: 3 });
    expect(figure.hiddenUnits).toBe(residualNetwork(SMALL).hiddenUnits);
    expect(figure.multiplyAddsNeeded).toBeGreaterThan(0);
    expect(figure.multiplyAddsDone).toBeGreaterThan(figure.multiplyAddsNeeded);
  });

  it("has sizes that grow along each axis, and no larger ones than it may", () => {
    for (const axis of GROWTH_AXES) {
      const units = growthSizes(axis).map((size) => residualNetwork(size).hiddenUnits);
      expect(units.length).toBeGreaterThan(2);
      expect(units).toEqual([...units].sort((a, b) => a - b));
      expect(growthSizes(axis, units[1])).toHaveLength(2);
      expect(growthSizes(axis, 10)).toEqual([]);
    }
  });

  it("is told as a power of the hidden units, between the two largest sizes", () => {
    const figures = [1, 2, 4].map(
      (blocks): GrowthFigure => ({
        ...{ name: `blocks ${blocks}`, axis: "blocks", ...SMALL, blocks, batch: 1, examples: 3 },
        ...{ hiddenUnits: 100 * blocks, seconds: blocks ** 2, secondsPerExample: 1, peakMemoryMB: 10 },
        ...{ robustError: 1, roundingCost: 1, multiplyAddsNeeded: 1e9 * blocks, multiplyAddsDone: 2e9 },
        ...{ gflops: 1, fractionOfPeak: 0.5 },
      }),
    );
    expect(growthPower(figures, ({ seconds }) => seconds)).toBeCloseTo(2, 12);
    expect(growthPower(figures.slice(0, 1), ({ seconds }) => seconds)).toBeNull();
    let text = "";
    const stream = { write: (part: string) => (text += part) };
    const io = { stdout: stream, stderr: stream, env: {} } as unknown as Io;
    printGrowth(figures, new Output(io, undefined));
    expect(text.replaceAll("\n", " ")).toContain("time by 2.00, multiply-adds by 1.00, memory by 0.00");
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
