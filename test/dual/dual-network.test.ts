import { describe, expect, it, vi } from "vitest";
import type { Variable } from "../../src/autodiff/index.js";
import { Budget } from "../../src/compute/budget.js";
import { add, linear, relu } from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";
import {
  byRows,
  CLASSES,
  double,
  EXAMPLES,
  LABELS,
  lowerOf,
  MARGINS,
  OWNERS,
  over,
  placedBy,
  read,
  TINY,
} from "./dual-bench.js";
import { estimatorOf } from "./place-to-bound.js";
import * as dense from "./rules/dense.js";

describe.each([{}, { method: "adaptive" }, { record: true }, { method: "adaptive", record: true }] as const)(
  "a dual network's bounds: %o",
  (options) => {
    it("are those of rows through its own lines, placed by class and example", () =>
      over(options, async (found) => {
        const { dual, c, tape } = found;
        const lower = await lowerOf(found);
        expect(dense.listDistance(await read(dual.lowerBound(c, OWNERS)), lower)).toBeLessThan(TINY);
        const placed = placedBy(lower);
        expect(dense.listDistance(await read(dual.margins(LABELS)), placed)).toBeLessThan(TINY);
        const inPieces = await dual.marginsInPieces(LABELS);
        expect(dense.listDistance(await read(inPieces), placed)).toBeLessThan(TINY);
        // Gradients pass where they are recorded.
        expect(inPieces.tracked).toBe(tape.recording);
        const some = [MARGINS[5], MARGINS[0]];
        const own = await dual.boundMargins(some);
        expect([own.value.features, own.value.rows]).toEqual([2, 1]);
        expect(dense.listDistance(await read(own), [lower[5], lower[0]])).toBeLessThan(TINY);
        expect(dual.guarantee).toBe("deterministic");
        expect(dual.estimated).toEqual([]);
        expect(dual.gathered()).toBeNull();
        expect(dual.backend).toBe(double);
      }));

    it("come with ν at the input where that is asked for", () =>
      over(options, async (found) => {
        const { bound, input } = found.dual.lowerBoundAtInput(found.c, OWNERS);
        expect(dense.listDistance(await read(bound), await lowerOf(found))).toBeLessThan(TINY);
        const wanted = byRows(found).input as Variable;
        expect(dense.listDistance(await read(input as Variable), await read(wanted))).toBeLessThan(TINY);
      }));
  },
);

it("margins of which each piece is a row are the same, and end with a signal", async () => {
  const controller = new AbortController();
  await over({ budget: new Budget(1), signal: controller.signal }, async (found) => {
    const lower = placedBy(await lowerOf(found));
    expect(dense.listDistance(await read(await found.dual.marginsInPieces(LABELS)), lower)).toBeLessThan(
      TINY,
    );
    controller.abort(new Error("enough"));
    await expect(found.dual.marginsInPieces(LABELS)).rejects.toThrow("enough");
    // What is not in pieces goes on.
    expect(dense.listDistance(await read(found.dual.margins(LABELS)), lower)).toBeLessThan(TINY);
  });
});

it("margins are of labels that there are", () =>
  over({}, async ({ dual }) => {
    for (const bad of [Int32Array.of(0, 1, 3), Int32Array.of(0, 1)]) {
      expect(() => dual.margins(bad)).toThrow(/labels: /);
      await expect(dual.marginsInPieces(bad)).rejects.toThrow(/labels: /);
      await expect(dual.openMargins(bad)).rejects.toThrow(/labels: /);
    }
  }));

it("the forward direction gives the same, and bounds rows backward", () =>
  over({ direction: "forward" }, async (found) => {
    const lower = await lowerOf(found);
    const passes = vi.spyOn(double, "backward");
    for (const margins of [found.dual.margins(LABELS), await found.dual.marginsInPieces(LABELS)])
      expect(dense.listDistance(await read(margins), placedBy(lower))).toBeLessThan(TINY);
    expect(passes).not.toHaveBeenCalled();
    passes.mockRestore();
    expect(dense.listDistance(await read(await found.dual.boundMargins(MARGINS)), lower)).toBeLessThan(TINY);
    // It has no box after the last activation.
    const { bounded } = await found.dual.openMargins(LABELS, () => false);
    expect(bounded).toBe(MARGINS.length);
  }));

describe("open margins", () => {
  it("that the box proves keep its bound, which is not above that of their rows", () =>
    over({ epsilon: 1e-6 }, async ({ dual }) => {
      const all = await read(dual.margins(LABELS));
      const { bounds, bounded } = await dual.openMargins(LABELS, () => false);
      const open = await read(bounds);
      const proved = MARGINS.filter(({ other, example }) => open[other * EXAMPLES + example] > 0);
      expect(proved.length).toBeGreaterThan(0);
      expect(bounded).toBe(MARGINS.length - proved.length);
      open.forEach((bound, i) => {
        expect(bound).toBeLessThanOrEqual(all[i] + TINY);
        // Of so small a ball it is hardly below.
        expect(bound).toBeGreaterThan(all[i] - 1e-3);
      });
    }));

  it("are bounded by their rows, the most doubtful one alone where it is hopeless", () =>
    over({ epsilon: 3 }, async ({ dual }) => {
      const all = await read(dual.margins(LABELS));
      const { bounds, bounded } = await dual.openMargins(LABELS, () => false);
      expect(bounded).toBe(MARGINS.length);
      expect(dense.listDistance(await read(bounds), all)).toBeLessThan(TINY);
      const hopeless = await dual.openMargins(LABELS);
      expect(hopeless.bounded).toBe(EXAMPLES);
      const open = await read(hopeless.bounds);
      expect(open.filter((bound, i) => Math.abs(bound - all[i]) < TINY).length).toBe(2 * EXAMPLES);
      for (const [i, bound] of open.entries()) expect(bound).toBeLessThanOrEqual(all[i] + TINY);
    }));

  it.each([{ method: "adaptive" }, { record: true }] as const)("are all bounded: %o", (options) =>
    over({ ...options, epsilon: 1e-6 }, async ({ dual }) => {
      const { bounds, bounded } = await dual.openMargins(LABELS, () => false);
      expect(bounded).toBe(MARGINS.length);
      expect(dense.listDistance(await read(bounds), await read(dual.margins(LABELS)))).toBeLessThan(TINY);
    }),
  );

  it.each([
    ["without an activation", sequential([4], [linear(CLASSES)])],
    [
      "where the last activation is read past",
      graph([4], (x, attach) => {
        const a = attach(linear(4), x);
        return attach(linear(CLASSES), attach(add(), attach(relu(), a), a));
      }),
    ],
  ] as const)("are all bounded %s", (_name, network) =>
    over({ network, epsilon: 1e-6 }, async ({ dual }) => {
      const { bounded } = await dual.openMargins(LABELS, () => false);
      expect(bounded).toBe(MARGINS.length);
    }),
  );
});

it("rows of radii ask for no centre: the box has it", () =>
  over({ epsilon: 1 }, async ({ dual, c }) => {
    const passes = vi.spyOn(double, "backward");
    dual.lowerBound(c, OWNERS);
    dual.radiusAt(3);
    await dual.openMargins(LABELS);
    expect(passes.mock.calls.length).toBeGreaterThan(3);
    for (const [, steps, end] of passes.mock.calls) {
      expect(end.centre).toBeUndefined();
      // Constants are the centre's.
      expect(steps.map(({ kind }) => kind)).not.toContain("offset");
    }
    passes.mockRestore();
  }));

describe("radii of a node", () => {
  it("are half the width of its bounds, by a row each", () =>
    over({ complete: true }, async ({ dual }) => {
      for (const [node, { lower, upper }] of dual.preActivation) {
        const [low, high] = [await read(lower), await read(upper)];
        const radius = dual.radiusAt(node);
        expect(radius.value.rows).toBe(EXAMPLES);
        const half = high.map((end, i) => (end - low[i]) / 2);
        expect(dense.listDistance(await read(radius), half)).toBeLessThan(TINY);
      }
    }));

  it("or what an estimator says, and none of two slopes", async () => {
    await over({}, async ({ dual }) => {
      const radius = await read(dual.radiusAt(3, estimatorOf({}, 7)));
      expect(radius).toEqual(new Array(6 * EXAMPLES).fill(7));
    });
    await over({ method: "adaptive" }, async ({ dual }) => {
      expect(() => dual.radiusAt(3)).toThrow("radiusAt: expected parallel lines, got two slopes");
    });
  });
});

it("is worth what its estimator is, if that was asked", async () => {
  const estimator = estimatorOf({ when: "always", dimension: 5 }, 1);
  await over({ estimator }, async ({ dual }) => {
    expect(dual.estimated).toEqual([3]);
    expect(dual.guarantee).toBe("estimate");
  });
  await over({ estimator: estimatorOf({ dimension: 50 }) }, async ({ dual }) => {
    expect(dual.guarantee).toBe("deterministic");
  });
});
