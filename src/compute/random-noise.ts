import type { Noise } from "./noise.js";
import { philox, streamHash } from "./random.js";

/** The noise of a seed; noise of different names is independent. */
export function noise(
  distribution: Noise["distribution"],
  seed: number,
  ...path: readonly (string | number)[]
): Noise {
  return {
    distribution,
    key: [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0],
    stream: streamHash(["noise", ...path.map(String)]),
  };
}

/** Entries that share blocks of random words. */
const GROUP = 64;
const BLOCKS = 16;

/**
 * Reads an example's entries of a noise, of which entry f · times + k is number k of feature f. The counter holds the block, the
 * example and the stream, and any entry can be made by itself: it is word ⌊e / 16⌋ mod 4 of block 16·⌊e / 64⌋ + e mod 16, so that a
 * vector of lanes makes sixteen blocks at once and stores them in order. Another backend gives the same numbers up to its rounding.
 */
export class NoiseReader {
  readonly #noise: Noise;
  readonly #example: number;
  readonly #group = new Float64Array(GROUP);
  #made = -1;

  /** @param example from 0 to 2³¹ − 1. */
  constructor(noise: Noise, example: number) {
    this.#noise = noise;
    this.#example = example;
  }

  /** Entries first … first + out.length − 1, below 2³⁴. Entries of one group that are read one after the other are made once. */
  fill(first: number, out: Float64Array): void {
    for (let i = 0; i < out.length; i++) {
      const entry = first + i;
      const own = Math.floor(entry / GROUP);
      if (own !== this.#made) {
        fillGroup(this.#noise, this.#example, own, this.#group);
        this.#made = own;
      }
      out[i] = this.#group[entry % GROUP];
    }
  }
}

/** Entries first … first + out.length − 1 of an example's noise. */
export function fillNoise(noise: Noise, first: number, out: Float64Array, example = 0): void {
  new NoiseReader(noise, example).fill(first, out);
}

function fillGroup(
  { distribution, key, stream }: Noise,
  example: number,
  group: number,
  out: Float64Array,
): void {
  const words = new Uint32Array(4);
  for (let b = 0; b < BLOCKS; b++) {
    const block = group * BLOCKS + b;
    philox([block, example, ...stream], key, words);
    if (distribution === "cauchy") {
      for (let w = 0; w < 4; w++) out[w * BLOCKS + b] = cauchyOf(words[w]);
    } else {
      for (let w = 0; w < 4; w += 2) {
        const size = Math.sqrt(-2 * Math.log((words[w] + 0.5) / 2 ** 32));
        const angle = 2 * Math.PI * ((words[w + 1] + 0.5) / 2 ** 32);
        out[w * BLOCKS + b] = size * Math.cos(angle);
        out[(w + 1) * BLOCKS + b] = size * Math.sin(angle);
      }
    }
  }
}

const EIGHTH_TURN = 2 ** 30;

/**
 * Standard Cauchy, tan(π(t + ½)/2³²) of the word t with a sign. Beyond a quarter of π it is the reciprocal of the
 * complement's tangent, so that tails are as exact as the middle.
 */
function cauchyOf(word: number): number {
  const t = word | 0;
  const size = t ^ (t >> 31);
  const beyond = size >= EIGHTH_TURN;
  const near = beyond ? 2 ** 31 - 1 - size : size;
  const tangent = Math.tan(Math.PI * ((near + 0.5) / 2 ** 32));
  const value = beyond ? 1 / tangent : tangent;
  return t < 0 ? -value : value;
}
