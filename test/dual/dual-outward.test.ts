import { describe, expect, it } from "vitest";
import { norm, spread, type Variable } from "../../src/autodiff/index.js";
import { OWN } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { Rounding } from "../../src/dual/rounding.js";
import { CLASSES, EXAMPLES, LABELS, lowerOf, MARGINS, OWNERS, over, placedBy, read } from "./dual-bench.js";
import * as dense from "./rules/dense.js";

// What bounds of a dual network lose to rounding.

describe.each([{}, { method: "adaptive" }] as const)("outward: %o", (options) => {
  // Numbers so small that what underflows counts.
  it.each([1, 1e-6])(
    "less what rounding may come to, at the input and at the output: weights times %f",
    (scale) =>
      over({ ...options, rounding: "float32", scale, epsilon: 0.5 }, async (found) => {
        const { dual, tape, c } = found;
        const gathered = dual.gathered();
        if (!gathered?.floor) throw new Error("rounding is counted");
        const { rounding, floor, nodes } = gathered;
        expect([...nodes.keys()]).toEqual([1, 3, 5]);
        const output = nodes.get(5) as { size: Variable; error: Variable };
        const exact = await lowerOf(found);
        const [lower, atInput] = [dual.lowerBound(c, OWNERS), dual.lowerBoundAtInput(c, OWNERS).bound];
        const bounds = await read(lower);
        const shares = rounding.ofObjective(
          tape,
          { size: [{ weight: 1, x: output.size }], error: output.error },
          CLASSES,
        );
        const error = await read(norm(tape, c, shares, OWNERS, 1));
        const lost = await read(spread(tape, floor, OWNERS, MARGINS.length));
        bounds.forEach((bound, row) => {
          expect(bound).toBeLessThanOrEqual(exact[row] - error[row] - lost[row]);
          expect(error[row]).toBeGreaterThan(0);
          expect(lost[row]).toBeGreaterThan(0);
        });
        expect(dense.listDistance(await read(atInput), bounds)).toBeLessThan(1e-12 * scale ** 3);
        expect(dense.listDistance(await read(dual.margins(LABELS)), placedBy(bounds))).toBeLessThan(
          1e-12 * scale ** 3,
        );
        const { bounds: open } = await dual.openMargins(LABELS, () => false);
        (await read(open)).forEach((bound, i) => {
          expect(bound).toBeLessThanOrEqual(placedBy(bounds)[i] + 1e-12 * scale ** 3);
        });
      }),
  );
});

it.each([{}, { method: "adaptive" }] as const)(
  "even a row of zeros has lost what underflows on its way: %o",
  (options) => {
    const backend = createPortableBackend({ dtype: "float32" });
    return over({ ...options, backend, rounding: "float32", epsilon: 0.5 }, async ({ dual, tape }) => {
      const { rounding, floor } = dual.gathered() as { rounding: Rounding; floor: Variable };
      const zeros = tape.own(backend.filled(CLASSES, EXAMPLES, 0));
      const [bound] = await backend.read(dual.lowerBound(zeros, OWN).value);
      const none = tape.own(backend.filled(1, EXAMPLES, 0));
      const [lost] = await backend.read(floor.value);
      const [radius] = await backend.read(rounding.radius(tape, none, 1).value);
      expect(lost).toBeGreaterThan(4 * radius);
      expect(bound).toBeLessThanOrEqual(-lost - radius);
    });
  },
);
