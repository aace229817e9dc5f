import {
  add,
  apply,
  dot,
  linear,
  norm,
  scaleBy,
  subtract,
  sumRows,
  Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { FloatArray, Tensor } from "../../compute/backend.js";
import type { Deadline } from "../../compute/deadline.js";
import { type Owners, SHARED } from "../../compute/owners.js";
import { propagateBack } from "../backward.js";
import type { Rounding } from "../rounding.js";
import { wholeRows } from "../view.js";
import type { Domain, FreeVariables } from "./free-variables.js";
import type { MixWeights, SideConstraint, Trace } from "./mixed-dual.js";
import type { Relaxation } from "./relaxation.js";

/** What is bounded from below, one number per row: νᵀz at a node, or Σ share·(C y − d) of a case's rows at the output. */
export type RowsObjective =
  | { readonly kind: "fixed"; readonly node: number; readonly nu: Tensor }
  | { readonly kind: "shared"; readonly node: number; readonly matrix: Tensor; readonly bounds: Tensor };

/** A constraint on the input of an activation; its multipliers are the free variable of that name. */
export interface NamedConstraint {
  /** The activation. */
  readonly node: number;
  readonly side: SideConstraint["side"];
  readonly marks: Tensor;
  readonly values: Tensor | null;
  readonly multipliers: string;
}

/** Rows of a relaxation and the variables that their bounds are free to choose. */
export interface DualRows {
  readonly relaxation: Relaxation;
  readonly objective: RowsObjective;
  readonly owners: Owners;
  readonly rows: number;
  readonly free: FreeVariables;
  readonly constraints: readonly NamedConstraint[];
}

export interface ClimbOptions {
  readonly iterations: number;
  /** No further iteration begins after this. */
  readonly deadline: Deadline;
  /** Rows above this need nothing more; when all are, the climb ends. */
  readonly target: number;
  /** Is shown the bounds of each iteration, before its variables move. */
  readonly onBounds?: (bounds: FloatArray) => Promise<void>;
}

/** Step sizes of the first iteration, and what each later one keeps of them. */
const RATES: Readonly<Record<Domain, number>> = { unit: 0.25, multiplier: 0.3, share: 0.2 };
/** The last iteration's steps are this fraction of the first's. */
const LAST_STEP = 0.5;

export const lowerName = (node: number): string => `lower ${node}`;
export const upperName = (node: number): string => `upper ${node}`;
export const SHARES = "shares";

/** Adds weights for every activation at or below a node, those of CROWN's lines, as many as there are rows. */
export function addWeights(
  free: FreeVariables,
  relaxation: Relaxation,
  end: number,
  owners: Owners,
  rows: number,
): void {
  const { backend } = relaxation.subject;
  const copy = (x: Tensor): Tensor =>
    owners.kind === "own" ? backend.scaleBy(x, 1, 0) : backend.spread(x, owners, rows);
  for (const node of relaxation.choices(end)) {
    const { start, lower, upper } = relaxation.enclosure(node);
    if (lower.length === 2) free.add(lowerName(node), copy(start.value), "unit");
    if (upper.length === 2) {
      const { features } = start.value;
      free.add(upperName(node), backend.filled(features, rows, 1), "unit");
    }
  }
}

/** Lower bounds of all rows `[1, rows]`, the dual objective (equation 8) with the variables as leaves. */
function bound(
  tape: Tape,
  { relaxation, objective, owners, rows, free, constraints }: DualRows,
  leaf: (name: string) => Variable,
  want: { readonly input: boolean; readonly trace?: Trace },
): { readonly value: Variable; readonly input: Variable | undefined } {
  const names = new Set(free.names);
  const optional = (name: string) => (names.has(name) ? leaf(name) : undefined);
  const weights = new Map<number, MixWeights>();
  for (const node of relaxation.choices(objective.node)) {
    weights.set(node, { lower: optional(lowerName(node)), upper: optional(upperName(node)) });
  }
  const byNode = new Map<number, SideConstraint[]>();
  for (const { node, side, marks, values, multipliers } of constraints) {
    const own: SideConstraint = {
      side,
      marks: tape.constant(marks),
      values: values && tape.constant(values),
      multipliers: leaf(multipliers),
    };
    byNode.set(node, [...(byNode.get(node) ?? []), own]);
  }
  const graph = relaxation.graph(tape, objective.node, {
    owners,
    rows,
    weights,
    constraints: byNode,
    ...(want.trace && { trace: want.trace }),
  });
  let nu: Variable;
  let offset: Variable | undefined;
  if (objective.kind === "fixed") nu = tape.constant(objective.nu);
  else {
    const shares = leaf(SHARES);
    nu = linear(tape, tape.constant(objective.matrix), shares);
    offset = dot(tape, shares, tape.constant(objective.bounds), SHARED);
  }
  const { centre, radius, input } = propagateBack(
    tape,
    graph,
    wholeRows(graph, owners),
    { node: objective.node, nu },
    { centre: true, input: want.input },
  );
  const error = objectiveError(tape, relaxation, objective, nu, leaf);
  const width = error ? error.rounding.up(tape, add(tape, radius, error.radius)) : radius;
  const own = subtract(tape, centre as Variable, width);
  const value = offset ? subtract(tape, own, offset) : own;
  if (!error) return { value, input };
  // Each of both differences was rounded; the first may be larger than what is left of it.
  const lost = offset
    ? add(tape, apply(tape, { kind: "abs" }, own), apply(tape, { kind: "abs" }, value))
    : value;
  const lowered = subtract(tape, value, error.rounding.share(tape, apply(tape, { kind: "abs" }, lost)));
  return { value: error.rounding.down(tape, lowered), input };
}

/** What rounding at the rows' node and in their mix may come to, `[1, rows]`; null where it is not counted. */
function objectiveError(
  tape: Tape,
  relaxation: Relaxation,
  objective: RowsObjective,
  nu: Variable,
  leaf: (name: string) => Variable,
): { readonly rounding: Rounding; readonly radius: Variable } | null {
  const { rounding: region } = relaxation;
  const gathered = relaxation.gathered(objective.node);
  if (!region || !gathered) return null;
  const { rounding } = region;
  if (objective.kind === "fixed") {
    const weights = rounding.ofObjective(tape, gathered, nu.value.features);
    return { rounding, radius: scaleBy(tape, norm(tape, nu, weights, SHARED, 1), 1, region.floor) };
  }
  const size = (x: Tensor): Variable => apply(tape, { kind: "abs" }, tape.constant(x));
  const shares = leaf(SHARES);
  const terms = nu.value.features + shares.value.features;
  const weights = rounding.ofObjective(tape, gathered, terms);
  const mixed = linear(tape, size(objective.matrix), shares);
  const ofBounds = dot(tape, shares, size(objective.bounds), SHARED);
  const radius = add(
    tape,
    norm(tape, mixed, weights, SHARED, 1),
    scaleBy(tape, ofBounds, rounding.ofTerms(terms)),
  );
  return { rounding, radius: scaleBy(tape, radius, 1, region.floor) };
}

/** Climbs; gives the best bound of each row. The variables are left where the last step took them. */
export async function climb(task: DualRows, options: ClimbOptions): Promise<Float64Array> {
  const { backend } = task.relaxation.subject;
  const best = new Float64Array(task.rows).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < options.iterations; i++) {
    const last = i === options.iterations - 1;
    using tape = new Tape(backend, { record: !last });
    const leaves = new Map<string, Variable>();
    const leaf = (name: string): Variable => {
      const known = leaves.get(name);
      if (known) return known;
      const made = last ? tape.constant(task.free.get(name)) : tape.leaf(task.free.get(name));
      leaves.set(name, made);
      return made;
    };
    const { value } = bound(tape, task, leaf, { input: false });
    const found = await backend.read(value.value);
    for (const [row, own] of found.entries()) best[row] = Math.max(best[row], own);
    await options.onBounds?.(found);
    if (last || best.every((own) => own > options.target) || (await options.deadline.passes())) break;
    const names = [...leaves.keys()];
    const total = sumRows(tape, value, SHARED, 1);
    const gradients = tape.gradients(total, [...leaves.values()]);
    const kept = new Map<string, Tensor>();
    for (const [at, gradient] of gradients.entries()) if (gradient) kept.set(names[at], gradient);
    const decay = LAST_STEP ** (i / Math.max(1, options.iterations - 1));
    await task.free.climb(kept, {
      unit: RATES.unit * decay,
      multiplier: RATES.multiplier * decay,
      share: RATES.share * decay,
    });
  }
  return best;
}

/** Bounds at the variables as they stand, ν at the input, and ν at the output of each activation. */
export interface Inspection {
  readonly values: FloatArray;
  /** `[features, rows]`; null where nothing depends on the input. */
  readonly input: FloatArray | null;
  readonly traces: ReadonlyMap<number, FloatArray>;
}

/** One pass that looks at what the bounds are made of. */
export async function inspect(task: DualRows): Promise<Inspection> {
  const { backend } = task.relaxation.subject;
  using tape = new Tape(backend, { record: false });
  const kept = new Map<number, Tensor>();
  // Rows on their way are freed as the pass goes on: what is to be read is copied.
  const trace: Trace = (node, nu) => kept.set(node, backend.scaleBy(nu.value, 1, 0));
  const { value, input } = bound(tape, task, (name) => tape.constant(task.free.get(name)), {
    input: true,
    trace,
  });
  const values = await backend.read(value.value);
  const found = new Map<number, FloatArray>();
  for (const [node, tensor] of kept) {
    found.set(node, await backend.read(tensor));
    tensor.dispose();
  }
  return { values, input: input ? await backend.read(input.value) : null, traces: found };
}

/** Bounds at the variables as they stand. */
export async function boundOnce(task: DualRows): Promise<FloatArray> {
  const { backend } = task.relaxation.subject;
  using tape = new Tape(backend, { record: false });
  const { value } = bound(tape, task, (name) => tape.constant(task.free.get(name)), { input: false });
  return backend.read(value.value);
}
