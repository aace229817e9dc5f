import type { Budget } from "../compute/budget.js";
import type { Deadline } from "../compute/deadline.js";
import { costBelow } from "../dual/cost.js";
import type { Bounds } from "../dual/dual-layer.js";
import type { PieceLimits } from "../dual/pieces.js";
import { climb, inspect } from "../dual/slopes/dual-rows.js";
import type { AffineLayers } from "../dual/slopes/relaxation.js";
import type { RegionBounds } from "../dual/slopes/tighten.js";
import { countUnstable, unstableNeurons } from "../dual/slopes/unstable-neurons.js";
import { sizeOf } from "../network/shape.js";
import { outputsAt, type Subject } from "../network/subject.js";
import type { Evaluation } from "../threat/evaluation.js";
import { isProof } from "../threat/proof.js";
import type { Branch, BranchedBox } from "./branch.js";
import { type Decision, promisingDecision, sidesOf } from "./branch-choice.js";
import { BranchRows } from "./branch-rows.js";
import { type Counterexample, firstBroken } from "./falsify.js";
import { Heap } from "./heap.js";
import { settleLeaf } from "./leaf.js";
import { LeafRecord } from "./leaf-record.js";
import { ProofPart } from "./proof.js";
import type { OutputCase } from "./question.js";

export interface SearchOptions {
  /** No further batch begins after this. */
  readonly deadline: Deadline;
  /** The evaluation that proofs are to hold for. */
  readonly evaluation: Evaluation;
  /** What branches being bounded may take, and half as much again those that wait. */
  readonly budget: Budget;
  /** Where the proof is recorded, if it is. */
  readonly part?: ProofPart;
  /** By activation, the neurons whose slopes are recorded. Default: those that are unstable. */
  readonly listed?: ReadonlyMap<number, Int32Array>;
  readonly onProgress?: (progress: SearchProgress) => void;
}

/** How far branch and bound is. */
export interface SearchProgress {
  /** Branches that were bounded so far. */
  readonly bounded: number;
  /** Branches that are left. */
  readonly waiting: number;
  /** Of all that is left, the lowest bound. */
  readonly bound: number;
}

/** `open`: time or memory ran out, or nothing was left to decide. */
export type SearchOutcome =
  | { readonly kind: "proved"; readonly bounded: number }
  | { readonly kind: "broken"; readonly counterexample: Counterexample; readonly bounded: number }
  | { readonly kind: "open"; readonly bounded: number; readonly bound: number };

const ROOT_ITERATIONS = 20;
const BRANCH_ITERATIONS = 6;
const MOST_BRANCHES = 512;
/** Unstable neurons up to which the bounds above a decision are computed again in every branch. */
export const REFRESHED = 30;

/** A branch with what to decide next; null where everything is decided. */
interface Waiting extends Branch {
  readonly decision: Decision | null;
}

/**
 * Branch and bound over the signs of neurons (β-CROWN): a branch fixes a neuron's side, the decision's multiplier enters the
 * dual and is climbed with the slopes of all lines. Pre-activation bounds are the whole box's, cut by the decisions.
 * The box has no counterexample of the case when every branch is bounded above 0.
 */
export async function searchByNeurons(
  subject: Subject,
  affine: AffineLayers,
  region: Bounds<Float64Array>,
  { bounds, rounding }: RegionBounds,
  own: OutputCase,
  options: SearchOptions,
): Promise<SearchOutcome> {
  const box: BranchedBox = {
    subject,
    affine,
    region,
    bounds,
    rounding,
    case: own,
    unstable: unstableNeurons(subject, bounds),
  };
  return new NeuronSearch(box, options).run();
}

class NeuronSearch {
  readonly #box: BranchedBox;
  readonly #options: SearchOptions;
  readonly #queue = new Heap<Waiting>(({ bound }) => bound);
  readonly #batch: number;
  readonly #mostWaiting: number;
  readonly #refresh: boolean;
  readonly #listed: ReadonlyMap<number, Int32Array>;
  #bounded = 0;
  #recorded = 0;
  /** The lowest bound of branches that nothing can be done about. */
  #stuck = Number.POSITIVE_INFINITY;
  #isStuck = false;
  /** The lowest bound when the batch at hand began. */
  #least = Number.NEGATIVE_INFINITY;
  #found: Counterexample | null = null;

  constructor(box: BranchedBox, options: SearchOptions) {
    this.#box = box;
    this.#options = options;
    const { nodes } = box.subject.network;
    const features = nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const unstable = countUnstable(box.unstable);
    // Bounds, lines, weights with their moments, ν and gradients: some twenty numbers per feature and branch.
    const bytes = 8 * 20 * features;
    const { backend, network } = box.subject;
    const timely = Math.floor(backend.multiplyAddsAtOnce / (3 * costBelow(network, network.output) || 1));
    const most = Math.max(1, Math.min(MOST_BRANCHES, timely));
    this.#batch = options.budget.parts(backend, 2 * bytes, most);
    this.#refresh = unstable <= REFRESHED;
    this.#mostWaiting = Math.max(
      1000,
      Math.floor(options.budget.bytes / 2 / (64 + (this.#refresh ? 24 : 4) * unstable)),
    );
    this.#listed = options.listed ?? box.unstable;
  }

  async run(): Promise<SearchOutcome> {
    const whole = await this.#options.deadline.unlessPassed(() => this.#search());
    return whole ?? { kind: "open", bounded: this.#bounded, bound: Math.min(this.#stuck, this.#least) };
  }

  /** Until it is decided; ends with the deadline's reason where that passes within a batch. */
  async #search(): Promise<SearchOutcome> {
    await this.#bound(
      [
        {
          ...{ splits: [], bound: Number.NEGATIVE_INFINITY, warm: null, bounds: null },
          part: this.#options.part ?? null,
        },
      ],
      ROOT_ITERATIONS,
    );
    while (this.#queue.size > 0 && !this.#found) {
      const { deadline, onProgress } = this.#options;
      if ((await deadline.passes()) || this.#queue.size + this.#recorded > this.#mostWaiting) break;
      onProgress?.({ bounded: this.#bounded, waiting: this.#queue.size, bound: this.#queue.least });
      this.#least = this.#queue.least;
      const parents = this.#queue.take(Math.max(1, this.#batch >> 1));
      const children = parents.flatMap((parent) =>
        parent.decision ? childrenOf(parent, parent.decision) : [],
      );
      if (children.length > 0) await this.#bound(children, BRANCH_ITERATIONS);
    }
    const bounded = this.#bounded;
    if (this.#found) return { kind: "broken", counterexample: this.#found, bounded };
    // Asked of what is left and not of its bounds, which may be infinite where numbers overflow.
    if (this.#queue.size === 0 && !this.#isStuck) return { kind: "proved", bounded };
    return { kind: "open", bounded, bound: Math.min(this.#stuck, this.#queue.least) };
  }

  get #limits(): PieceLimits {
    return { budget: this.#options.budget, signal: this.#options.deadline };
  }

  /** Bounds branches; those that are not proved wait, with what to decide next. */
  async #bound(branches: readonly Branch[], iterations: number): Promise<void> {
    const { deadline } = this.#options;
    const left: Waiting[] = [];
    {
      using batch = await BranchRows.of(this.#box, branches, {
        refresh: this.#refresh,
        limits: this.#limits,
      });
      const record = this.#options.part && new LeafRecord(this.#listed, batch);
      const best = await climb(batch.rows, {
        iterations,
        deadline,
        // A proof that others are to follow has room for their rounding.
        target: record ? Number.POSITIVE_INFINITY : 0,
        ...(record && { onBounds: record.take }),
      });
      this.#bounded += branches.length;
      const seen = await inspect(batch.rows);
      await this.#tryMinimisers(seen.input, branches.length);
      if (this.#found) return;
      const warm = await batch.warmStarts();
      const bounds = this.#refresh ? await batch.bounds.read() : null;
      for (const [column, branch] of branches.entries()) {
        const bound = greatest(branch.bound, best[column], seen.values[column]);
        const crossing = batch.bounds.empty.get(column);
        if (isProof(bound) || crossing) {
          this.#record(branch, record?.leaf(column) ?? crossing);
          continue;
        }
        // Where numbers overflow, one decision may mend it; no more are tried.
        if (branch.splits.length > 0 && !Number.isFinite(bound)) {
          this.#isStuck = true;
          this.#stuck = Math.min(this.#stuck, bound);
          continue;
        }
        const bounded = { ...branch, bound, warm: warm[column], bounds: bounds?.[column] ?? null };
        const decision = promisingDecision(this.#box, bounded, seen.traces, column, branches.length);
        left.push({ ...bounded, decision });
      }
    }
    for (const branch of left) {
      if (branch.decision) this.#queue.push(branch);
      else await this.#settleLeaf(branch);
    }
  }

  /** A branch with nothing left to decide. */
  async #settleLeaf(branch: Branch): Promise<void> {
    using batch = await BranchRows.of(this.#box, [branch], { refresh: this.#refresh, limits: this.#limits });
    const crossing = batch.bounds.empty.get(0);
    if (crossing) return this.#record(branch, crossing);
    const { bound, point } = await settleLeaf(this.#box, branch, batch, this.#options.deadline);
    if (point) await this.#tryPoints(point, 1);
    if (isProof(bound)) {
      if (!this.#options.part) return;
      const record = new LeafRecord(this.#listed, batch);
      await record.take([bound]);
      return this.#record(branch, record.leaf(0));
    }
    this.#isStuck = true;
    this.#stuck = Math.min(this.#stuck, Math.max(bound, branch.bound));
  }

  #record({ part }: Branch, outcome: ProofPart["outcome"] | undefined): void {
    if (!part || !outcome) return;
    part.outcome = outcome;
    this.#recorded += 1;
  }

  /** The corners of the box at which the relaxed bounds are least may break the property. */
  async #tryMinimisers(nu: ArrayLike<number> | null, count: number): Promise<void> {
    const { region } = this.#box;
    if (!nu) return;
    const points = new Float64Array(nu.length);
    for (let f = 0, at = 0; f < region.lower.length; f++) {
      for (let column = 0; column < count; column++, at++) {
        points[at] =
          nu[at] > 0
            ? region.lower[f]
            : nu[at] < 0
              ? region.upper[f]
              : region.lower[f] / 2 + region.upper[f] / 2;
      }
    }
    await this.#tryPoints(points, count);
  }

  async #tryPoints(points: Float64Array, count: number): Promise<void> {
    const { subject, region, case: own } = this.#box;
    const outputs = await outputsAt(subject, points, count);
    const found = await firstBroken(
      ...([subject, points, outputs, Array<OutputCase>(count).fill(own), region] as const),
      this.#options.deadline,
    );
    this.#found ??= found;
  }
}

/** NaN says nothing of a branch. */
function greatest(...bounds: readonly number[]): number {
  return bounds.reduce((most, bound) => (bound > most ? bound : most), Number.NEGATIVE_INFINITY);
}

function childrenOf(branch: Branch, decision: Decision): Branch[] {
  const { warm, bound, bounds } = branch;
  const [above, below] = sidesOf(branch, decision);
  const { node, neuron, value } = decision;
  const parts = branch.part && { above: new ProofPart(), below: new ProofPart() };
  if (branch.part && parts) branch.part.outcome = { kind: "neuron", node, neuron, value, ...parts };
  return [
    { splits: above, bound, warm, bounds, part: parts?.above ?? null },
    { splits: below, bound, warm, bounds, part: parts?.below ?? null },
  ];
}
