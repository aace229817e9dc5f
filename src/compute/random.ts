import type { FloatArray } from "./backend.js";

/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 * The same seed and stream give the same numbers on every machine and backend, and a stream can be read again.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of a 32 × 32 bit product. */
function high(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/** One Philox4x32-10 block: counter `[4]` and key `[2]` to four 32-bit words, written to `out`. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = high(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = high(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** Two independent 32-bit hashes of a name's UTF-16 units, so that streams may be named: FNV-1a, and one that rotates. */
function hashName(name: string): readonly [number, number] {
  let plain = 0x811c9dc5;
  let rotated = 0x9747b28c;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    plain = Math.imul(plain ^ unit, 0x01000193);
    rotated = Math.imul(((rotated << 13) | (rotated >>> 19)) ^ unit, 0x5bd1e995);
  }
  return [plain >>> 0, (rotated ^ (rotated >>> 15)) >>> 0];
}

/** The stream of a path of names. */
export function streamHash(path: readonly string[]): readonly [number, number] {
  return hashName(path.join("\u0000"));
}

/** A stream of random numbers. */
export interface RandomSource {
  /** The next 32 bits. */
  bits(): number;
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal, by Box–Muller. */
  normal(): number;
  /** Standard Cauchy, tan(π(u − ½)). */
  cauchy(): number;
  /** Uniform in 0 … n − 1. */
  integer(n: number): number;
  /** 0 … n − 1 in random order. */
  permutation(n: number): Int32Array;
  /** Fills with normals of this standard deviation, in order; returns the array. */
  fillNormal<T extends FloatArray>(array: T, deviation?: number): T;
  /** An independent stream of the same seed. */
  fork(stream: number | string): RandomSource;
}

/** The stream of a seed, a whole number from 0; streams of different names or numbers are independent. */
export function random(seed: number, stream: number | string = 0): RandomSource {
  return new PhiloxSource(seed, [typeof stream === "number" ? `#${stream}` : stream]);
}

class PhiloxSource implements RandomSource {
  readonly #seed: number;
  readonly #path: readonly string[];
  readonly #key: readonly [number, number];
  readonly #streamHash: readonly [number, number];
  readonly #words = new Uint32Array(4);
  #block = 0;
  #used = 4;

  constructor(seed: number, path: readonly string[]) {
    this.#seed = seed;
    this.#path = path;
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#streamHash = streamHash(path);
  }

  bits(): number {
    if (this.#used === 4) {
      const low = this.#block >>> 0;
      const upper = Math.floor(this.#block / 2 ** 32) >>> 0;
      philox([low, upper, this.#streamHash[0], this.#streamHash[1]], this.#key, this.#words);
      this.#block += 1;
      this.#used = 0;
    }
    const word = this.#words[this.#used];
    this.#used += 1;
    return word;
  }

  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) / 2 ** 53;
  }

  normal(): number {
    // 1 − u lies in (0, 1]: its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  cauchy(): number {
    return Math.tan(Math.PI * (this.uniform() - 0.5));
  }

  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  fillNormal<T extends FloatArray>(array: T, deviation = 1): T {
    for (let i = 0; i < array.length; i++) array[i] = deviation * this.normal();
    return array;
  }

  fork(stream: number | string): RandomSource {
    return new PhiloxSource(this.#seed, [...this.#path, typeof stream === "number" ? `#${stream}` : stream]);
  }
}
