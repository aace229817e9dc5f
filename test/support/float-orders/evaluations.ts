import { type Arithmetic, directed, FLOAT32, FLOAT64, FLUSHED } from "./arithmetic.js";
import type { FloatEvaluation } from "./evaluate.js";
import type { NormForm } from "./prepare.js";
import type { Order, Sequence } from "./summation.js";

const sequence = (name: Sequence): Order => ({ kind: "sequence", sequence: name });
const lanes = (count: number): Order => ({ kind: "lanes", count });
const blocks = (size: number): Order => ({ kind: "blocks", size });
const pairwise: Order = { kind: "pairwise" };

type Way = readonly [Order, fused: boolean, bias: "first" | "last", NormForm];

/** Orders of machines that are in use, random ones, and those that an adversary would take. */
const WAYS: readonly Way[] = [
  [sequence("stored"), false, "first", "formula"],
  [sequence("stored"), false, "last", "scaled"],
  [sequence("stored"), true, "first", "folded"],
  [sequence("reversed"), false, "last", "folded"],
  [sequence("reversed"), true, "last", "scaled"],
  [sequence("random"), false, "first", "scaled"],
  [sequence("random"), true, "last", "formula"],
  [pairwise, false, "last", "formula"],
  [pairwise, true, "first", "folded"],
  [lanes(8), true, "first", "scaled"],
  [lanes(16), true, "last", "folded"],
  [lanes(8), false, "last", "formula"],
  [blocks(256), false, "first", "folded"],
  [blocks(256), true, "last", "scaled"],
  [blocks(16), false, "last", "scaled"],
  [blocks(8), true, "first", "formula"],
  [sequence("positive first"), false, "last", "folded"],
  [sequence("negative first"), false, "last", "scaled"],
  [sequence("largest first"), true, "first", "formula"],
  [sequence("smallest first"), false, "last", "folded"],
  [sequence("stored"), false, "first", "folded after"],
  [pairwise, true, "last", "folded after"],
  [sequence("largest first"), false, "first", "folded after"],
];

const [UP, DOWN, INWARD] = (["up", "down", "inward"] as const).map(directed);

/** On machines without subnormal numbers, to nearest and in one direction. */
const FLUSHED_WAYS: readonly (readonly [Arithmetic, number])[] = [
  ...[0, 2, 3, 5, 6, 7, 9, 10, 12, 14, 16, 17, 18, 19, 20].map((way) => [FLUSHED, way] as const),
  ...[0, 6, 16].flatMap((way) => [UP, DOWN].map((arithmetic) => [arithmetic, way] as const)),
  [INWARD, 2],
  [INWARD, 17],
];

/** The evaluations that a certificate may be about; `real` is for exact rationals. */
export type Evaluation = "float32" | "float32-ftz" | "float64" | "real";

/**
 * Ways to evaluate in some arithmetic, about twenty, each under a name. Every second one has tanh and sigmoid as coarse as
 * they may be.
 */
export function evaluationsOf(evaluation: Evaluation): readonly FloatEvaluation[] {
  switch (evaluation) {
    case "float32":
      return WAYS.map((way, i) => named(FLOAT32, way, i));
    case "float64":
      return WAYS.map((way, i) => named(FLOAT64, way, i));
    case "float32-ftz":
      return FLUSHED_WAYS.map(([arithmetic, way], i) => named(arithmetic, WAYS[way], i));
    case "real":
      return [];
    default:
      return evaluation satisfies never;
  }
}

/** Whether every sum has to be sorted: slow where there are many terms. */
export function isSorted({ order }: FloatEvaluation): boolean {
  return order.kind === "sequence" && order.sequence.endsWith(" first");
}

function named(arithmetic: Arithmetic, [order, fused, bias, norms]: Way, i: number): FloatEvaluation {
  const coarse = i % 2 === 1;
  const parts = [arithmetic.name, orderName(order), fused ? "fused" : "", `bias ${bias}`, norms];
  return {
    name: [...parts, coarse ? "coarse" : ""].filter((part) => part !== "").join(", "),
    ...{ arithmetic, order, fused, bias, norms, coarse },
  };
}

function orderName(order: Order): string {
  switch (order.kind) {
    case "sequence":
      return order.sequence;
    case "pairwise":
      return "pairwise";
    case "lanes":
      return `${order.count} lanes`;
    case "blocks":
      return `blocks of ${order.size}`;
    default:
      return order satisfies never;
  }
}
