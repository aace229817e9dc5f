import { expect } from "vitest";
import type { Backend, Dtype, FloatArray, Tensor } from "../../../src/compute/backend.js";
import { createNativeBackend, type NativeOptions } from "../../../src/compute/native/index.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { AutodualError, BackendError, OutOfMemoryError } from "../../../src/errors.js";
import { expectEqual } from "./compare.js";

/** One tensor on both backends, or in its place what is none. */
export interface Operand {
  readonly features: number;
  readonly rows: number;
  readonly native: Tensor;
  readonly portable: Tensor;
  /** What the native backend reads, or why it does not; begun at once, and so under way while other calls are made. */
  values: Promise<FloatArray | Error>;
  /** The same for all views of one storage. */
  readonly family: object;
}

/** A call of one operation, of any backend. */
export interface Call {
  readonly name: string;
  readonly inputs: readonly Operand[];
  /** Gives all results. */
  readonly run: (backend: Backend, tensors: Tensor[]) => readonly Tensor[];
  /** The inputs that it writes, by place. */
  readonly writes?: readonly number[];
  /** Factors and terms among its arguments, which may overflow as entries may. */
  readonly numbers?: readonly number[];
  /** Whose storage the result shares, by place. */
  readonly views?: number;
  /** Allows as many times the tolerance. */
  readonly times?: number;
  /** Its arguments may be beyond what it is defined for: errors and shapes alone are compared. */
  readonly undefined?: boolean;
}

interface Check {
  readonly call: Call;
  readonly inputs: readonly Promise<FloatArray | Error>[];
  readonly outputs: readonly Operand[];
  readonly values: readonly Promise<FloatArray | Error>[];
}

export type Outcome = { readonly results: readonly Tensor[] } | { readonly error: unknown };

export function attempt(call: () => readonly Tensor[]): Outcome {
  try {
    return { results: call() };
  } catch (error) {
    return { error };
  }
}

/** What a read gives, or why it does not. */
export function settled<T>(read: Promise<T>): Promise<T | Error> {
  return read.then(
    (values) => values,
    (error: Error) => error,
  );
}

/** Whether JavaScript had no room for what was read: the tensor has its numbers. */
function isOfJavaScript(error: Error): boolean {
  return error.message.includes("read: ");
}

/** Where what was read is computed again, from the same bits. */
const oracles: Readonly<Record<Dtype, Backend>> = {
  float32: createPortableBackend({ dtype: "float32" }),
  float64: createPortableBackend({ dtype: "float64" }),
};

/** Most tensors that are kept, and most entries of one: products of large ones are larger. */
const MOST_LIVE = 24;
const MOST_ENTRIES = 2 ** 17;

/** A native backend, and the portable one, which is its model. */
export class PairedBackend {
  readonly native: Backend;
  readonly portable: Backend;
  /** Whether memory may run out. */
  readonly limited: boolean;
  readonly live: Operand[] = [];
  readonly released: Operand[] = [];
  /** The pair in double precision, if it was asked for, and the one that this is the double of. */
  double: PairedBackend | null = null;
  parent: PairedBackend | null = null;
  /** Whether something was asked for that no memory holds, nor JavaScript to read it: `finish` says so, once. */
  doomed = false;
  #checks: Check[] = [];
  /** Whether an argument of the next call is another than was drawn. */
  #hasStandIn = false;
  /** Reads of what no memory holds. */
  #late: Promise<FloatArray | Error>[] = [];

  constructor(native: Backend, portable: Backend, limited: boolean) {
    this.native = native;
    this.portable = portable;
    this.limited = limited;
  }

  static open(options: NativeOptions): PairedBackend {
    const { dtype = "float32", memoryLimit = 0 } = options;
    return new PairedBackend(createNativeBackend(options), createPortableBackend({ dtype }), memoryLimit > 0);
  }

  inDouble(): PairedBackend {
    if (this.native.dtype === "float64") return this;
    if (this.double) return this.double;
    this.double = new PairedBackend(this.native.inDouble(), this.portable.inDouble(), this.limited);
    this.double.parent = this;
    return this.double;
  }

  upload(features: number, rows: number, values: ArrayLike<number>): Operand {
    const upload = (backend: Backend): readonly Tensor[] => [backend.upload(features, rows, values)];
    const given = this.call({ name: "upload", inputs: [], run: upload });
    if (given) return given[0];
    // Where there is no room, what is there must do: of another shape, it is refused on both sides; of this shape, it has entries that
    // the call may not be defined for, such as places between two features.
    this.#hasStandIn = true;
    return this.live[0] ?? NOTHING;
  }

  /** Calls both. They must give results of the same shape, or errors of the same class; null where they do not work. */
  call(drawn: Call): readonly Operand[] | null {
    const isUpload = drawn.inputs.length === 0;
    const call = this.#hasStandIn && !isUpload ? { ...drawn, undefined: true } : drawn;
    if (!isUpload) this.#hasStandIn = false;
    const { name, inputs, run } = call;
    const native = attempt(() =>
      run(
        this.native,
        inputs.map((x) => x.native),
      ),
    );
    const portable = attempt(() =>
      run(
        this.portable,
        inputs.map((x) => x.portable),
      ),
    );
    if ("error" in native || "error" in portable) {
      this.#compareErrors(name, native, portable);
      return null;
    }
    const outputs = native.results.map((result, i): Operand => {
      const { features, rows } = result;
      const twin = portable.results[i];
      expect([features, rows], `${name}: shape`).toEqual([twin.features, twin.rows]);
      const family = call.views === undefined ? {} : inputs[call.views].family;
      return { features, rows, native: result, portable: twin, values: this.#read(result), family };
    });
    const before = inputs.map((x) => x.values);
    if (call.writes) this.#refresh(call.writes.map((i) => inputs[i].family));
    const written = (call.writes ?? []).map((i) => inputs[i]);
    const all = [...outputs, ...written];
    this.#checks.push({ call, inputs: before, outputs: all, values: all.map((x) => x.values) });
    this.live.push(...outputs);
    for (const x of outputs) if (x.features * x.rows > MOST_ENTRIES) this.release(x);
    while (this.live.length > MOST_LIVE) this.release(this.live[0]);
    return outputs;
  }

  release(x: Operand): void {
    x.native.dispose();
    x.portable.dispose();
    const at = this.live.indexOf(x);
    if (at >= 0) this.live.splice(at, 1);
    this.released.push(x);
    if (this.released.length > 8) this.released.shift();
    expect([x.native.disposed, x.portable.disposed]).toEqual([true, true]);
  }

  /** Waits for all that was read, and computes every result again from its arguments as they were read. */
  async settle(): Promise<void> {
    const checks = this.#checks;
    this.#checks = [];
    for (const check of checks) {
      // An argument that nothing looked at may be another backend's, which fails by itself.
      const inputs = check.call.undefined ? [] : await Promise.all(check.inputs);
      const outputs = await Promise.all(check.values);
      const errors = [...inputs, ...outputs].filter((values) => values instanceof Error);
      for (const error of errors) this.expectFailure(error);
      // What is made of what has no numbers has none, and says why.
      const lacking = inputs.find((values) => values instanceof OutOfMemoryError && !isOfJavaScript(values));
      for (const values of lacking ? outputs : []) {
        if (values instanceof Error || values.length > 0) {
          expect(values, `${check.call.name}: made of what failed`).toBeInstanceOf(BackendError);
        }
      }
      if (errors.length > 0 || check.call.undefined) continue;
      expectAsModel(this.native.dtype, check, inputs as FloatArray[], outputs as FloatArray[]);
    }
    for (const error of await Promise.all(this.#late.splice(0))) expect(error).toBeInstanceOf(BackendError);
    await this.#compareMemory();
  }

  /** Of a read: memory that ran out, where it may, or a backend that was released. */
  expectFailure(error: Error): void {
    expect(error).toBeInstanceOf(BackendError);
    if (!(error instanceof OutOfMemoryError)) {
      expect(error.message).toMatch(/disposed|release/);
      return;
    }
    if (isOfJavaScript(error)) return;
    expect(this.limited, error.message).toBe(true);
  }

  #read(tensor: Tensor): Promise<FloatArray | Error> {
    return settled(this.native.read(tensor));
  }

  #refresh(families: readonly object[]): void {
    for (const x of this.live) if (families.includes(x.family)) x.values = this.#read(x.native);
  }

  #compareErrors(name: string, native: Outcome, portable: Outcome): void {
    const [mine, model] = [native, portable].map((side) => ("error" in side ? side.error : null));
    const text = `${name}: native: ${mine}; portable: ${model}`;
    for (const error of [mine, model]) if (error !== null) expect(error, text).toBeInstanceOf(AutodualError);
    if (mine === null && model instanceof OutOfMemoryError) {
      // The native one finds out when it works on it.
      this.doomed = true;
      for (const result of "results" in native ? native.results : []) {
        this.#late.push(settled(this.native.read(result)));
        result.dispose();
      }
      return;
    }
    if (model === null && mine instanceof OutOfMemoryError && this.limited) {
      for (const result of "results" in portable ? portable.results : []) result.dispose();
      return;
    }
    expect((mine as Error | null)?.constructor.name, text).toBe((model as Error | null)?.constructor.name);
  }

  /** Every byte that is live on one side is so on the other; the native one counts its double's with its own. */
  async #compareMemory(): Promise<void> {
    const both = [this, this.double, this.parent].filter((pair) => pair !== null);
    for (const pair of both) {
      const end = await pair.native.finish().then(
        () => null,
        (error: Error) => error,
      );
      if (end instanceof OutOfMemoryError && pair.doomed) pair.doomed = false;
      else if (end !== null) return pair.expectFailure(end);
    }
    const { liveBytes, peakBytes } = this.native.memory();
    const expected = both.reduce((sum, pair) => sum + pair.portable.memory().liveBytes, 0);
    // What failed takes none any more.
    if (this.limited) expect(liveBytes, "live bytes").toBeLessThanOrEqual(expected);
    else expect(liveBytes, "live bytes").toBe(expected);
    expect(peakBytes).toBeGreaterThanOrEqual(liveBytes);
  }
}

/** In the place of a tensor where there was no room for one. */
const NOTHING: Operand = {
  features: 0,
  rows: 0,
  native: undefined as unknown as Tensor,
  portable: undefined as unknown as Tensor,
  values: Promise.resolve(new Float64Array(0)),
  family: {},
};

function expectAsModel(
  dtype: Dtype,
  { call, outputs }: Check,
  inputs: readonly FloatArray[],
  found: readonly FloatArray[],
): void {
  const oracle = oracles[dtype];
  const tensors = call.inputs.map((x, i) => oracle.upload(x.features, x.rows, inputs[i]));
  const results = call.run(oracle, tensors);
  const expected = [...results, ...(call.writes ?? []).map((i) => tensors[i])];
  outputs.forEach((_, i) => {
    const values = valuesOf(expected[i]);
    const given = [...inputs, Float64Array.from(call.numbers ?? [])];
    expectEqual(`${call.name}, result ${i}`, dtype, found[i], values, given, call.times ?? 1);
  });
  for (const tensor of [...tensors, ...results]) tensor.dispose();
}

/** The portable backend's entries are there at once. */
function valuesOf(tensor: Tensor): FloatArray {
  return (tensor as unknown as { readonly values: FloatArray }).values;
}
