import { expect } from "vitest";
import type { Tensor } from "../../../src/compute/backend.js";
import { instructionSets } from "../../../src/compute/native/index.js";
import type { RandomSource } from "../../../src/compute/random.js";
import { BackendError } from "../../../src/errors.js";
import { Draw } from "./draw.js";
import { type Drawn, OPERATIONS } from "./operations.js";
import { type Operand, PairedBackend, settled } from "./paired-backend.js";
import { ROW_OPERATIONS } from "./row-operations.js";

const ALL: readonly Drawn[] = Object.values({ ...OPERATIONS, ...ROW_OPERATIONS });

/** Sizes that no memory holds: more than a process has addresses. */
const ENDLESS: readonly (readonly [features: number, rows: number])[] = [
  [2 ** 46, 1],
  [1, 2 ** 46],
  [2 ** 23, 2 ** 23],
  [2 ** 45, 2],
];

/** Several pairs of backends at once, and what is done with them. */
export class World {
  #pairs: PairedBackend[] = [];
  /** What was done, line by line. */
  readonly log: string[] = [];

  #note(line: string): void {
    this.log.push(line);
  }

  #pair(from: RandomSource): PairedBackend {
    if (this.#pairs.length === 0) this.open(from);
    return this.#pairs[from.integer(this.#pairs.length)];
  }

  open(from: RandomSource): void {
    const sets = instructionSets();
    const options = {
      dtype: from.uniform() < 0.5 ? "float32" : "float64",
      threads: 1 + from.integer(3),
      instructionSet: sets[from.integer(sets.length)],
      poison: from.uniform() < 0.5,
      misalign: from.uniform() < 0.5,
      memoryLimit: from.uniform() < 0.3 ? 20_000 + from.integer(400_000) : 0,
    } as const;
    this.#note(`open ${JSON.stringify(options)}`);
    if (this.#pairs.length < 4) this.#pairs.push(PairedBackend.open(options));
  }

  /** One call of any operation; in a wild one sizes, tables and geometries may be wrong. */
  call(from: RandomSource): void {
    const pair = this.#pair(from);
    const call = ALL[from.integer(ALL.length)](new Draw(from, pair, from.uniform() < 0.2));
    this.#note(`${call.name} of ${call.inputs.map((x) => `[${x.features}, ${x.rows}]`).join(" ")}`);
    pair.call(call);
  }

  /** A call that is right but for one tensor: released, another backend's, of another shape, or none at all. */
  misuse(from: RandomSource): void {
    const pair = this.#pair(from);
    const draw = new Draw(from, pair, false);
    const call = ALL[from.integer(ALL.length)](draw);
    if (call.inputs.length === 0) return;
    const at = from.integer(call.inputs.length);
    const x = call.inputs[at];
    const others = this.#pairs.filter((other) => other !== pair).flatMap((other) => other.live);
    const none = (value: unknown): Operand => ({ ...x, native: value as Tensor, portable: value as Tensor });
    const wrong = draw.pick<() => Operand>([
      () => draw.pick(pair.released.length > 0 ? pair.released : [none(undefined)]),
      () => draw.pick(others.length > 0 ? others : [none({})]),
      () => draw.fresh(x.features + 1, x.rows),
      () => draw.fresh(x.features, x.rows + draw.pick([1, 2])),
      () => none(draw.pick([undefined, null, {}, 5, "x"])),
    ])();
    this.#note(`${call.name} with a wrong argument ${at} [${wrong.features}, ${wrong.rows}]`);
    pair.call({ ...call, inputs: call.inputs.with(at, wrong), undefined: true });
  }

  /** Releases a tensor whose reads are under way, twice. */
  release(from: RandomSource): void {
    const pair = this.#pair(from);
    if (pair.live.length === 0) return;
    const x = pair.live[from.integer(pair.live.length)];
    this.#note(`release [${x.features}, ${x.rows}]`);
    pair.release(x);
    pair.release(x);
  }

  /** Reads of what was released, or of another backend, reject; they do not throw. */
  async readInVain(from: RandomSource): Promise<void> {
    const pair = this.#pair(from);
    const others = this.#pairs.filter((other) => other !== pair).flatMap((other) => other.live);
    for (const x of [...pair.released.slice(0, 1), ...others.slice(0, 1)]) {
      this.#note("read in vain");
      expect(await settled(pair.native.read(x.native))).toBeInstanceOf(BackendError);
      expect(await settled(pair.portable.read(x.portable))).toBeInstanceOf(BackendError);
    }
  }

  async settle(from: RandomSource): Promise<void> {
    this.#note("settle");
    await this.#pair(from).settle();
  }

  /** Results that no memory holds: an error now, or of what is read. */
  async endless(from: RandomSource): Promise<void> {
    const pair = this.#pair(from);
    const [features, rows] = ENDLESS[from.integer(ENDLESS.length)];
    this.#note(`endless [${features}, ${rows}]`);
    pair.call({ name: "filled", inputs: [], run: (b) => [b.filled(features, rows, 1)] });
    await pair.settle();
  }

  /** The backend in double precision, which shares the memory. */
  double(from: RandomSource): void {
    const pair = this.#pair(from);
    const double = pair.inDouble();
    this.#note("in double");
    if (!this.#pairs.includes(double)) this.#pairs.push(double);
  }

  /** Disposes a backend with reads under way, and then uses it. */
  async close(from: RandomSource): Promise<void> {
    const pair = this.#pair(from);
    this.#note("dispose a backend");
    const calls = Array.from({ length: 4 }, () => ALL[from.integer(ALL.length)](new Draw(from, pair, false)));
    const pending = [
      settled(pair.native.finish()),
      ...pair.live.map((x) => settled(pair.native.read(x.native))),
    ];
    const closed = [pair, ...(pair.double ? [pair.double] : [])];
    this.#pairs = this.#pairs.filter((other) => !closed.includes(other));
    pair.native.dispose();
    pair.portable.dispose();
    for (const call of calls) pair.call(call);
    for (const read of pending) {
      const values = await read;
      if (values instanceof Error) expect(values).toBeInstanceOf(BackendError);
    }
    for (const one of closed) await this.#expectClosed(one);
  }

  async #expectClosed(pair: PairedBackend): Promise<void> {
    await pair.settle();
    for (const backend of [pair.native, pair.portable]) {
      backend.dispose();
      expect(backend.memory().liveBytes).toBe(0);
      expect(() => backend.filled(2, 2, 1)).toThrow(BackendError);
      for (const late of [backend.finish(), backend.peakGflops()]) {
        await expect(late).rejects.toBeInstanceOf(BackendError);
      }
    }
    for (const x of pair.live) {
      expect([x.native.disposed, x.portable.disposed]).toEqual([true, true]);
      pair.release(x);
    }
  }

  /** Checks all that is open, and closes it. */
  async end(from: RandomSource): Promise<void> {
    for (const pair of this.#pairs) await pair.settle();
    while (this.#pairs.length > 0) await this.close(from);
  }

  /** Releases all, whatever state it is in. */
  abandon(): void {
    for (const pair of this.#pairs) for (const backend of [pair.native, pair.portable]) backend.dispose();
    this.#pairs = [];
  }
}
