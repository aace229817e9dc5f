import { checkClaim } from "../../check/claims.js";
import type { CheckedNetwork } from "../../check/network.js";
import { Refusal } from "../../check/rounding.js";
import { encodeNumbers } from "../../formats/certificate/numbers.js";
import type {
  CertificateCase,
  CertificatePlan,
  CertificateRow,
  ClaimedEvaluation,
  PropertyClaim,
  TreeNode,
} from "../../formats/certificate/schema.js";
import type { ListedNeurons } from "./encode-hints.js";
import { TreeEncoder, type TreeSubject } from "./encode-tree.js";
import { PlanTable } from "./plan-table.js";
import type { ProofTree } from "./proof.js";

/** A case of a property over a box, and how it is proved. */
export interface ProvedCase {
  /** Σ coefficient·y ≤ bound, which are not all met anywhere in the box; the outputs of each in order, none twice. */
  readonly rows: readonly CertificateRow[];
  readonly tree: ProofTree;
  /**
   * Trees that take less of a file, tried in turn before it, the last of them also with a few parts taken apart further. The first
   * that proves the case is written.
   */
  readonly simpler?: readonly ProofTree[];
}

/** What a claim about a property's cases over one box is about. */
export interface PropertySubject {
  readonly network: CheckedNetwork;
  /** SHA-256 of the model's file. */
  readonly model: string;
  /** In which `network` is checked. */
  readonly evaluation: ClaimedEvaluation;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /**
   * By activation, all neurons that plans and slopes have entries for. Nodes are those of the network with max pooling taken
   * apart into ReLUs (`maxPoolAsRelus`).
   */
  readonly listed: ListedNeurons;
  readonly cases: readonly ProvedCase[];
  /**
   * Parts of each tree that may be taken apart further, where the checker's own arithmetic does not prove them as they are:
   * its slopes have few digits. Default 0.
   */
  readonly further?: number;
}

/**
 * A claim that nowhere in the box all rows of some case are met, checked as any reader of the file will check it. Throws a
 * `Refusal` that says what the checker's own arithmetic does not prove by these trees, or does not know of the network.
 */
export function propertyClaim(subject: PropertySubject): PropertyClaim {
  const making = makePropertyClaim(subject);
  for (;;) {
    const { done, value } = making.next();
    if (done) return value;
  }
}

/** `propertyClaim` step by step: one for each leaf of a tree. */
export function* makePropertyClaim(subject: PropertySubject): Generator<void, PropertyClaim> {
  const { network, model, evaluation, lower, upper, listed, cases, further = 0 } = subject;
  const plans = new PlanTable(network, listed);
  const made: CertificateCase[] = [];
  for (const { rows: given, tree, simpler = [] } of cases) {
    const rows = given.map(({ terms, bound }) => ({ terms: [...terms], bound }));
    const subject = { network, region: { lower, upper }, rows, plans };
    const tried = { ...subject, isTried: true };
    const nodes =
      (yield* firstProved(simpler, { ...tried, further: 0 })) ??
      (yield* firstProved(simpler.slice(-1), { ...tried, further: Math.min(further, TRIED_FURTHER) })) ??
      (yield* new TreeEncoder({ ...subject, further, isTried: false }).encode(tree));
    made.push({ rows, tree: nodes });
  }
  const claim: PropertyClaim = {
    ...{ kind: "property", model, evaluation, neurons: plans.neurons },
    ...{ lower: encodeNumbers(lower), upper: encodeNumbers(upper) },
    ...withPlansInUse(plans.encoded, made),
  };
  checkClaim(network, claim);
  return claim;
}

/** Parts of the last of simpler trees that may be taken apart further before the next tree is tried. */
const TRIED_FURTHER = 20;

/** The first of trees that the checker's own arithmetic proves, as it stands in a claim; null if there is none. */
function* firstProved(trees: readonly ProofTree[], subject: TreeSubject): Generator<void, TreeNode[] | null> {
  for (const tree of trees) {
    try {
      return yield* new TreeEncoder(subject).encode(tree);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
  return null;
}

/** Without the plans of trees that were tried in vain. */
function withPlansInUse(
  plans: readonly CertificatePlan[],
  cases: readonly CertificateCase[],
): Pick<PropertyClaim, "plans" | "cases"> {
  const used = new Set(cases.flatMap(({ tree }) => tree.flatMap(({ plan }) => plan ?? [])));
  const kept = plans.map((_, place) => place).filter((place) => used.has(place));
  const moved = (node: TreeNode): TreeNode =>
    node.plan === undefined ? node : { ...node, plan: kept.indexOf(node.plan) };
  return {
    plans: kept.map((place) => plans[place]),
    cases: cases.map(({ rows, tree }) => ({ rows, tree: tree.map(moved) })),
  };
}
