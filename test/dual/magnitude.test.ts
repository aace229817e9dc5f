import { expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { matrixMagnitude } from "../../src/dual/layers/magnitude.js";

it.each(["abs", "square"] as const)(
  "a large matrix by parts gives the same numbers as the whole one: %s",
  async (kind) => {
    const backend = createPortableBackend();
    const source = random(1);
    const [lines, columns, rows] = [1100, 1000, 3];
    const uploaded = (features: number, count: number) =>
      backend.upload(
        features,
        count,
        Float64Array.from({ length: features * count }, () => source.uniform() - 0.5),
      );
    const [weight, x] = [uploaded(lines, columns), uploaded(columns, rows)];
    const [whole, parts] = await Promise.all(
      [true, false].map(async (record) => {
        using tape = new Tape(backend, { record });
        const magnitude = matrixMagnitude(tape, tape.leaf(weight));
        return backend.read(magnitude(tape, kind, tape.constant(x)).value);
      }),
    );
    expect(parts.length).toBe(lines * rows);
    for (const [i, value] of parts.entries()) expect(value).toBeCloseTo(whole[i], 10);
  },
);
