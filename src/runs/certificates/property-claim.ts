import { checkClaim } from "../../check/claims.js";
import type { CheckedNetwork } from "../../check/network.js";
import { encodeNumbers } from "../../formats/certificate/numbers.js";
import type {
  CertificateCase,
  CertificateRow,
  ClaimedEvaluation,
  PropertyClaim,
} from "../../formats/certificate/schema.js";
import type { ListedNeurons } from "./encode-hints.js";
import { TreeEncoder } from "./encode-tree.js";
import { PlanTable } from "./plan-table.js";
import type { ProofTree } from "./proof.js";

/** A case of a property over a box, and how it is proved. */
export interface ProvedCase {
  /** Σ coefficient·y ≤ bound, which are not all met anywhere in the box; the outputs of each in order, none twice. */
  readonly rows: readonly CertificateRow[];
  readonly tree: ProofTree;
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
  for (const { rows: given, tree } of cases) {
    const rows = given.map(({ terms, bound }) => ({ terms: [...terms], bound }));
    const encoder = new TreeEncoder({ network, region: { lower, upper }, rows, plans, further });
    made.push({ rows, tree: yield* encoder.encode(tree) });
  }
  const claim: PropertyClaim = {
    ...{ kind: "property", model, evaluation, neurons: plans.neurons, plans: plans.encoded },
    ...{ lower: encodeNumbers(lower), upper: encodeNumbers(upper) },
    cases: made,
  };
  checkClaim(network, claim);
  return claim;
}
