import { describe, expect, it } from "vitest";
import {
  add,
  apply,
  combine,
  multiply,
  scaleBy,
  sumRows,
  Tape,
  transpose,
} from "../../src/autodiff/index.js";
import { SHARED } from "../../src/compute/owners.js";
import { createReferenceBackend } from "../../src/compute/reference/index.js";
import { BackendError } from "../../src/errors.js";

const backend = createReferenceBackend();
const row = (...values: number[]) => backend.upload(1, values.length, values);
const read = (tensor: ReturnType<typeof row> | null) =>
  tensor ? Array.from(backend.readNow?.(tensor) ?? []) : null;

describe("tape", () => {
  it("adds the gradients of all uses of a variable", () => {
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
    expect(read(gx)).toEqual([2 * 3 + 2 * 5 - 1]);
    expect(read(gy)).toEqual([6]);
  });

  it("a leaf without influence has no gradient; stopped values pass none", () => {
    using tape = new Tape(backend, { record: true });
    const x = tape.leaf(row(3));
    const y = tape.leaf(row(4));
    const [gx, gy] = tape.gradients(multiply(tape, x, tape.stop(y)), [x, y]);
    expect(read(gx)).toEqual([4]);
    expect(gy).toBeNull();
  });

  it("a checkpoint gives the same gradients, also for variables made outside of it", () => {
    const compute = (checkpointed: boolean) => {
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
      return read(tape.gradients(total, [x])[0]);
    };
    expect(compute(true)).toEqual(compute(false));
  });

  it("releases what it made, keeps what is the caller's", () => {
    const tensor = row(1, 2);
    const tape = new Tape(backend, { record: true });
    const made = scaleBy(tape, tape.leaf(tensor), 2);
    const kept = tape.release(scaleBy(tape, made, 2));
    tape.dispose();
    expect(made.value.disposed).toBe(true);
    expect(tensor.disposed).toBe(false);
    expect(read(kept)).toEqual([4, 8]);
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
