import { dot, norm, reshape, spread, subtract, type Tape, type Variable } from "../autodiff/index.js";
import type { Backend } from "../compute/backend.js";
import { indexedOwners, type Owners, repeatOwners } from "../compute/owners.js";
import { UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import type { Ball } from "../threat/ball.js";
import type { Guarantee } from "../threat/guarantee.js";
import { isProof } from "../threat/proof.js";
import { propagateBack } from "./backward.js";
import { stepsBetween } from "./backward-program.js";
import { boundInPieces, type ObjectiveRows } from "./bound-in-pieces.js";
import type { BoxState } from "./box.js";
import type { DualGraph } from "./dual-graph.js";
import type { NodeBounds } from "./dual-layer.js";
import type { BoundMethod } from "./dual-options.js";
import type { Estimator } from "./estimator.js";
import { forwardMargins } from "./forward-margins.js";
import type { GeneratorPass, Stream } from "./generators.js";
import { allMargins, checkLabels, type Margin, objectiveOf, placed } from "./margin.js";
import { type IsHopeless, type SettledMargins, settleMargins } from "./open-margins.js";
import type { PieceLimits } from "./pieces.js";
import type { Rounding } from "./rounding.js";
import { Sketcher } from "./sketch.js";
import { wholeRows } from "./view.js";

/** The last activation, and the box after it. */
export interface LastBox {
  readonly node: number;
  readonly box: BoxState;
}

/**
 * The dual network of any feed-forward graph over a ball, built layer by layer (Theorem 1, Algorithm 1). `guarantee` says
 * whether its bounds are deterministic, or whether estimates entered, and what these are worth.
 */
export class DualNetwork {
  /** Pre-activation bounds by node: the bounds of the input of each activation, `[n, examples]`. */
  readonly preActivation: NodeBounds;
  /** How many neurons were unstable, by node, all examples together. */
  readonly unstableCounts: ReadonlyMap<number, number>;
  /** Nodes whose bounds are estimates. */
  readonly estimated: readonly number[];
  /** What the bounds are worth. */
  readonly guarantee: Guarantee;
  readonly network: Network;
  readonly ball: Ball;
  readonly method: BoundMethod;
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #states: readonly BoxState[];
  /** What underflows in ν on its way from the output, `[1, examples]`, where rounding is counted. */
  readonly #floor: Variable | undefined;
  readonly #output: BoxState;
  /** Generators at the output, in the forward direction. */
  readonly #streams: readonly Stream[] | null;
  readonly #lastBox: LastBox | null;
  readonly #generators: GeneratorPass | null;
  readonly #limits: PieceLimits;
  #objectiveError: Variable | undefined;

  /**
   * Made by `buildDual`.
   * @internal
   */
  constructor(parts: {
    tape: Tape;
    graph: DualGraph;
    ball: Ball;
    method: BoundMethod;
    states: readonly BoxState[];
    floor: Variable | undefined;
    streams: readonly Stream[] | null;
    generators: GeneratorPass | null;
    lastBox: LastBox | null;
    preActivation: NodeBounds;
    unstableCounts: ReadonlyMap<number, number>;
    estimated: readonly number[];
    estimator: Estimator | null;
    limits: PieceLimits;
  }) {
    this.#tape = parts.tape;
    this.#graph = parts.graph;
    this.#states = parts.states;
    this.#floor = parts.floor;
    this.#output = parts.states[parts.graph.network.output];
    this.#streams = parts.streams;
    this.#generators = parts.generators;
    this.#lastBox = parts.lastBox;
    this.#limits = parts.limits;
    this.estimated = parts.estimated;
    this.guarantee =
      parts.estimator && parts.estimated.length > 0 ? parts.estimator.guarantee : "deterministic";
    this.network = parts.graph.network;
    this.ball = parts.ball;
    this.method = parts.method;
    this.preActivation = parts.preActivation;
    this.unstableCounts = parts.unstableCounts;
  }

  /**
   * J of Theorem 1: a lower bound of cᵀf(z) over each row's ball, c `[classes, R]` → `[1, R]`. Always by the backward direction.
   */
  lowerBound(c: Variable, owners: Owners): Variable {
    return this.#bound(this.#tape, c, owners);
  }

  #bound(tape: Tape, c: Variable, owners: Owners): Variable {
    const start = { node: this.network.output, nu: c };
    const view = wholeRows(this.#graph, owners);
    if (this.method !== "adaptive") {
      const { radius } = propagateBack(tape, this.#graph, view, start, { centre: false });
      return this.#below(tape, c, owners, dot(tape, c, this.#output.centre, owners), radius);
    }
    const { centre, radius } = propagateBack(tape, this.#graph, view, start, { centre: true });
    return this.#below(tape, c, owners, centre as Variable, radius);
  }

  /** centre − radius, and less than that by what rounding at the output and in this sum may come to. */
  #below(tape: Tape, c: Variable, owners: Owners, centre: Variable, radius: Variable): Variable {
    const { rounding } = this.#graph;
    if (!rounding) return subtract(tape, centre, radius);
    // All pieces read it.
    const own = this.#tape;
    this.#objectiveError ??= rounding.ofObjective(own, rounding.gathered(this.#output), this.network.classes);
    const error = norm(tape, c, this.#objectiveError, owners, 1);
    const floor = this.#floor && spread(tape, this.#floor, owners, c.value.rows);
    return rounding.below(tape, centre, floor ? [radius, error, floor] : [radius, error]);
  }

  /** As `lowerBound`, with ν at the input `[features, R]`: how the bound depends on each input. Undefined if it does not. */
  lowerBoundAtInput(
    c: Variable,
    owners: Owners,
  ): { readonly bound: Variable; readonly input: Variable | undefined } {
    const tape = this.#tape;
    const start = { node: this.network.output, nu: c };
    const view = wholeRows(this.#graph, owners);
    const want = { centre: this.method === "adaptive", input: true };
    const { centre, radius, input } = propagateBack(tape, this.#graph, view, start, want);
    const value = centre ?? dot(tape, c, this.#output.centre, owners);
    return { bound: this.#below(tape, c, owners, value, radius), input };
  }

  /**
   * Radii of all neurons of a node over this network's own lines, `[n, examples]`: by a row per neuron, or what an
   * estimator makes of them. For inspection: no gradient passes. Lines must be parallel.
   */
  radiusAt(node: number, estimator?: Estimator): Variable {
    const tape = this.#tape;
    if (this.method !== "parallel") throw new UsageError("radiusAt: expected parallel lines, got two slopes");
    if (estimator) {
      return tape.aside((piece) => new Sketcher(piece, this.#graph, estimator).radius(node));
    }
    const features = sizeOf(this.network.nodes[node].shape);
    const { examples } = this.ball;
    const index = Int32Array.from({ length: features * examples }, (_, i) => Math.floor(i / examples));
    const owners = indexedOwners(index.map((_, i) => i % examples));
    return tape.aside((piece) => {
      const start = { node, index, sign: 1 } as const;
      const view = wholeRows(this.#graph, owners);
      const { radius } = propagateBack(piece, this.#graph, view, start, { centre: false });
      return reshape(piece, radius, features, examples);
    });
  }

  /**
   * Lower bounds of z_label − z_j for every class j, 0 at the label (Corollary 1): `[classes, examples]`. Throws a `ShapeError` or a
   * `UsageError` unless there is a label of a known class for each example.
   */
  margins(labels: Int32Array): Variable {
    const { classes } = this.network;
    const { examples } = this.ball;
    const tape = this.#tape;
    checkLabels(labels, classes, examples);
    if (this.#streams && this.#generators) {
      return forwardMargins(tape, this.#graph, {
        labels,
        output: this.#output,
        streams: this.#streams,
        errors: this.#generators.errors,
      });
    }
    const margins = allMargins(labels, classes);
    const lower = this.lowerBound(this.#objective(margins), repeatOwners(classes - 1));
    return this.#placed(lower, margins);
  }

  /** As `margins`, where nothing is recorded piece after piece, within the budget. Throws the signal's reason. */
  async marginsInPieces(labels: Int32Array): Promise<Variable> {
    if (this.#streams || this.#tape.recording) return this.margins(labels);
    checkLabels(labels, this.network.classes, this.ball.examples);
    const margins = allMargins(labels, this.network.classes);
    return this.#placed(await this.boundMargins(margins), margins);
  }

  /** Lower bounds of some margins, `[margins, 1]`, piece after piece. */
  async boundMargins(margins: readonly Margin[]): Promise<Variable> {
    const owner = Int32Array.from(margins, ({ example }) => example);
    return this.boundInPieces(margins.length, (begin, end) => ({
      c: objectiveOf(margins.slice(begin, end), this.network.classes),
      owner: owner.slice(begin, end),
    }));
  }

  /** As `lowerBound` for so many rows, `[rows, 1]`; see `boundInPieces`. */
  async boundInPieces(rows: number, piece: (begin: number, end: number) => ObjectiveRows): Promise<Variable> {
    return boundInPieces(this.#tape, this.network, this.#limits, rows, piece, (tape, c, owners) =>
      this.#bound(tape, c, owners),
    );
  }

  /**
   * Rounding at every node that an activation reads, and at the output; null where it is not counted.
   * @internal
   */
  gathered(): {
    readonly rounding: Rounding;
    readonly nodes: ReadonlyMap<number, { readonly size: Variable; readonly error: Variable | undefined }>;
    readonly floor: Variable | undefined;
  } | null {
    const { rounding } = this.#graph;
    if (!rounding) return null;
    const nodes = [...this.preActivation.keys(), this.network.output];
    return {
      rounding,
      floor: this.#floor,
      nodes: new Map(
        nodes.map((node) => {
          const state = this.#states[node];
          return [node, { size: rounding.magnitude(this.#tape, state), error: state.error }];
        }),
      ),
    };
  }

  /** Where its tensors lie. */
  get backend(): Backend {
    return this.#tape.backend;
  }

  /**
   * As `margins`, but where the box after the last activations already proves a margin, its bound is the box's: sound, and above 0
   * only where that of `margins` is, too. Others are bounded as `settleMargins` says; `bounded` counts them. Waits for the backend.
   */
  async openMargins(
    labels: Int32Array,
    isHopeless: IsHopeless = (_margin, bound) => !isProof(bound),
  ): Promise<SettledMargins> {
    const { classes } = this.network;
    checkLabels(labels, classes, this.ball.examples);
    const tape = this.#tape;
    const all = allMargins(labels, classes);
    const loose = this.#looseBound(this.#objective(all), repeatOwners(classes - 1));
    if (!loose) return { bounds: await this.marginsInPieces(labels), bounded: all.length };
    const flat = reshape(tape, loose, all.length, 1);
    const bound = (rows: readonly Margin[]) => this.boundMargins(rows);
    const { bounds, bounded } = await settleMargins(tape, all, flat, isHopeless, bound);
    return { bounds: this.#placed(bounds, all), bounded };
  }

  /** J over the box after the last activation; undefined where there is none, or more between than a chain. */
  #looseBound(objective: Variable, owners: Owners): Variable | undefined {
    const tape = this.#tape;
    if (!this.#lastBox || this.method !== "parallel" || tape.recording) return undefined;
    const { node, box } = this.#lastBox;
    const view = wholeRows(this.#graph, owners);
    const steps = stepsBetween(tape, this.#graph, view, this.network.output, node, { centre: false });
    if (!steps) return undefined;
    const end = { radius: box.radius.value, owners, order: 1 } as const;
    const own = tape.own(tape.backend.backward({ kind: "rows", nu: objective.value }, steps, end));
    const { rounding } = this.#graph;
    const width = rounding ? rounding.radius(tape, own, 1) : own;
    return this.#below(tape, objective, owners, dot(tape, objective, this.#output.centre, owners), width);
  }

  /** Rows e_label − e_other, `[classes, margins]`. */
  #objective(margins: readonly Margin[]): Variable {
    const { classes } = this.network;
    const c = objectiveOf(margins, classes);
    return this.#tape.own(this.#tape.backend.upload(classes, margins.length, c));
  }

  #placed(lower: Variable, margins: readonly Margin[]): Variable {
    return placed(this.#tape, lower, margins, this.network.classes, this.ball.examples);
  }
}
