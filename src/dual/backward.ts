import {
  add,
  combine,
  dot,
  gather,
  norm,
  reshape,
  scaleBy,
  slice,
  sum,
  type Tape,
  type Variable,
} from "../autodiff/index.js";
import type { BackwardStart, BackwardStep } from "../compute/backend.js";
import { SHARED } from "../compute/owners.js";
import { sizeOf } from "../network/shape.js";
import { canWalkAtOnce, stepsBetween } from "./backward-program.js";
import type { DualGraph } from "./dual-graph.js";
import type { Want } from "./dual-layer.js";
import { hasSteps, type View } from "./view.js";

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
 * Where nothing is recorded, and ν at the input is not wanted, layers with steps are walked in one operation.
 */
export function propagateBack(tape: Tape, graph: DualGraph, view: View, start: Start, want: Want): Objective {
  if (!tape.recording && !want.input) {
    const objective = objectiveAtOnce(tape, graph, view, start, want);
    if (objective) return objective;
  }
  const walk = new BackwardWalk(tape, graph, view, want);
  walk.begin(start);
  for (let node = start.node; node > 0; node--) walk.pass(node);
  return walk.finish();
}

/** Whether whole rows that start as unit vectors of a node are bounded by one operation that keeps nothing on the way. */
export function passesAtOnce(graph: DualGraph, node: number): boolean {
  const first = graph.layers[node];
  const [below] = graph.network.nodes[node].inputs as readonly number[];
  return (
    first?.kind === "affine" &&
    first.lines !== undefined &&
    canWalkAtOnce(graph, (at) => hasSteps(graph, at), below)
  );
}

/** Rows to begin with, the node at whose value they are, and what their first layer adds to the centre. */
interface Begun {
  readonly rows: BackwardStart;
  readonly from: number;
  readonly offset?: Variable | undefined;
  /** What was made for this alone. */
  readonly made?: Variable;
}

/** The objective by one operation; undefined where some layer has no steps. */
function objectiveAtOnce(
  tape: Tape,
  graph: DualGraph,
  view: View,
  start: Start,
  want: Want,
): Objective | undefined {
  const begun = beginAtOnce(tape, graph, view, start);
  if (!begun) return undefined;
  const { rows, from } = begun;
  const steps = stepsBetween(tape, graph, view, from, 0, want) as BackwardStep[];
  // Radii have no sign.
  if (!("nu" in start) && start.sign < 0 && want.centre) steps.unshift(turned(tape, rows));
  const { values, ...reading } = view.readAtInput(graph.ballRadius);
  const { inputError, rounding, ballCentre } = graph;
  if (inputError) steps.push(inputErrorStep(tape, view, inputError));
  if (want.centre && rounding) steps.push(inputErrorStep(tape, view, rounding.ofCentre(tape, ballCentre)));
  const centre = want.centre ? { centre: view.readAtInput(ballCentre).values.value } : {};
  const end = { radius: values.value, ...centre, ...reading, order: graph.dualOrder };
  const found = tape.own(tape.backend.backward(rows, steps, end));
  if (begun.made) tape.discard(begun.made);
  if (!want.centre) return { centre: undefined, radius: atLeast(tape, graph, found) };
  const [radius, middle] = [0, 1].map((line) => slice(tape, found, line, 1));
  const { offset } = begun;
  return {
    centre: offset ? combine(tape, 1, middle, "nu" in start ? 1 : start.sign, offset) : middle,
    radius: atLeast(tape, graph, radius),
  };
}

/** Null where some layer has no steps: nothing is made then. */
function beginAtOnce(tape: Tape, graph: DualGraph, view: View, start: Start): Begun | null {
  const walks = (from: number) => canWalkAtOnce(graph, view.hasSteps, from);
  const { node } = start;
  if ("nu" in start) {
    return walks(node) ? { rows: { kind: "rows", nu: start.nu.value }, from: node } : null;
  }
  const { index } = start;
  const below = graph.network.nodes[node].inputs[0] as number;
  const layer = graph.layers[node];
  const own = layer?.kind === "affine" ? layer.offset : undefined;
  const offset = () => own && reshape(tape, gather(tape, own, index), 1, index.length);
  if (!walks(below)) return null;
  const lines = view.lines(tape, node, index);
  if (lines) {
    const rows: BackwardStart = { kind: "lines", matrix: lines.matrix.value, index: lines.index };
    if (lines.at === "input") return { rows, from: below, offset: offset() };
    return walks(node) ? { rows, from: node } : null;
  }
  const units = view.units(tape, node, index);
  if (units?.at === "input") {
    const { nu } = units;
    return { rows: { kind: "rows", nu: nu.value }, from: below, offset: offset(), made: nu };
  }
  if (!walks(node)) return null;
  const nu = units ? units.nu : unitVectors(tape, graph, { ...start, sign: 1 });
  return { rows: { kind: "rows", nu: nu.value }, from: node, made: nu };
}

/** ±unit vectors of a node's features. */
function unitVectors(
  tape: Tape,
  { network }: DualGraph,
  { node, index, sign }: Extract<Start, { index: Int32Array }>,
): Variable {
  const features = sizeOf(network.nodes[node].shape);
  const values = new Float64Array(features * index.length);
  index.forEach((feature, row) => {
    values[feature * index.length + row] = sign;
  });
  return tape.own(tape.backend.upload(features, index.length, values));
}

/** ν ← −ν, all rows alike. */
function turned(tape: Tape, rows: BackwardStart): BackwardStep {
  const features = rows.kind === "rows" ? rows.nu.features : rows.matrix.rows;
  return { kind: "scale", scale: tape.own(tape.backend.filled(features, 1, -1)).value, owners: SHARED };
}

/** Rounding at the input as parallel lines of slope 1. */
function inputErrorStep(tape: Tape, view: View, error: Variable): BackwardStep {
  const { features, rows } = error.value;
  const slope = tape.own(tape.backend.filled(features, rows, 1));
  const { values, ...reading } = view.readAtInput(error);
  return { kind: "enclose", slope: view.readAtInput(slope).values.value, radius: values.value, ...reading };
}

/** A radius that is not smaller for having been computed. */
function atLeast(tape: Tape, { rounding, dualOrder }: DualGraph, radius: Variable): Variable {
  return rounding ? rounding.radius(tape, radius, dualOrder) : radius;
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
    } else this.#beginAtUnits(start);
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

  #beginAtUnits(start: Extract<Start, { index: Int32Array }>): void {
    const tape = this.#tape;
    const { node, index, sign } = start;
    const layer = this.#graph.layers[node];
    const signed = (x: Variable): Variable => (sign === 1 ? x : scaleBy(tape, x, -1));
    const units = this.#view.units(tape, node, index);
    if (!units) {
      this.#pending[node].push(unitVectors(tape, this.#graph, start));
      return;
    }
    if (units.at === "value") {
      this.#pending[node].push(signed(units.nu));
      return;
    }
    const offset = layer?.kind === "affine" ? layer.offset : undefined;
    if (this.#want.centre && offset) {
      this.#centre.push(signed(reshape(tape, gather(tape, offset, index), 1, index.length)));
    }
    this.#hand(node, [signed(units.nu)]);
  }

  /** A layer that is all collected hands nothing on. */
  #hand(node: number, nus: readonly Variable[]): void {
    const { inputs } = this.#graph.network.nodes[node];
    nus.forEach((nu, i) => {
      this.#pending[inputs[i]].push(nu);
    });
  }

  /** Frees rows that no branch still waits for. */
  #discard(nu: Variable): void {
    const waits = this.#pending.some((list) => list.some(({ value }) => value === nu.value));
    if (!waits && nu.value !== this.#given?.value) this.#tape.discard(nu);
  }

  #take(node: number): Variable | undefined {
    const [first, ...others] = this.#pending[node];
    this.#pending[node] = [];
    return others.reduce((total, term) => add(this.#tape, total, term), first);
  }
}
