import { describe, expect, it } from "vitest";
import { apply, combine, scaleBy, sum, Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { dividedBatch, undividedBatch } from "../../src/distributed/whole-batch.js";
import { ranksInMemory } from "../support/ranks.js";

const backend = createPortableBackend({ dtype: "float64" });
const scalar = (value: number) => backend.upload(1, 1, [value]);

describe("sums over a batch that ranks share", () => {
  it("are the whole batch's, and pass gradients back from every rank", async () => {
    // Each rank r has x and minimises (r + 1) · (Σ x)² + Σ 2x: of x the gradient is 2 Σ x (1 + 2) + 2 (1 + 1).
    const found = await Promise.all(
      ranksInMemory(2).map(async (ranks, r) => {
        using tape = new Tape(backend, { record: true });
        const x = tape.leaf(scalar(r + 3));
        const whole = dividedBatch(ranks, 2, 1);
        const [total, twice] = await whole.sums(tape, [x, scaleBy(tape, x, 2)]);
        const loss = combine(tape, r + 1, apply(tape, { kind: "square" }, total), 1, twice);
        expect(() => tape.gradients(loss, [x])).toThrow("gradientsAwaited");
        const [g] = await tape.gradientsAwaited(loss, [x]);
        return [(await backend.read(total.value))[0], (await backend.read(g!))[0]];
      }),
    );
    expect(found).toEqual([
      [7, 2 * 7 * 3 + 4],
      [7, 2 * 7 * 3 + 4],
    ]);
  });

  it("are exchanged back where a rank's loss does not read them, and leave out who only keeps company", async () => {
    const found = await Promise.all(
      ranksInMemory(3).map(async (ranks, r) => {
        using tape = new Tape(backend, { record: true });
        const x = tape.leaf(scalar(10 + r));
        const [total] = await dividedBatch(ranks, 2, r < 2 ? 1 : 0).sums(tape, [x]);
        const loss = r === 0 ? total : sum(tape, [scaleBy(tape, x, 5)]);
        const [g] = await tape.gradientsAwaited(loss, [x]);
        return [(await backend.read(total.value))[0], (await backend.read(g!))[0]];
      }),
    );
    expect(found).toEqual([
      [21, 1],
      [21, 6],
      [21, 5],
    ]);
  });

  it("of a batch that is all here are those given", async () => {
    using tape = new Tape(backend, { record: true });
    const own = [tape.leaf(scalar(1))];
    expect(await undividedBatch(4).sums(tape, own)).toBe(own);
  });
});
