import { afterAll, describe, expect, test } from "vitest";
import { nativeProblem, requireAddon } from "../../src/compute/native/addon.js";
import { type RandomSource, random } from "../../src/compute/random.js";

const problem = nativeProblem();

/** The addon's own class, without what TypeScript checks before it is called. */
type Method = (...args: unknown[]) => unknown;
type BareEngine = Readonly<Record<string, Method>>;

const OPTIONS = {
  dtype: "float32",
  threads: 2,
  instructionSet: "baseline",
  memoryLimit: 1 << 22,
  poison: true,
  misalign: true,
};

function newEngine(options: unknown = OPTIONS): BareEngine {
  const { Engine } = requireAddon() as unknown as { Engine: new (options?: unknown) => BareEngine };
  return new Engine(options);
}

/** Tensors that the valid calls below are about, and some that no call may take. */
class Tensors {
  readonly engine: BareEngine;
  readonly released: unknown;
  readonly #made = new Map<string, unknown>();

  constructor(engine: BareEngine) {
    this.engine = engine;
    this.released = engine.filled(2, 6, 1);
    engine.release(this.released);
  }

  /** The number of a tensor of ones. */
  of(features: number, rows: number): unknown {
    const key = `${features} ${rows}`;
    if (!this.#made.has(key)) this.#made.set(key, this.engine.filled(features, rows, 1));
    return this.#made.get(key);
  }

  all(): unknown[] {
    return [...this.#made.values()];
  }
}

/** 1×4×4 → 2×4×4 by 3×3 kernels. */
const GEOMETRY = Float64Array.of(1, 4, 4, 2, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1);
/** Pooling of 1×4×4 by 2×2. */
const POOL = Float64Array.of(1, 4, 4, 1, 2, 2, 2, 2, 2, 2, 0, 0, 1, 1, 1);
/** Six patches of 2×2 of a 1×4×4 image. */
const WINDOW = [
  Float64Array.of(1, 4, 4, 2, 2),
  Int32Array.of(0, -1, 3, 2, 4, -2),
  Int32Array.of(0, 0, 3, -1, 9, 1),
];
/** Six rows of three columns, out of order. */
const INDEXED = [2, Int32Array.of(2, 0, 0, 1, 2, 0)];
/** Three patches of images of 4×5. */
const SIGHT = [1, Float64Array.of(1, 4, 5, 4, 4), Int32Array.of(0, -1, 2), Int32Array.of(1, 3, -2)];
const REPEATED = [3, 2];
const INDEX = Int32Array.of(1, 0, -1);
const LABELS = Int32Array.of(0, 1, 1, 0, 1, 0);
const TANH = [3, 0, 0];
const NOISE = [0, 1, 2, 3, 4, Int32Array.of(0, 1, 2)];

/** A valid call of every method but `dispose`. */
const CALLS: Readonly<Record<string, (t: Tensors) => unknown[]>> = {
  upload: () => [2, 3, Float32Array.of(1, 2, 3, 4, 5, 6)],
  filled: () => [2, 3, 0.5],
  reshape: (t) => [t.of(2, 6), 3, 4],
  release: (t) => [t.engine.filled(1, 1, 1)],
  read: (t) => [t.of(2, 6)],
  finish: () => [],
  memory: () => [true],
  peak: () => [10],
  linear: (t) => [t.of(3, 2), t.of(2, 6), t.of(3, 1)],
  linearTranspose: (t) => [t.of(2, 3), t.of(2, 6)],
  linearWeightGradient: (t) => [t.of(3, 6), t.of(2, 6)],
  conv2d: (t) => [t.of(2, 9), t.of(16, 6), t.of(2, 1), GEOMETRY],
  conv2dTranspose: (t) => [t.of(2, 9), t.of(32, 6), GEOMETRY],
  conv2dWeightGradient: (t) => [t.of(32, 6), t.of(16, 6), GEOMETRY],
  conv2dSelect: (t) => [t.of(2, 9), GEOMETRY, Int32Array.of(0, 31, 7)],
  conv2dSelectGradient: (t) => [t.of(16, 3), GEOMETRY, Int32Array.of(0, 31, 7)],
  transpose: (t) => [t.of(2, 6)],
  gather: (t) => [t.of(2, 6), INDEX],
  scatterAdd: (t) => [t.of(3, 6), INDEX, 2],
  backward: (t) => [
    ...[1, t.of(3, 2), Int32Array.of(2, 0, 1, 1, 0, 2)],
    11,
    ...[0, t.of(2, 16)],
    ...[4, 0, t.of(16, 3), ...REPEATED],
    ...[9, 2, 1, Int32Array.of(3, -1)],
    ...[1, t.of(1, 9), Float64Array.of(1, 4, 4, 1, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1)],
    ...[2, 0, t.of(16, 3), t.of(16, 3), t.of(16, 3), ...INDEXED],
    ...[7, 0],
    ...[8, 2],
    ...[6, Int32Array.from({ length: 16 }, (_, f) => (f % 3) - 1)],
    ...[10, 0, 1, Int32Array.from({ length: 16 }, (_, f) => f - 1)],
    ...[3, 0, t.of(16, 3), t.of(16, 3), t.of(16, 3), t.of(16, 3), ...INDEXED],
    ...[5, ...SIGHT, t.of(20, 2), ...INDEXED, ...[2, Int32Array.of(1, 0, 1)]],
    ...[...SIGHT, t.of(20, 2), t.of(20, 2), ...INDEXED, ...[2, Int32Array.of(1, 0, 1)], 1],
  ],
  replace: (t) => [t.of(3, 6), Int32Array.of(2, 0), t.of(2, 6)],
  concat: (t) => [2, t.of(2, 6), t.of(3, 6)],
  slice: (t) => [t.of(3, 6), 1, 2],
  select: (t) => [t.of(2, 6), t.of(3, 3), ...INDEXED, 7],
  selectTranspose: (t) => [t.of(3, 6), t.of(3, 3), ...REPEATED, 2],
  maxPoolChoice: (t) => [t.of(16, 6), t.of(16, 6), POOL],
  combine: (t) => [2, t.of(2, 6), -1, t.of(2, 6)],
  weightedSum: (t) => [0.5, 2, 3, 0, t.of(2, 6), 0, -1, 1, t.of(2, 6), t.of(2, 6), t.of(2, 6)],
  scaleBy: (t) => [t.of(2, 6), 2, 1],
  multiply: (t) => [t.of(2, 6), t.of(2, 6)],
  minimum: (t) => [t.of(2, 6), t.of(2, 6)],
  maximum: (t) => [t.of(2, 6), t.of(2, 6)],
  minimumGradient: (t) => [t.of(2, 6), t.of(2, 6), t.of(2, 6)],
  apply: (t) => [...TANH, t.of(2, 6)],
  applyGradient: (t) => [9, 0.5, 0, t.of(2, 6), t.of(2, 6)],
  scaleShift: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), ...INDEXED],
  scaleBySign: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), ...REPEATED],
  scaleBySignGradient: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), t.of(2, 6), ...INDEXED],
  spread: (t) => [t.of(2, 3), 6, ...INDEXED],
  sumRows: (t) => [t.of(2, 6), 3, ...INDEXED],
  multiplySumRows: (t) => [t.of(2, 6), t.of(2, 6), 3, ...REPEATED],
  dot: (t) => [t.of(2, 6), t.of(2, 1), 1, 0],
  outer: (t) => [t.of(2, 6), t.of(1, 6), 0, 0],
  outerSumRows: (t) => [t.of(2, 6), t.of(1, 6), 3, ...INDEXED],
  norm: (t) => [t.of(2, 6), t.of(2, 3), ...INDEXED, Number.POSITIVE_INFINITY],
  normGradient: (t) => [t.of(2, 6), t.of(2, 3), t.of(1, 6), t.of(1, 6), ...REPEATED, 2],
  normRows: (t) => [t.of(2, 6), 3, ...INDEXED, 1],
  normRowsGradient: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), ...INDEXED, Number.POSITIVE_INFINITY],
  enclose: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), ...INDEXED],
  encloseGradient: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), t.of(2, 6), t.of(1, 6), ...REPEATED],
  crop: (t) => [t.of(16, 3), ...WINDOW, ...INDEXED],
  cropTranspose: (t) => [t.of(4, 6), ...WINDOW, 3, ...REPEATED],
  parallelLines: (t) => [...TANH, t.of(2, 6), t.of(2, 6)],
  parallelLinesGradient: (t) => [...TANH, t.of(2, 6), t.of(2, 6), t.of(2, 6), t.of(2, 6), t.of(2, 6)],
  adaptiveLines: (t) => [2, -1, 1, t.of(2, 6), t.of(2, 6)],
  adaptiveLinesGradient: (t) => [
    ...TANH,
    ...[t.of(2, 6), t.of(2, 6), t.of(2, 6), t.of(2, 6), t.of(2, 6), t.of(2, 6)],
  ],
  activateBox: (t) => [...TANH, t.of(2, 6), t.of(2, 6)],
  activateBoxGradient: (t) => [...TANH, t.of(2, 6), t.of(2, 6), t.of(2, 6), t.of(2, 6)],
  boxMoments: (t) => [t.of(2, 6), t.of(2, 6)],
  boxMomentsGradient: (t) => [t.of(2, 6), t.of(2, 6), t.of(8, 1)],
  softmaxCrossEntropy: (t) => [t.of(2, 6), LABELS],
  softmaxCrossEntropyGradient: (t) => [t.of(2, 6), LABELS, t.of(1, 6)],
  adamStep: (t) => [t.of(5, 5), t.of(5, 5), t.of(5, 5), t.of(5, 5), 0.1, 0.9, 0.999, 1e-8, 0, 1],
  medianRows: (t) => [t.of(2, 6), 3],
  medianRowsGradient: (t) => [t.of(2, 6), t.of(2, 2), t.of(2, 2), 3],
  geometricMeanRows: (t) => [t.of(2, 6), 3],
  addNoise: (t) => [t.of(2, 6), t.of(2, 3), t.of(2, 3), 2, ...NOISE],
  addNoiseGradient: (t) => [0, 0, t.of(2, 3), 2, t.of(2, 6), ...NOISE],
};

/** An array whose memory went to another owner. */
function detached(): Int32Array {
  const array = Int32Array.of(1, 2, 3);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

function withEntry(array: Float64Array, i: number, value: number): Float64Array {
  return array.map((entry, at) => (at === i ? value : entry));
}

const NUMBERS = [
  ...[0, 1, 2, 3, 5, 6, -1, 0.5, -0, 1e9, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 46, 2 ** 53, 1e308],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

/** Arguments of all sorts, most of them wrong wherever they stand. */
function junk(t: Tensors, foreign: unknown, from: RandomSource): unknown {
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(from.uniform() * choices.length)];
  const number = (): number => pick(NUMBERS);
  return pick<() => unknown>([
    number,
    number,
    () => pick(t.all()),
    () => pick([t.released, foreign, Number(t.of(2, 6)) + 1, Number(t.of(2, 6)) + 2 ** 24]),
    () => pick([undefined, null, true, "2", "", 10n, Symbol("x"), {}, [], [1, 2], () => 1]),
    () =>
      Int32Array.from({ length: pick([0, 1, 3, 6]) }, () =>
        pick([-2, -1, 0, 1, 2, 31, 2 ** 31 - 1, -(2 ** 31)]),
      ),
    () => withEntry(pick([GEOMETRY, POOL]), Math.floor(from.uniform() * 15), number()),
    () => withEntry(WINDOW[0] as Float64Array, Math.floor(from.uniform() * 5), number()),
    () => pick([new Float64Array(15), new Float64Array(5), new Float32Array(15), new Uint8Array(6)]),
    () =>
      pick([
        detached(),
        new Int32Array(new SharedArrayBuffer(24)),
        new BigInt64Array(3),
        new DataView(new ArrayBuffer(8)),
      ]),
  ])();
}

/** The code of what a call throws or its promise rejects with; null if it does neither. */
async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

describe.skipIf(problem !== null)(
  `arguments of the native addon${problem === null ? "" : ` (absent: ${problem})`}`,
  () => {
    const engines: BareEngine[] = [];
    const opened = (): Tensors => {
      const engine = newEngine();
      engines.push(engine);
      return new Tensors(engine);
    };
    afterAll(() => {
      for (const engine of engines) engine.dispose();
    });

    const names =
      problem === null
        ? Object.getOwnPropertyNames(requireAddon().Engine.prototype).filter(
            (name) => name !== "constructor" && name !== "dispose",
          )
        : [];

    test("every operation has a valid call here", () => {
      expect(Object.keys(CALLS).sort()).toEqual([...names].sort());
    });

    test.each(names)("%s: works; refuses what is missing, released, foreign or of no kind", async (name) => {
      const t = opened();
      const foreign = opened().of(2, 6);
      const call = (args: unknown[]): Promise<unknown> => codeOf(() => t.engine[name](...args));
      const args = CALLS[name](t);
      expect(await call(args)).toBeNull();
      expect(await codeOf(() => t.engine.finish())).toBeNull();
      if (name === "memory" || name === "finish") return;
      expect(await call([])).toBe("AUTODUAL_ARGUMENT");
      for (let i = 0; i < args.length; i++) {
        const isTensor = t.all().includes(args[i]);
        const wrong = isTensor
          ? [t.released, foreign, -1, 0.5, Number.NaN, undefined, null, {}]
          : [undefined, {}];
        // Nothing is read at an owner's second place where the first says it all.
        const unread = /^(dot|outer)$/.test(name) && i === args.length - 1;
        for (const value of unread ? [] : wrong) {
          const changed = CALLS[name](t).with(i, value);
          expect(await call(changed), `argument ${i}: ${String(value)}`).toBe("AUTODUAL_ARGUMENT");
        }
      }
      expect(await codeOf(() => t.engine.finish())).toBeNull();
    });

    test("geometry out of range", async () => {
      const t = opened();
      const conv2d = (geometry: unknown): Promise<unknown> =>
        codeOf(() => t.engine.conv2d(t.of(2, 9), t.of(16, 6), 0, geometry));
      expect(await conv2d(GEOMETRY)).toBeNull();
      for (let i = 0; i < GEOMETRY.length; i++) {
        const padding = i === 10 || i === 11;
        for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 53, 0]) {
          if (value === 0 && padding) continue;
          expect(await conv2d(withEntry(GEOMETRY, i, value)), `entry ${i}: ${value}`).toBe(
            "AUTODUAL_ARGUMENT",
          );
        }
      }
      for (const huge of [
        Float64Array.of(1, 65536, 65536, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1),
        Float64Array.of(1, 1, 1, 1, 65536, 65536, 1, 1, 1, 1, 0, 0, 1, 1, 1),
        Float64Array.of(1, 4, 4, 2, 4, 4, 3, 3, 2 ** 30, 1, 1, 1, 1, 1, 1),
        Float64Array.of(1, 4, 4, 2, 4, 4, 3, 3, 1, 1, 2 ** 31 - 1, 1, 1, 1, 1),
        Float64Array.of(1, 4, 4, 2, 4, 4, 3, 3, 1, 1, 1, 1, 2 ** 30, 1, 1),
        Float64Array.of(3, 4, 4, 2, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 2),
      ]) {
        expect(await conv2d(huge)).toBe("AUTODUAL_ARGUMENT");
      }
      for (const other of [[...GEOMETRY], GEOMETRY.subarray(1), new Float32Array(GEOMETRY), null]) {
        expect(await conv2d(other)).toBe("AUTODUAL_ARGUMENT");
      }
    });

    test("indices, owners and windows out of range", async () => {
      const t = opened();
      const refused = async (name: string, args: unknown[]): Promise<void> =>
        expect(await codeOf(() => t.engine[name](...args)), name).toBe("AUTODUAL_ARGUMENT");
      await refused("gather", [t.of(2, 6), Int32Array.of(2)]);
      await refused("gather", [t.of(2, 6), Int32Array.of(-2)]);
      await refused("scatterAdd", [t.of(3, 6), INDEX, 1]);
      await refused("replace", [t.of(3, 6), Int32Array.of(3, 0), t.of(2, 6)]);
      await refused("replace", [t.of(3, 6), Int32Array.of(-1, 0), t.of(2, 6)]);
      await refused("conv2dSelect", [t.of(2, 9), GEOMETRY, Int32Array.of(32)]);
      await refused("softmaxCrossEntropy", [t.of(2, 6), Int32Array.of(0, 0, 0, 0, 0, 2)]);
      await refused("softmaxCrossEntropy", [t.of(2, 6), Int32Array.of(0)]);
      await refused("sumRows", [t.of(2, 6), 3, 2, Int32Array.of(0, 1, 2, 3, 0, 0)]);
      await refused("sumRows", [t.of(2, 6), 3, 2, Int32Array.of(0, 1, 2)]);
      await refused("sumRows", [t.of(2, 6), 3, 3, 3]);
      await refused("sumRows", [t.of(2, 6), 3, 0, 0]);
      await refused("sumRows", [t.of(2, 6), 3, 1, 0]);
      await refused("sumRows", [t.of(2, 6), 3, 4, 0]);
      await refused("spread", [t.of(2, 3), 2 ** 50, 3, 2]);
      await refused("slice", [t.of(3, 6), 2, 2]);
      await refused("medianRows", [t.of(2, 6), 4]);
      await refused("medianRows", [t.of(2, 6), 0]);
      await refused("norm", [t.of(2, 6), t.of(2, 6), 0, 0, 3]);
      await refused("apply", [10, 0, 0, t.of(2, 6)]);
      await refused("parallelLines", [5, 0, 0, t.of(2, 6), t.of(2, 6)]);
      await refused("crop", [t.of(16, 3), WINDOW[0], WINDOW[1], Int32Array.of(0), ...INDEXED]);
      await refused("crop", [
        t.of(16, 3),
        Float64Array.of(1, 4, 4, 2 ** 30, 2 ** 30),
        WINDOW[1],
        WINDOW[2],
        ...INDEXED,
      ]);
      const far = Float64Array.of(1, 4, 4, 2 ** 14, 1);
      await refused("cropTranspose", [t.of(2 ** 14, 6), far, WINDOW[1], WINDOW[2], 20_000, ...INDEXED]);
      await refused("concat", [3, t.of(2, 6), t.of(3, 6)]);
      await refused("concat", [0]);
      await refused("upload", [2, 3, new Float32Array(5)]);
      await refused("filled", [2 ** 30, 2 ** 30, 1]);
      await refused("reshape", [t.of(2, 6), 5, 2]);
    });

    test("tensors whose entries are no places in another are not followed", async () => {
      const t = opened();
      const wild = t.engine.upload(
        3,
        3,
        Float64Array.of(1e30, -1e30, Number.NaN, 2, -1, 0.5, 1e9, Number.POSITIVE_INFINITY, 0),
      );
      t.engine.select(t.of(2, 6), wild, ...INDEXED, 7);
      t.engine.selectTranspose(t.of(3, 6), wild, ...INDEXED, 2);
      t.engine.medianRowsGradient(t.of(3, 6), wild, wild, 2);
      expect(await codeOf(() => t.engine.finish())).toBeNull();
    });

    test("options and receivers that are none", async () => {
      const { Engine } = requireAddon() as unknown as { Engine: Method & { prototype: BareEngine } };
      for (const options of [null, 5, {}, { ...OPTIONS, dtype: "int8" }, { ...OPTIONS, threads: 0 }]) {
        expect(await codeOf(() => newEngine(options))).toBe("AUTODUAL_ARGUMENT");
      }
      for (const wrong of [
        { instructionSet: "mmx" },
        { memoryLimit: -1 },
        { threads: 1e9 },
        { threads: "2" },
      ]) {
        expect(await codeOf(() => newEngine({ ...OPTIONS, ...wrong }))).toBe("AUTODUAL_ARGUMENT");
      }
      expect(() => Engine(OPTIONS)).toThrow();
      for (const receiver of [undefined, null, 5, {}, Object.create(Engine.prototype), new Map(), Engine]) {
        expect(() => Engine.prototype.filled.call(receiver, 1, 1, 1)).toThrow();
      }
    });

    test("after dispose every operation says so", async () => {
      const t = opened();
      const calls = names.map((name) => [name, CALLS[name](t)] as const);
      t.engine.dispose();
      t.engine.dispose();
      for (const [name, args] of calls) {
        expect(await codeOf(() => t.engine[name](...args)), name).toBe("AUTODUAL_DISPOSED");
      }
    });

    test.each(names)("%s: arguments at random work or are refused", async (name) => {
      const from = random(7, `arguments of ${name}`);
      let t = opened();
      const foreign = opened().of(2, 6);
      for (let round = 0; round < 400; round++) {
        let args = CALLS[name](t);
        const changes = 1 + Math.floor(from.uniform() * 3);
        for (let change = 0; change < changes && args.length > 0; change++) {
          args = args.with(Math.floor(from.uniform() * args.length), junk(t, foreign, from));
        }
        if (from.uniform() < 0.1) args = args.slice(0, Math.floor(from.uniform() * (args.length + 1)));
        const code = await codeOf(() => t.engine[name](...args));
        expect([null, "AUTODUAL_ARGUMENT", "AUTODUAL_MEMORY"]).toContain(code);
        const after = await codeOf(() => t.engine.finish());
        expect([null, "AUTODUAL_MEMORY"]).toContain(after);
        // A tensor that other calls share may have failed, or been released.
        if (after === null && name !== "release") continue;
        t.engine.dispose();
        t = opened();
      }
    });
  },
);
