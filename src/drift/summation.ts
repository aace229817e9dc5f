import { type FloatFormat, fusedMultiplyAdd } from "./float-format.js";

/** How the terms of a sum are brought together. */
export type Order =
  | { readonly kind: "stored" }
  | { readonly kind: "reversed" }
  /** As a balanced tree. */
  | { readonly kind: "tree" }
  /** So many sums that take turns, then added. */
  | { readonly kind: "lanes"; readonly count: number }
  /** A sum for every so many terms in a row, then added. */
  | { readonly kind: "blocks"; readonly size: number };

/** One way in which a machine may evaluate a network. */
export interface SummationWay {
  readonly order: Order;
  /** With fused multiply-adds. */
  readonly fused: boolean;
  /** Whether sums start with the bias, or end with it. */
  readonly bias: "first" | "last";
  /** Batch norm by its formula, or as one scale and one shift. */
  readonly norms: "formula" | "scaled";
}

const ORDERS: readonly Order[] = [
  { kind: "stored" },
  { kind: "reversed" },
  { kind: "tree" },
  { kind: "lanes", count: 8 },
  { kind: "blocks", size: 64 },
];

/** Orders that are in use on machines, each with fused multiply-adds and without where the format has them. */
export function waysOf({ fused }: FloatFormat): readonly SummationWay[] {
  const plain = ORDERS.map(
    (order): SummationWay => ({ order, fused: false, bias: "first", norms: "formula" }),
  );
  if (!fused) return plain;
  return [
    ...plain,
    ...ORDERS.map((order): SummationWay => ({ order, fused: true, bias: "last", norms: "scaled" })),
  ];
}

/** Terms w[k] · x[k] from `from`, `count` of them, `stride` apart, onto a running sum. */
type RunningSum = (from: number, count: number, stride: number, start: number) => number;

/** Sums of products in one way. */
export class Summer {
  readonly #way: SummationWay;
  readonly #round: (value: number) => number;
  readonly #run: RunningSum;
  #weights = new Float64Array(64);
  #values = new Float64Array(64);

  constructor(way: SummationWay, format: FloatFormat) {
    this.#way = way;
    this.#round = format.round;
    this.#run = this.#runOf(format);
  }

  /** Σ weight[base + taps[k]] · x[sources[k]] + bias. */
  sum(
    x: Float64Array,
    sources: Int32Array,
    weight: Float64Array,
    taps: Int32Array,
    base: number,
    bias: number | null,
  ): number {
    const count = sources.length;
    if (count > this.#weights.length) {
      this.#weights = new Float64Array(2 * count);
      this.#values = new Float64Array(2 * count);
    }
    const [w, v] = [this.#weights, this.#values];
    for (let k = 0; k < count; k++) {
      w[k] = weight[base + taps[k]];
      v[k] = x[sources[k]];
    }
    const first = bias !== null && this.#way.bias === "first";
    const total = this.#together(count, first ? bias : 0);
    return bias === null || first ? total : this.#round(total + bias);
  }

  #together(count: number, start: number): number {
    const { order } = this.#way;
    const run = this.#run;
    switch (order.kind) {
      case "stored":
        return run(0, count, 1, start);
      case "reversed":
        return run(count - 1, count, -1, start);
      case "tree":
        return count === 0 ? start : this.#round(this.#tree(0, count) + start);
      case "lanes": {
        let total = start;
        for (let lane = 0; lane < Math.min(order.count, count); lane++) {
          total = this.#round(total + run(lane, Math.ceil((count - lane) / order.count), order.count, 0));
        }
        return total;
      }
      case "blocks": {
        let total = start;
        for (let from = 0; from < count; from += order.size) {
          total = this.#round(total + run(from, Math.min(order.size, count - from), 1, 0));
        }
        return total;
      }
      default:
        return order satisfies never;
    }
  }

  #tree(from: number, to: number): number {
    if (to - from <= 2) return this.#run(from, to - from, 1, 0);
    const middle = (from + to) >> 1;
    return this.#round(this.#tree(from, middle) + this.#tree(middle, to));
  }

  /** A loop for each arithmetic: these are what an evaluation spends its time in. */
  #runOf({ name }: FloatFormat): RunningSum {
    if (name === "float64") {
      return (from, count, stride, start) => {
        const [w, x] = [this.#weights, this.#values];
        let sum = start;
        for (let n = 0, k = from; n < count; n++, k += stride) sum += w[k] * x[k];
        return sum;
      };
    }
    if (this.#way.fused) {
      return (from, count, stride, start) => {
        const [w, x] = [this.#weights, this.#values];
        let sum = start;
        for (let n = 0, k = from; n < count; n++, k += stride) sum = fusedMultiplyAdd(w[k], x[k], sum);
        return sum;
      };
    }
    return (from, count, stride, start) => {
      const [w, x] = [this.#weights, this.#values];
      let sum = Math.fround(start);
      for (let n = 0, k = from; n < count; n++, k += stride) {
        sum = Math.fround(sum + Math.fround(w[k] * x[k]));
      }
      return sum;
    };
  }
}
