import type { Budget } from "../compute/budget.js";
import type { Stop } from "../compute/deadline.js";
import type { Evaluation } from "../threat/evaluation.js";
import type { NodeBounds } from "./dual-layer.js";
import type { Estimator } from "./estimator.js";
import type { LayerReport } from "./planner.js";

/**
 * Which lines enclose activations: `parallel` are the paper's; `adaptive` have two slopes (the lower by the larger area), and every
 * bound is intersected with interval arithmetic.
 */
export type LineMethod = "parallel" | "adaptive";
/** Every `LineMethod`. */
export const LINE_METHODS: readonly LineMethod[] = ["parallel", "adaptive"];

/** By lines, or by interval arithmetic alone (`interval`), as networks need it that were trained by interval bounds. */
export type BoundMethod = LineMethod | "interval";
/** Every `BoundMethod`. */
export const BOUND_METHODS: readonly BoundMethod[] = [...LINE_METHODS, "interval"];

/** How `buildDual` bounds. */
export interface DualOptions {
  /** Default `parallel`. */
  readonly method?: BoundMethod;
  /** `backward` (default) bounds unstable neurons one by one; `forward` pushes all generators (`parallel` only). */
  readonly direction?: "backward" | "forward";
  /** Bound every neuron, also those whose lines the cheap box has fixed already. For inspection and tests. */
  readonly complete?: boolean;
  /** Told of every activation as it is bounded. The work is then timed, and waits for itself more often. */
  readonly onLayer?: (report: LayerReport) => void;
  /** Estimates bounds by random projections, where it says; absent, all bounds are deterministic. `parallel`, backward. */
  readonly estimator?: Estimator;
  /**
   * Bytes that ν may take in the rows being bounded at once; more rows are taken in pieces. Default 64 MiB where gradients are
   * recorded, else 4 MiB.
   */
  readonly pieceBytes?: number;
  /** What all tensors may take: where nothing is recorded, pieces are cut to what it leaves. */
  readonly budget?: Budget;
  /**
   * The evaluation of the network that bounds are to hold for, rounding and all, their own rounding included: outward. Absent or null:
   * bounds of real arithmetic, as far as they were computed rightly.
   */
  readonly rounding?: Evaluation | null;
  /** Pre-activation bounds that are known already, of every node that needs some, `[n, examples]`: nothing is bounded again. */
  readonly known?: NodeBounds<Float64Array>;
  /** Stops the work between two nodes, or between two pieces of rows: the bound rejects with its reason. */
  readonly signal?: Stop;
}
