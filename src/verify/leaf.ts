import type { Backend } from "../compute/backend.js";
import type { Deadline } from "../compute/deadline.js";
import { boundOnce, inspect } from "../dual/slopes/dual-rows.js";
import { sizeOf } from "../network/shape.js";
import type { Branch, BranchedBox } from "./branch.js";
import type { BranchRows } from "./branch-rows.js";
import { solveProgram } from "./linear-program.js";

/** What breaking a decision costs in the program, against the case's own value. */
const PENALTY = 1e4;

/** Values of a node's features as functions of δ = x − x̂: `constant + slope·δ`. */
interface LinearForm {
  readonly constant: number;
  readonly slope: Float64Array;
}

/** What became of a branch in which everything is decided. */
export interface LeafOutcome {
  readonly bound: number;
  /** Where the program has its least value. */
  readonly point: Float64Array | null;
}

/**
 * The exact bound of a branch in which every neuron is decided: the network is linear there, so that the least value of the
 * case's rows under the decisions is a linear program's. Its multipliers become the dual's variables, and the bound is the
 * dual's own: sound whatever the solver answers. Decisions may be broken at a price, so that an empty branch has multipliers
 * that prove it. Throws the deadline's reason.
 */
export async function settleLeaf(
  box: BranchedBox,
  branch: Branch,
  batch: BranchRows,
  deadline?: Deadline,
): Promise<LeafOutcome> {
  const { region, case: own } = box;
  const features = region.lower.length;
  const cases = await caseForms(box, batch);
  const decisions = await decisionForms(box, branch, batch, deadline);
  // Columns: δ, the case's value t, and how far decisions are broken.
  const columns = features + 2;
  const rows = cases.length + decisions.length;
  const matrix = new Float64Array(rows * columns);
  const [rowLower, rowUpper] = [new Float64Array(rows), new Float64Array(rows)];
  for (const [row, { constant, slope }] of cases.entries()) {
    for (let f = 0; f < features; f++) matrix[row * columns + f] = -slope[f];
    matrix[row * columns + features] = 1;
    rowLower[row] = constant - own.bounds[row];
    rowUpper[row] = Number.POSITIVE_INFINITY;
  }
  for (const [i, { constant, slope }] of decisions.entries()) {
    const row = cases.length + i;
    const { side, value } = branch.splits[i];
    matrix.set(slope, row * columns);
    matrix[row * columns + features + 1] = side === "above" ? 1 : -1;
    rowLower[row] = side === "above" ? value - constant : Number.NEGATIVE_INFINITY;
    rowUpper[row] = side === "above" ? Number.POSITIVE_INFINITY : value - constant;
  }
  const [lower, upper] = [new Float64Array(columns), new Float64Array(columns)];
  for (let f = 0; f < features; f++) {
    const radius = (region.upper[f] - region.lower[f]) / 2;
    [lower[f], upper[f]] = [-radius, radius];
  }
  [lower[features], upper[features]] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  upper[features + 1] = Number.POSITIVE_INFINITY;
  const cost = new Float64Array(columns);
  [cost[features], cost[features + 1]] = [1, PENALTY];
  const solved = await solveProgram({ cost, lower, upper, matrix, rowLower, rowUpper }, deadline?.left);
  if (!solved) return { bound: Number.NEGATIVE_INFINITY, point: null };
  const size = (i: number) => Math.abs(solved.multipliers[i]);
  batch.setVariables(
    cases.map((_, row) => size(row)),
    branch.splits.map((_, i) => size(cases.length + i)),
  );
  const [bound] = await boundOnce(batch.rows);
  const point = region.lower.map((low, f) => {
    const middle = low / 2 + region.upper[f] / 2;
    return Math.min(region.upper[f], Math.max(low, middle + solved.solution[f]));
  });
  return { bound, point };
}

/** The rows of the case, C y, over the branch's lines. */
async function caseForms(
  { subject, case: own, region }: BranchedBox,
  batch: BranchRows,
): Promise<LinearForm[]> {
  const forms: LinearForm[] = [];
  for (let row = 0; row < own.rows; row++) {
    const nu = own.coefficients.slice(row * own.outputs, (row + 1) * own.outputs);
    forms.push(await formOf(subject.backend, batch, subject.network.output, nu, region));
  }
  return forms;
}

/** The neurons of the decisions before their activation. */
async function decisionForms(
  { subject, region }: BranchedBox,
  { splits }: Branch,
  batch: BranchRows,
  deadline: Deadline | undefined,
): Promise<LinearForm[]> {
  const { network, backend } = subject;
  const forms: LinearForm[] = [];
  for (const { node, neuron } of splits) {
    deadline?.throwIfAborted();
    const below = network.nodes[node].inputs[0] as number;
    const nu = new Float64Array(sizeOf(network.nodes[below].shape));
    nu[neuron] = 1;
    forms.push(await formOf(backend, batch, below, nu, region));
  }
  return forms;
}

async function formOf(
  backend: Backend,
  batch: BranchRows,
  node: number,
  values: Float64Array,
  { lower, upper }: BranchedBox["region"],
): Promise<LinearForm> {
  const nu = backend.upload(values.length, 1, values);
  try {
    const { rows } = batch;
    const seen = await inspect({ ...rows, objective: { kind: "fixed", node, nu }, constraints: [] });
    const slope = Float64Array.from(seen.input ?? new Float64Array(lower.length));
    // The bound is the value at the middle of the box less what the box allows.
    let constant = seen.values[0];
    for (let f = 0; f < slope.length; f++) constant += (Math.abs(slope[f]) * (upper[f] - lower[f])) / 2;
    return { constant, slope };
  } finally {
    nu.dispose();
  }
}
