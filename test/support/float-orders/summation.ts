import type { RandomSource } from "../../../src/compute/random.js";
import { type Arithmetic, FLOAT32, FLOAT64 } from "./arithmetic.js";

/** In which order one sum takes its terms. The last four look at the terms' values, as an adversary would. */
export type Sequence =
  | "stored"
  | "reversed"
  | "random"
  | "positive first"
  | "negative first"
  | "largest first"
  | "smallest first";

/** How the terms of a sum are brought together. */
export type Order =
  | { readonly kind: "sequence"; readonly sequence: Sequence }
  /** As a balanced tree. */
  | { readonly kind: "pairwise" }
  /** So many sums that take turns, then added. */
  | { readonly kind: "lanes"; readonly count: number }
  /** A sum for every so many terms in a row, then added. */
  | { readonly kind: "blocks"; readonly size: number };

/** How a machine adds up w₁x₁ + … + wₙxₙ + b. */
export interface Summation {
  readonly arithmetic: Arithmetic;
  readonly order: Order;
  /** With fused multiply-adds. */
  readonly fused: boolean;
  /** Whether sums start with the bias, or end with it. */
  readonly bias: "first" | "last";
}

/** Sums of one summation. Random orders are drawn once for each number of terms. */
export class Summer {
  readonly #summation: Summation;
  readonly #source: RandomSource;
  readonly #orders = new Map<number, Int32Array>();
  #weights = new Float64Array(64);
  #values = new Float64Array(64);
  readonly #run: (from: number, to: number, stride: number, start: number) => number;

  constructor(summation: Summation, source: RandomSource) {
    this.#summation = summation;
    this.#source = source;
    this.#run = this.#runOf(summation);
  }

  /** Σ weights[k] · x[sources[k]] + bias. */
  sum(weights: Float64Array, sources: Int32Array, x: Float64Array, bias: number | null): number {
    const count = this.#gather(weights, sources, x);
    const { arithmetic, order, bias: place } = this.#summation;
    const start = bias !== null && place === "first" ? bias : 0;
    const total = this.#together(order, count, start);
    return bias !== null && place === "last" ? arithmetic.add(total, bias) : total;
  }

  #together(order: Order, count: number, start: number): number {
    const { add } = this.#summation.arithmetic;
    switch (order.kind) {
      case "sequence":
        return this.#run(0, count, 1, start);
      case "pairwise":
        return count === 0 ? start : add(this.#tree(0, count), start);
      case "lanes": {
        let total = start;
        for (let lane = 0; lane < Math.min(order.count, count); lane++) {
          total = add(total, this.#run(lane, count, order.count, 0));
        }
        return total;
      }
      case "blocks": {
        let total = start;
        for (let from = 0; from < count; from += order.size) {
          total = add(total, this.#run(from, Math.min(count, from + order.size), 1, 0));
        }
        return total;
      }
      default:
        return order satisfies never;
    }
  }

  #tree(from: number, to: number): number {
    if (to - from <= 2) return this.#run(from, to, 1, 0);
    const middle = (from + to) >> 1;
    return this.#summation.arithmetic.add(this.#tree(from, middle), this.#tree(middle, to));
  }

  /** One running sum; the two that are used most without calls. */
  #runOf({
    arithmetic,
    fused,
  }: Summation): (from: number, to: number, stride: number, start: number) => number {
    if (!fused && arithmetic === FLOAT32) {
      return (from, to, stride, start) => {
        const [w, x] = [this.#weights, this.#values];
        let sum = Math.fround(start);
        for (let k = from; k < to; k += stride) sum = Math.fround(sum + Math.fround(w[k] * x[k]));
        return sum;
      };
    }
    if (!fused && arithmetic === FLOAT64) {
      return (from, to, stride, start) => {
        const [w, x] = [this.#weights, this.#values];
        let sum = start;
        for (let k = from; k < to; k += stride) sum += w[k] * x[k];
        return sum;
      };
    }
    const { add, multiply, fused: fuse } = arithmetic;
    return (from, to, stride, start) => {
      const [w, x] = [this.#weights, this.#values];
      let sum = start;
      for (let k = from; k < to; k += stride) {
        sum = fused ? fuse(w[k], x[k], sum) : add(sum, multiply(w[k], x[k]));
      }
      return sum;
    };
  }

  /** Brings the terms into their order. How many there are. */
  #gather(weights: Float64Array, sources: Int32Array, x: Float64Array): number {
    const count = sources.length;
    if (count > this.#weights.length) {
      this.#weights = new Float64Array(2 * count);
      this.#values = new Float64Array(2 * count);
    }
    const [w, v] = [this.#weights, this.#values];
    const order = this.#orderOf(weights, sources, x);
    for (let k = 0; k < count; k++) {
      const from = order === null ? k : order[k];
      w[k] = weights[from];
      v[k] = x[sources[from]];
    }
    return count;
  }

  #orderOf(weights: Float64Array, sources: Int32Array, x: Float64Array): Int32Array | null {
    const { order } = this.#summation;
    const count = sources.length;
    if (order.kind !== "sequence" || order.sequence === "stored") return null;
    if (order.sequence === "reversed" || order.sequence === "random") {
      const known = this.#orders.get(count);
      if (known) return known;
      const made =
        order.sequence === "random"
          ? this.#source.permutation(count)
          : Int32Array.from({ length: count }, (_, k) => count - 1 - k);
      this.#orders.set(count, made);
      return made;
    }
    const keys = Float64Array.from({ length: count }, (_, k) => weights[k] * x[sources[k]]);
    return sortedBy(order.sequence, keys);
  }
}

function sortedBy(
  sequence: Exclude<Sequence, "stored" | "reversed" | "random">,
  keys: Float64Array,
): Int32Array {
  const order = Int32Array.from(keys, (_, k) => k);
  switch (sequence) {
    case "positive first":
      return order.sort((a, b) => keys[b] - keys[a]);
    case "negative first":
      return order.sort((a, b) => keys[a] - keys[b]);
    case "largest first":
      return order.sort((a, b) => Math.abs(keys[b]) - Math.abs(keys[a]));
    case "smallest first":
      return order.sort((a, b) => Math.abs(keys[a]) - Math.abs(keys[b]));
    default:
      return sequence satisfies never;
  }
}
