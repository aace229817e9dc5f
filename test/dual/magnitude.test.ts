import { expect, it } from "vitest";
import { dot, Tape, type Variable } from "../../src/autodiff/index.js";
import { SHARED } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { magnitudeOf, matrixMagnitude } from "../../src/dual/layers/magnitude.js";

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

const WEIGHT = Float64Array.of(1, -2, 0.5, -4);

it("|W| is made once where nothing is recorded, and on every tape that records, so that gradients pass", async () => {
  const backend = createPortableBackend({ dtype: "float64" });
  const weight = backend.upload(4, 1, WEIGHT);
  for (const [bound, asking] of [
    [false, false],
    [false, true],
    [true, true],
  ]) {
    using outer = new Tape(backend, { record: bound });
    const leaf = outer.leaf(weight);
    using tape = new Tape(backend, { record: asking });
    const own = bound ? outer : tape;
    const magnitude = magnitudeOf(outer, leaf);
    const [first, second] = [magnitude(own), magnitude(own)];
    expect(Array.from(await backend.read(first.value))).toEqual([1, 2, 0.5, 4]);
    expect(first === second).toBe(!bound && !asking);
  }
});

it.each(["abs", "square"] as const)("gradients pass through the magnitudes of a matrix: %s", async (kind) => {
  const backend = createPortableBackend({ dtype: "float64" });
  using tape = new Tape(backend, { record: true });
  const weight = tape.leaf(backend.upload(2, 2, WEIGHT));
  const x = tape.constant(backend.upload(2, 1, Float64Array.of(3, 5)));
  const product = matrixMagnitude(tape, weight)(tape, kind, x);
  const ones: Variable = tape.own(backend.filled(2, 1, 1));
  const [gradient] = tape.gradients(dot(tape, product, ones, SHARED), [weight]);
  const values = gradient ? Array.from(await backend.read(gradient)) : [];
  expect(values).toEqual(kind === "abs" ? [3, -5, 3, -5] : [6, -20, 3, -40]);
});

it("a matrix bound where nothing is recorded is whole for a tape that records", async () => {
  const backend = createPortableBackend({ dtype: "float64" });
  using outer = new Tape(backend, { record: false });
  using tape = new Tape(backend, { record: true });
  const weight = tape.leaf(backend.upload(2, 2, WEIGHT));
  const x = tape.constant(backend.upload(2, 1, Float64Array.of(3, 5)));
  const product = matrixMagnitude(outer, weight)(tape, "abs", x);
  const [gradient] = tape.gradients(dot(tape, product, tape.own(backend.filled(2, 1, 1)), SHARED), [weight]);
  expect(gradient ? Array.from(await backend.read(gradient)) : []).toEqual([3, -5, 3, -5]);
});
