import type { CheckedNetwork } from "../../check/network.js";
import type { ClaimedRegion } from "../../formats/certificate/region.js";
import type { CertificateRow } from "../../formats/certificate/schema.js";
import type { CaseProof, ProofPart } from "../../verify/proof.js";
import type { OutputCase } from "../../verify/question.js";
import type { ListedNeurons } from "./encode-hints.js";
import { type FoundHints, findHints, LINE_CHOICES } from "./find-hints.js";
import type { ProofPlan, ProofRows, ProofTree } from "./proof.js";
import type { ProvedCase } from "./property-claim.js";
import { WidenedRecord } from "./widen-record.js";

/** Cases over one box whose proofs are about the same neurons. */
export interface ProofGroup {
  readonly region: ClaimedRegion;
  readonly listed: ListedNeurons;
  readonly cases: readonly ProvedCase[];
}

/**
 * Proofs of cases as the trees of certificates, those together that are about one box and were found alike. Throws a `Refusal`
 * for a network that the checker does not know.
 */
export function* proofGroups(network: CheckedNetwork, proofs: readonly CaseProof[]): Generator<ProofGroup> {
  const groups = new Map<unknown, Map<string, CaseProof[]>>();
  for (const proof of proofs) {
    const own = groups.get(proof.region) ?? new Map<string, CaseProof[]>();
    groups.set(proof.region, own);
    const how = proof.how === "bounds" ? proof.method : proof.how;
    own.set(how, [...(own.get(how) ?? []), proof]);
  }
  for (const own of groups.values()) for (const group of own.values()) yield groupOf(network, group);
}

function groupOf(network: CheckedNetwork, proofs: readonly CaseProof[]): ProofGroup {
  const [first] = proofs;
  const region = { lower: first.region.lower, upper: first.region.upper };
  const cases = (treeOf: (proof: CaseProof) => ProofTree) =>
    proofs.map((proof) => ({ rows: rowsOf(proof.case), tree: treeOf(proof) }));
  switch (first.how) {
    case "bounds": {
      const { listed, plan } = findHints(network, region, first.method);
      return { region, listed, cases: cases(() => ({ kind: "leaf", plan })) };
    }
    case "inputs": {
      const hints = findHints(network, region, "adaptive");
      const { listed } = hints;
      return { region, listed, cases: cases((proof) => treeOfInputs(network, hints, region, partOf(proof))) };
    }
    case "neurons": {
      const hints = findHints(network, region, "adaptive");
      const record = new WidenedRecord(first.box, hints);
      const { listed } = record;
      const plans = plansOfNeurons(record, hints);
      const treeOf = (proof: CaseProof) => treeOfNeurons(partOf(proof), plans, proof.case.rows);
      const leaves = leavesOfHints(network, region, listed);
      const all = cases(treeOf).map((own, i) => {
        const { tree, rows } = { tree: partOf(proofs[i]), rows: proofs[i].case.rows };
        return { ...own, simpler: [...leaves, treeOfNeurons(tree, { ...plans, whole: plans.plain }, rows)] };
      });
      return { region, listed, cases: all };
    }
    default:
      return first satisfies never;
  }
}

function partOf(proof: CaseProof): ProofPart {
  if (proof.how === "bounds") throw new Error("expected a tree");
  return proof.tree;
}

function rowsOf({ rows, outputs, coefficients, bounds }: OutputCase): CertificateRow[] {
  return Array.from({ length: rows }, (_, row) => ({
    terms: Array.from({ length: outputs }, (_, k): [number, number] => [
      k,
      coefficients[row * outputs + k],
    ]).filter(([, own]) => own !== 0),
    bound: bounds[row],
  }));
}

/** Proofs without a record of slopes. */
function leavesOfHints(network: CheckedNetwork, region: ClaimedRegion, listed: ListedNeurons): ProofTree[] {
  return LINE_CHOICES.map((choice) => ({
    kind: "leaf",
    plan: findHints(network, region, choice, listed).plan,
  }));
}

/** Halves of a box; all leaves are bounded anew. */
function treeOfInputs(
  network: CheckedNetwork,
  hints: FoundHints,
  region: ClaimedRegion,
  { outcome }: ProofPart,
): ProofTree {
  if (outcome?.kind === "leaf") return { kind: "leaf", plan: planWithin(network, hints, region) };
  if (outcome?.kind !== "input") throw new Error("expected a part that is halved or proved");
  const { input, value, below, above } = outcome;
  const side = (own: ProofPart, ends: Partial<ClaimedRegion>) =>
    treeOfInputs(network, hints, { ...region, ...ends }, own);
  return {
    ...{ kind: "input", input, value },
    below: side(below, { upper: region.upper.with(input, value) }),
    above: side(above, { lower: region.lower.with(input, value) }),
  };
}

/** Of smooth activations the best slopes are a part's own. */
function planWithin(network: CheckedNetwork, { listed, plan }: FoundHints, region: ClaimedRegion): ProofPlan {
  const isKinked = [...listed.keys()].every((node) => network.layers[node].curve?.below !== undefined);
  return isKinked ? plan : findHints(network, region, "adaptive", listed).plan;
}

/** Of the whole box, and of its parts if they are bounded anew. */
interface NeuronPlans {
  readonly record: WidenedRecord;
  readonly whole: ProofPlan;
  /** The same without slopes of its own for each row, which are nearly all of a file: they grow as the square of the neurons. */
  readonly plain: ProofPlan;
  readonly parts: ProofPlan | null;
}

/** Listed neurons up to which all parts are bounded anew. */
const FEW = 100;

function plansOfNeurons(record: WidenedRecord, { plan }: FoundHints): NeuronPlans {
  const nodes = [...record.listed.keys()];
  const planOf = (rows: (node: number) => ProofRows): ProofPlan => ({
    rows: new Map(nodes.map((node) => [node, rows(node)])),
    slopes: plan.slopes,
  });
  const plain = planOf(() => ({}));
  const count = [...record.listed.values()].reduce((sum, { length }) => sum + length, 0);
  return {
    record,
    whole: planOf((node) => record.rowsAt(node)),
    plain,
    parts: count > FEW ? null : plain,
  };
}

/** Decisions about neurons; leaves with their own multipliers, shares and slopes. */
function treeOfNeurons({ outcome }: ProofPart, plans: NeuronPlans, rows: number, depth = 0): ProofTree {
  if (outcome === null || outcome.kind === "input")
    throw new Error("expected a part that is decided or proved");
  const plan = depth === 0 ? plans.whole : plans.parts;
  const own = plan ? { plan } : {};
  switch (outcome.kind) {
    case "leaf": {
      const { shares, multipliers, slopes } = outcome;
      return {
        ...{ kind: "leaf", ...own },
        ...(shares && { shares }),
        ...(multipliers && { multipliers }),
        ...(slopes && { slopes: plans.record.slopes(slopes) }),
      };
    }
    case "crossing": {
      // On each side the decision itself is what contradicts.
      const { node, neuron, value } = outcome;
      const multipliers = [...new Float64Array(depth), 1];
      const side: ProofTree = { kind: "leaf", shares: new Float64Array(rows), multipliers };
      return { ...own, kind: "neuron", node, neuron, value, below: side, above: side };
    }
    case "neuron": {
      const { node, neuron, value, below, above } = outcome;
      const side = (part: ProofPart) => treeOfNeurons(part, plans, rows, depth + 1);
      return { ...own, kind: "neuron", node, neuron, value, below: side(below), above: side(above) };
    }
    default:
      return outcome satisfies never;
  }
}
