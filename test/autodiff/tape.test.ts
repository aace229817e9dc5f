import { describe, expect, it } from "vitest";
import {
  add,
  apply,
  combine,
  dot,
  medianRows,
  multiply,
  parallelLines,
  scaleBy,
  sumRows,
  Tape,
  transpose,
  weightedSum,
} from "../../src/autodiff/index.js";
import type { Backend } from "../../src/compute/backend.js";
import { SHARED } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { BackendError } from "../../src/errors.js";

const backend = createPortableBackend();
const row = (...values: number[]) => backend.upload(1, values.length, values);
const read = async (tensor: ReturnType<typeof row> | null) =>
  tensor ? Array.from(await backend.read(tensor)) : null;

describe("tape", () => {
  it("adds the gradients of all uses of a variable", async () => {
    using tape = new Tape(backend, { record: true });
    const x = tape.leaf(row(3));
    const y = tape.leaf(row(5));
    // x² + 2x·y − x
    const result = combine(
      tape,
      1,
      add(tape, multiply(tape, x, x), scaleBy(tape, multiply(tape, x, y), 2)),
      -1,
      x,
    );
    const [gx, gy] = tape.gradients(result, [x, y]);
    expect(await read(gx)).toEqual([2 * 3 + 2 * 5 - 1]);
    expect(await read(gy)).toEqual([6]);
  });

  it("a weighted sum passes each term's weight, turned where its magnitude was taken of a negative number", async () => {
    using tape = new Tape(backend, { record: true });
    const [x, y] = [tape.leaf(row(-3, 2)), tape.leaf(row(5, -7))];
    const terms = [
      { weight: 2, x, absolute: true },
      { weight: -0.5, x: y },
      { weight: 4, x },
    ];
    const result = sumRows(tape, weightedSum(tape, terms, 1), SHARED, 1);
    const [gx, gy] = tape.gradients(result, [x, y]);
    expect(await read(result.value)).toEqual([2 * 5 - 0.5 * -2 + 4 * -1 + 2]);
    expect(await read(gx)).toEqual([-2 + 4, 2 + 4]);
    expect(await read(gy)).toEqual([-0.5, -0.5]);
  });

  it("terms that rows or features share gather the gradients of all of them", async () => {
    using tape = new Tape(backend, { record: true });
    const column = tape.leaf(backend.upload(2, 1, [-5, 3]));
    const line = tape.leaf(backend.upload(1, 3, [1, -2, 4]));
    const one = tape.leaf(backend.upload(1, 1, [-7]));
    const x = tape.leaf(backend.upload(2, 3, [1, 2, 3, 4, 5, 6]));
    const sum = weightedSum(tape, [
      { weight: 2, x: column, absolute: true },
      { weight: -0.5, x: line, absolute: true },
      { weight: 3, x: one },
      { weight: 4, x },
    ]);
    const weighed = multiply(tape, sum, x);
    const total = dot(
      tape,
      sumRows(tape, weighed, SHARED, 1),
      tape.constant(backend.filled(2, 1, 1)),
      SHARED,
    );
    const gradients = await Promise.all(tape.gradients(total, [column, line, one, x]).map(read));
    expect(await read(sum.value)).toEqual([-7.5, -4, -1, 0.5, 4, 7]);
    expect(gradients[0]).toEqual([-12, 30]);
    expect(gradients[1]).toEqual([-2.5, 3.5, -4.5]);
    expect(gradients[2]).toEqual([63]);
  });

  it("terms that are multiplied pass gradients to both, and none where the sum is not wanted", async () => {
    using tape = new Tape(backend, { record: true });
    const [x, y] = [tape.leaf(row(-3, 2, 5)), tape.leaf(row(7, -11, 13))];
    const where = tape.leaf(row(1, 2, -1));
    const terms = [
      { weight: 2, x, absolute: true, by: y },
      { weight: -0.5, x: y, by: x },
    ];
    const sum = weightedSum(tape, terms, 1, where);
    const total = sumRows(tape, sum, SHARED, 1);
    const [gx, gy, none] = tape.gradients(total, [x, y, where]);
    expect(await read(sum.value)).toEqual([2 * 3 * 7 + 0.5 * 3 * 7 + 1, -2 * 2 * 11 + 0.5 * 2 * 11 + 1, 0]);
    expect(await read(gx)).toEqual([-2 * 7 - 0.5 * 7, -2 * 11 + 0.5 * 11, 0]);
    expect(await read(gy)).toEqual([2 * 3 + 0.5 * 3, 2 * 2 - 0.5 * 2, 0]);
    expect(none).toBeNull();
  });

  it("a leaf without influence has no gradient; stopped values pass none", async () => {
    using tape = new Tape(backend, { record: true });
    const x = tape.leaf(row(3));
    const y = tape.leaf(row(4));
    const [gx, gy] = tape.gradients(multiply(tape, x, tape.stop(y)), [x, y]);
    expect(await read(gx)).toEqual([4]);
    expect(gy).toBeNull();
  });

  it("a checkpoint gives the same gradients, also for variables made outside of it", async () => {
    const compute = async (checkpointed: boolean) => {
      using tape = new Tape(backend, { record: true });
      const x = tape.leaf(row(0.5, -1.5, 2));
      const outside = apply(tape, { kind: "tanh" }, x);
      const run = (inner: Tape) => multiply(inner, apply(inner, { kind: "square" }, outside), x);
      const piece = checkpointed ? tape.checkpoint(run) : run(tape);
      const total = sumRows(
        tape,
        transpose(tape, transpose(tape, multiply(tape, piece, outside))),
        SHARED,
        1,
      );
      return await read(tape.gradients(total, [x])[0]);
    };
    expect(await compute(true)).toEqual(await compute(false));
  });

  it("an operation of several results passes gradients back once, zeros where none arrived", async () => {
    const received: (number[] | null)[][] = [];
    const both = async (useSecond: boolean) => {
      using tape = new Tape(backend, { record: true });
      const x = tape.leaf(row(3));
      const values = [backend.scaleBy(x.value, 2, 0), backend.scaleBy(x.value, 5, 0)];
      const incoming: Promise<number[] | null>[] = [];
      const [double, five] = tape.recordMany(values, [x], ([g, h]) => {
        incoming.push(read(g), read(h));
        return [backend.combine(2, g, 5, h)];
      });
      const total = useSecond
        ? add(tape, multiply(tape, double, five), double)
        : multiply(tape, double, double);
      const [gradient] = tape.gradients(total, [x]);
      received.push(await Promise.all(incoming));
      return await read(gradient);
    };
    // (2x)·(5x) + 2x and (2x)² at 3.
    expect(await both(true)).toEqual([20 * 3 + 2]);
    expect(await both(false)).toEqual([8 * 3]);
    expect(received).toEqual([
      [[16], [6]],
      [[12], [0]],
    ]);
  });

  it("lines around an activation ask for their derivatives once", () => {
    let calls = 0;
    const counting = {
      ...backend,
      parallelLinesGradient: (...parts: Parameters<Backend["parallelLinesGradient"]>) => {
        calls += 1;
        return backend.parallelLinesGradient(...parts);
      },
    };
    using tape = new Tape(counting, { record: true });
    const [lower, upper] = [tape.leaf(row(-1)), tape.leaf(row(2))];
    const { slope, shift, radius } = parallelLines(tape, { kind: "relu" }, lower, upper);
    tape.gradients(add(tape, multiply(tape, slope, shift), radius), [lower, upper]);
    expect(calls).toBe(1);
  });

  it("medians pass gradients to the rows that hold them", async () => {
    using tape = new Tape(backend, { record: true });
    const x = tape.leaf(row(3, -1, -2, 5, 6, 7));
    const { value, index } = medianRows(tape, x, 3);
    expect(await read(value.value)).toEqual([2, 6]);
    expect(await read(index)).toEqual([2, 1]);
    const [gradient] = tape.gradients(sumRows(tape, value, SHARED, 1), [x]);
    expect(await read(gradient)).toEqual([0, 0, -1, 0, 1, 0]);
  });

  it("releases what it made, keeps what is the caller's", async () => {
    const tensor = row(1, 2);
    const tape = new Tape(backend, { record: true });
    const made = scaleBy(tape, tape.leaf(tensor), 2);
    const kept = tape.release(scaleBy(tape, made, 2));
    tape.dispose();
    expect(made.value.disposed).toBe(true);
    expect(tensor.disposed).toBe(false);
    expect(await read(kept)).toEqual([4, 8]);
    tape.dispose();
  });

  it("discard frees early on a tape that does not record, and never on one that does", () => {
    for (const record of [false, true]) {
      using tape = new Tape(backend, { record });
      const made = scaleBy(tape, tape.leaf(row(1)), 2);
      tape.discard(made);
      expect(made.value.disposed).toBe(!record);
    }
  });

  it("gradients need a scalar and a tape that records", () => {
    using tape = new Tape(backend, { record: true });
    const x = tape.leaf(row(1, 2));
    expect(() => tape.gradients(scaleBy(tape, x, 1), [x])).toThrow(BackendError);
    using quiet = new Tape(backend, { record: false });
    expect(() => quiet.gradients(x, [x])).toThrow(/records/);
  });
});
