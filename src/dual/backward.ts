import {
  add,
  dot,
  gather,
  norm,
  reshape,
  scaleBy,
  sum,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { BackwardStart, BackwardStep } from "../compute/backend.js";
import { sizeOf } from "../network/shape.js";
import type { DualGraph } from "./dual-graph.js";
import type { Want } from "./dual-layer.js";
import type { View } from "./view.js";

/** Where ν starts: rows given at a node's value `[features, R]`, or ±unit vectors of its features. */
export type Start =
  | { readonly node: number; readonly nu: Variable }
  | { readonly node: number; readonly index: Int32Array; readonly sign: 1 | -1 };

/** A lower bound of νᵀz over the ball is centre − radius, each `[1, R]`. The centre is absent where not wanted. */
export interface Objective {
  readonly centre: Variable | undefined;
  readonly radius: Variable;
  /** ν at the input `[features, R]`, where it is wanted and anything depends on the input. */
  readonly input?: Variable;
}

/**
 * The dual objective (equation 8) for rows ν that start at a node: back through the layers in reverse topological
 * order, as reverse-mode differentiation does; a fan-out adds the ν of its branches (Theorem 1 for any graph). Each layer
 * adds its terms, the input adds the ball's support function. The sign is that of a lower bound: the paper's ν₁ is −ν here.
 *
 * Where nothing is recorded and the radius alone is wanted, a chain of layers with steps is walked in one operation.
 */
export function propagateBack(tape: Tape, graph: DualGraph, view: View, start: Start, want: Want): Objective {
  if (!tape.recording && !want.centre && !want.input) {
    const radius = radiusAtOnce(tape, graph, view, start);
    if (radius) return { centre: undefined, radius: atLeast(tape, graph, radius) };
  }
  const walk = new BackwardWalk(tape, graph, view, want);
  walk.begin(start);
  for (let node = start.node; node > 0; node--) walk.pass(node);
  return walk.finish();
}

/** The nodes from one back to another, the last left out, if each has one input and a step; else null. */
function chainBetween({ network, layers }: DualGraph, from: number, to: number): number[] | null {
  const chain: number[] = [];
  for (let at = from; at !== to; [at] = network.nodes[at].inputs) {
    if (at < to || network.nodes[at].inputs.length !== 1 || !layers[at]?.step) return null;
    chain.push(at);
  }
  return chain;
}

/** The steps of rows from a node's value back to another's, if all between is a chain of layers with steps; else null. */
export function stepsBetween(
  tape: Tape,
  graph: DualGraph,
  view: View,
  from: number,
  to: number,
): BackwardStep[] | null {
  return chainBetween(graph, from, to)?.flatMap((node) => view.steps(tape, node)) ?? null;
}

/** Whether whole rows that start as unit vectors of a node are bounded by one operation that keeps nothing on the way. */
export function passesAtOnce(graph: DualGraph, node: number): boolean {
  const first = graph.layers[node];
  const [below] = graph.network.nodes[node].inputs;
  return first?.kind === "affine" && first.lines !== undefined && chainBetween(graph, below, 0) !== null;
}

/** The radius by one operation; undefined where the graph is no chain of steps, or unit vectors must be made first. */
function radiusAtOnce(tape: Tape, graph: DualGraph, view: View, start: Start): Variable | undefined {
  const { inputs } = graph.network.nodes[start.node];
  if (!("nu" in start) && inputs.length !== 1) return undefined;
  const from = "nu" in start ? start.node : (inputs[0] as number);
  if (!chainBetween(graph, from, 0)) return undefined;
  const rows = rowsOf(tape, view, start);
  if (!rows) return undefined;
  const steps = stepsBetween(tape, graph, view, from, 0) as BackwardStep[];
  const { values, owners } = view.atInput(tape, graph.ballRadius);
  if (graph.inputError) steps.push(inputErrorStep(tape, view, graph.inputError));
  const end = { radius: values.value, owners, order: graph.dualOrder };
  const radius = tape.own(tape.backend.backward(rows, steps, end));
  if (rows.kind === "rows" && !("nu" in start)) tape.discard({ value: rows.nu, tracked: false });
  return radius;
}

/** Rounding at the input as parallel lines of slope 1. */
function inputErrorStep(tape: Tape, view: View, error: Variable): BackwardStep {
  const { features, rows } = error.value;
  const slope = tape.own(tape.backend.filled(features, rows, 1));
  const seen = view.atInput(tape, error);
  return {
    kind: "enclose",
    slope: view.atInput(tape, slope).values.value,
    radius: seen.values.value,
    owners: seen.owners,
  };
}

/** A radius that is not smaller for having been computed. */
function atLeast(tape: Tape, { rounding, dualOrder }: DualGraph, radius: Variable): Variable {
  return rounding ? rounding.radius(tape, radius, dualOrder) : radius;
}

/** Rows to start the one operation with; undefined for unit vectors without a short cut. Radii have no sign. */
function rowsOf(tape: Tape, view: View, start: Start): BackwardStart | undefined {
  if ("nu" in start) return { kind: "rows", nu: start.nu.value };
  const lines = view.lines(start.node, start.index);
  if (lines) return { kind: "lines", matrix: lines.matrix.value, index: lines.index };
  const nu = view.units(tape, start.node, start.index);
  return nu && { kind: "rows", nu: nu.value };
}

/** Rows on their way, node by node, with all that the layers have added so far. */
class BackwardWalk {
  readonly #tape: Tape;
  readonly #graph: DualGraph;
  readonly #view: View;
  readonly #want: Want;
  readonly #pending: Variable[][];
  /** Rows that the caller gave and may still need. */
  #given: Variable | undefined;
  readonly #centre: Variable[] = [];
  readonly #radius: Variable[] = [];

  constructor(tape: Tape, graph: DualGraph, view: View, want: Want) {
    this.#tape = tape;
    this.#graph = graph;
    this.#view = view;
    this.#want = want;
    this.#pending = graph.network.nodes.map(() => []);
  }

  begin(start: Start): void {
    if ("nu" in start) {
      this.#given = start.nu;
      this.#pending[start.node].push(start.nu);
    } else this.#beginAtUnits(start.node, start.index, start.sign);
  }

  /** Takes what has arrived at a node through its layer. */
  pass(node: number): void {
    const nu = this.#take(node);
    if (!nu) return;
    const { nus, centre, radius } = this.#view.back(this.#tape, node, nu, this.#want);
    if (centre) this.#centre.push(centre);
    if (radius) this.#radius.push(radius);
    this.#hand(node, nus);
    this.#discard(nu);
  }

  /** Adds the ball's support function, x̂ᵀν and ‖r ⊙ ν‖ in the dual norm. */
  finish(): Objective {
    const tape = this.#tape;
    const nu = this.#take(0);
    if (nu) {
      const { ballCentre, ballRadius, dualOrder, inputError, rounding } = this.#graph;
      const { values, owners } = this.#view.atInput(tape, ballRadius);
      this.#radius.push(norm(tape, nu, values, owners, dualOrder));
      if (inputError) this.#addInputRadius(nu, inputError);
      if (this.#want.centre) {
        const seen = this.#view.atInput(tape, ballCentre);
        this.#centre.push(dot(tape, nu, seen.values, seen.owners));
        if (rounding) this.#addInputRadius(nu, rounding.ofCentre(tape, ballCentre));
      }
      if (!this.#want.input) this.#discard(nu);
    }
    return {
      centre: this.#want.centre ? sum(tape, this.#centre) : undefined,
      radius: atLeast(tape, this.#graph, sum(tape, this.#radius)),
      ...(this.#want.input && nu && { input: nu }),
    };
  }

  #addInputRadius(nu: Variable, radius: Variable): void {
    const { values, owners } = this.#view.atInput(this.#tape, radius);
    this.#radius.push(norm(this.#tape, nu, values, owners, 1));
  }

  #beginAtUnits(node: number, index: Int32Array, sign: 1 | -1): void {
    const tape = this.#tape;
    const layer = this.#graph.layers[node];
    const signed = (x: Variable): Variable => (sign === 1 ? x : scaleBy(tape, x, -1));
    const below = this.#view.units(tape, node, index);
    if (!below) {
      const features = sizeOf(this.#graph.network.nodes[node].shape);
      const values = new Float64Array(features * index.length);
      index.forEach((feature, row) => {
        values[feature * index.length + row] = sign;
      });
      this.#pending[node].push(tape.own(tape.backend.upload(features, index.length, values)));
      return;
    }
    const offset = layer?.kind === "affine" ? layer.offset : undefined;
    if (this.#want.centre && offset) {
      this.#centre.push(signed(reshape(tape, gather(tape, offset, index), 1, index.length)));
    }
    this.#hand(node, [signed(below)]);
  }

  #hand(node: number, nus: readonly Variable[]): void {
    this.#graph.network.nodes[node].inputs.forEach((input, i) => {
      this.#pending[input].push(nus[i]);
    });
  }

  /** Frees rows that no branch still waits for. */
  #discard(nu: Variable): void {
    const waits = this.#pending.some((list) => list.some(({ value }) => value === nu.value));
    if (!waits && nu.value !== this.#given?.value) this.#tape.discard(nu);
  }

  #take(node: number): Variable | undefined {
    const arrived = this.#pending[node];
    this.#pending[node] = [];
    if (arrived.length <= 1) return arrived[0];
    return arrived.slice(1).reduce((total, term) => add(this.#tape, total, term), arrived[0]);
  }
}
