import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/compute/backend.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { UsageError } from "../../src/errors.js";
import { type BallSpec, makeBall, releaseBall } from "../../src/threat/ball.js";
import { trainingBall } from "../../src/train/losses/training-ball.js";

const X = Float64Array.from({ length: 24 }, (_, i) => i / 23);
const LABELS = Int32Array.of(0, 1, 2);
const SPECS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.1, box: [0, 1] },
  { norm: "linf", epsilon: 0, box: [0, 1] },
  { norm: "linf", epsilon: 0.3, box: [0.25, 0.75] },
  { norm: "linf", epsilon: 2, box: [0.5, 0.5] },
  { norm: "linf", epsilon: 0.1, box: null },
  { norm: "linf", epsilon: { perExample: [0.1, 0.2, 0.3] }, box: [0, 1] },
  { norm: "l2", epsilon: 1.5 },
];

describe("the ball of a training step", () => {
  it.each(SPECS)("is the one of makeBall, to the nearest numbers: %j", async (spec) => {
    const backends: readonly [Backend, number][] = [
      [createPortableBackend(), 15],
      [createNativeBackend({ dtype: "float32" }), 6],
    ];
    for (const [backend, digits] of backends) {
      using values = backend.upload(8, 3, X);
      const own = trainingBall(backend, { x: X, labels: LABELS, values }, spec);
      const made = makeBall(backend, X, 3, spec, "nearest");
      for (const part of ["centre", "radius"] as const) {
        const expected = await backend.read(made[part]);
        (await backend.read(own[part])).forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i], digits);
        });
      }
      expect(own.mostEpsilon).toBeGreaterThanOrEqual(made.mostEpsilon - 1e-12);
      expect({ ...own, centre: 0, radius: 0, mostEpsilon: 0 }).toEqual({
        ...{ ...made, centre: 0, radius: 0, mostEpsilon: 0 },
      });
      releaseBall(own);
      releaseBall(made);
      // What it was made of is still there.
      expect((await backend.read(values)).length).toBe(24);
      backend.dispose();
    }
  });

  it("names the example of which nothing is left", () => {
    const backend = createPortableBackend();
    const spec = { norm: "linf", epsilon: 0.1, box: [0.5, 1] } as const;
    using values = backend.upload(8, 3, X);
    const batch = { x: X, labels: LABELS, values };
    const line = "box: example 0 has feature 0 = 0, farther than epsilon outside 0.5,1";
    expect(() => trainingBall(backend, batch, spec)).toThrow(line);
    expect(() => makeBall(backend, X, 3, spec, "nearest")).toThrow(line);
    expect(() => trainingBall(backend, batch, { ...spec, epsilon: Number.NaN })).toThrow(UsageError);
  });
});
