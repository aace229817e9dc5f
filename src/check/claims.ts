import { type HintedPlan, HintReader } from "../formats/certificate/hints.js";
import { type ClaimedRegion, checkRows, regionOf } from "../formats/certificate/region.js";
import type { CertificateCase, Claim, RobustClaim, TreeLeaf } from "../formats/certificate/schema.js";
import { boundPart, type CheckedPart, type Cut, lowerBound, type NeuronTerm } from "./bounds.js";
import type { CheckedNetwork } from "./network.js";
import { down, Refusal } from "./rounding.js";

/**
 * Bounds again all that is claimed of a network; `input` is the example where it is known from elsewhere. Throws a `Refusal`, or
 * a `FormatError`, that says in one line what does not hold or cannot be decided.
 */
export function checkClaim(network: CheckedNetwork, claim: Claim, input?: Float64Array): void {
  const region = regionOf(claim, network.layers[0].to, input);
  const hints = new HintReader(network.layers, claim.neurons);
  if (claim.kind === "robust") checkMargins(network, region, claim, hints.plan(claim.plan));
  else {
    const plans = claim.plans.map((plan) => hints.plan(plan));
    for (const own of claim.cases) checkTree(network, region, own, plans, hints);
  }
}

/** For every other class, z_prediction − z_j is above 0 in the whole region, and at least what is claimed. */
function checkMargins(network: CheckedNetwork, region: ClaimedRegion, claim: RobustClaim, plan: HintedPlan) {
  const { from, to } = network.layers[network.layers.length - 1];
  const { prediction, margins } = claim;
  if (margins.length !== to - from || prediction >= to - from) {
    throw new Refusal(`expected margins of ${to - from} classes, found ${margins.length} of ${prediction}`);
  }
  const part = boundPart(network, region, plan);
  for (const [j, claimed] of margins.entries()) {
    if (j === prediction) continue;
    const own = { neuron: from + prediction, coefficient: 1 };
    const bound = lowerBound(network, part, [own, { neuron: from + j, coefficient: -1 }], 0);
    if (bound > 0 && bound >= claimed) continue;
    throw new Refusal(`margin of class ${j}: expected above 0 and at least ${claimed}, found ${bound}`);
  }
}

/** Decisions on one way from the root: with the rows of a case fewer than the terms that `slack` has room for. */
const DEEPEST = 512;

/** Nowhere in the region are all rows of a case met: every leaf of a tree, whose splits leave nothing out, has a proof of it. */
function checkTree(
  network: CheckedNetwork,
  region: ClaimedRegion,
  { rows, tree }: CertificateCase,
  plans: readonly HintedPlan[],
  hints: HintReader,
): void {
  const { from, to } = network.layers[network.layers.length - 1];
  checkRows(rows, to - from);
  const waiting: { cuts: readonly Cut[]; before: CheckedPart | null }[] = [{ cuts: [], before: null }];
  for (const [at, node] of tree.entries()) {
    const [next, plan] = [waiting.pop(), node.plan === undefined ? null : plans[node.plan]];
    if (!next || next.cuts.length > DEEPEST || plan === undefined) {
      throw new Refusal(`part ${at}: expected no more parts, decisions or plans than there are`);
    }
    const { cuts, before } = next;
    const part = boundPart(network, region, plan, before, cuts.at(-1));
    if ("shares" in node) {
      if (isEmpty(part, cuts)) continue;
      const { terms, constant } = objectiveOf(node, cuts, rows, from);
      const bound = lowerBound(network, part, terms, constant, hints.slopes(node.lines ?? {}));
      if (!(bound > 0)) throw new Refusal(`part ${at}: expected a bound above 0, found ${bound}`);
      continue;
    }
    const neuron = hints.decided(node);
    for (const sign of [1, -1] as const) {
      waiting.push({ before: part, cuts: [...cuts, { neuron, sign, value: node.at }] });
    }
  }
  if (waiting.length > 0) throw new Refusal(`${waiting.length} parts of the region are missing`);
}

/** Whether no input is in a part: a decision puts a neuron where its bounds say that it is not. */
export const isEmpty = ({ lower, upper }: CheckedPart, cuts: readonly Cut[]): boolean =>
  cuts.some(({ neuron, sign, value }) => (sign > 0 ? upper[neuron] < value : lower[neuron] > value));

/** Σ share · (Σ c·y − bound) − Σ multiplier · sign · (z − value): no more than the first sum where the decisions hold. */
export function objectiveOf(
  { shares, multipliers = [] }: TreeLeaf,
  cuts: readonly Cut[],
  rows: CertificateCase["rows"],
  output: number,
): { readonly terms: readonly NeuronTerm[]; readonly constant: number } {
  let [constant, terms]: [number, NeuronTerm[]] = [0, []];
  for (const [r, row] of rows.entries()) {
    for (const [k, c] of row.terms) terms.push({ neuron: output + k, coefficient: shares[r] * c });
    constant = down(constant + down(-shares[r] * row.bound));
  }
  for (const [i, { neuron, sign, value }] of cuts.entries()) {
    const multiplier = sign * (multipliers[i] ?? 0);
    terms.push({ neuron, coefficient: -multiplier });
    constant = down(constant + down(multiplier * value));
  }
  return { terms, constant };
}
