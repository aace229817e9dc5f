import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { random } from "../../../src/compute/random.js";
import { type Domain, FreeVariables, projectColumns } from "../../../src/dual/slopes/free-variables.js";

const finite = fc.double({ min: -20, max: 20, noNaN: true });

describe("projectColumns", () => {
  it("gives the nearest point of the simplex, column by column", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(finite, finite), { minLength: 1, maxLength: 8 }), (pairs) => {
        const features = pairs.length;
        const before = Float64Array.from(pairs.flat());
        const after = before.slice();
        projectColumns(after, features, 2);
        for (let row = 0; row < 2; row++) {
          const column = (values: Float64Array) => pairs.map((_, f) => values[2 * f + row]);
          const [x, p] = [column(before), column(after)];
          expect(Math.min(...p)).toBeGreaterThanOrEqual(0);
          expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
          // Nearest: p moves to no corner of the simplex by going towards x, ⟨x − p, e_k − p⟩ ≤ 0.
          const along = x.reduce((sum, value, f) => sum + (value - p[f]) * p[f], 0);
          for (let k = 0; k < features; k++) expect(x[k] - p[k] - along).toBeLessThan(1e-9);
        }
      }),
    );
  });

  it("leaves points of the simplex where they are", () => {
    const values = Float64Array.of(0.25, 1, 0.75, 0);
    projectColumns(values, 2, 2);
    expect([...values]).toEqual([0.25, 1, 0.75, 0]);
  });
});

describe("FreeVariables", () => {
  const backend = createPortableBackend();
  const RATES = { unit: 0.7, multiplier: 0.9, share: 0.6 };

  it.each<Domain>(["unit", "multiplier", "share"])(
    "stay in their domain, whatever the gradients: %s",
    async (domain) => {
      const source = random(1, domain);
      using free = new FreeVariables(backend);
      free.add("x", backend.filled(4, 3, 0.25), domain);
      for (let step = 0; step < 25; step++) {
        const size = step % 5 === 4 ? 0 : 10 ** source.integer(6);
        const gradient = Float64Array.from({ length: 12 }, () => size * source.normal());
        await free.climb(new Map([["x", backend.upload(4, 3, gradient)]]), RATES);
        const x = await backend.read(free.get("x"));
        expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
        if (domain === "unit") expect(Math.max(...x)).toBeLessThanOrEqual(1);
        if (domain !== "share") continue;
        for (let row = 0; row < 3; row++) {
          expect(x[row] + x[3 + row] + x[6 + row] + x[9 + row]).toBeCloseTo(1, 12);
        }
      }
    },
  );

  it("go uphill, to the end of their domain", async () => {
    using free = new FreeVariables(backend);
    free.add("w", backend.filled(1, 2, 0.5), "unit");
    for (let step = 0; step < 10; step++) {
      await free.climb(new Map([["w", backend.upload(1, 2, [3, -0.01])]]), RATES);
    }
    expect([...(await backend.read(free.get("w")))]).toEqual([1, 0]);
  });

  it("stay where they are without a gradient, and are told by name", async () => {
    using free = new FreeVariables(backend);
    free.add("a", backend.filled(1, 1, 0.5), "unit");
    free.add("b", backend.filled(1, 1, 2), "multiplier");
    await free.climb(new Map([["b", backend.filled(1, 1, 1)]]), RATES);
    expect(free.names).toEqual(["a", "b"]);
    expect([...(await backend.read(free.get("a")))]).toEqual([0.5]);
    expect((await backend.read(free.get("b")))[0]).toBeGreaterThan(2);
    free.set("a", backend.filled(1, 1, 0.75));
    expect([...(await backend.read(free.get("a")))]).toEqual([0.75]);
    expect(() => free.get("c")).toThrow("no free variable c");
    expect(() => free.set("c", backend.filled(1, 1, 1))).toThrow("no free variable c");
    await expect(free.climb(new Map([["c", backend.filled(1, 1, 1)]]), RATES)).rejects.toThrow(
      "no free variable c",
    );
  });

  it("leave nothing behind", async () => {
    const own = createPortableBackend();
    {
      using free = new FreeVariables(own);
      for (const domain of ["unit", "multiplier", "share"] as const)
        free.add(domain, own.filled(3, 2, 0.5), domain);
      await free.climb(new Map(free.names.map((name) => [name, own.filled(3, 2, 1)])), RATES);
      free.set("unit", own.filled(3, 2, 1));
      expect(own.memory().liveBytes).toBeGreaterThan(0);
    }
    expect(own.memory().liveBytes).toBe(0);
  });
});
