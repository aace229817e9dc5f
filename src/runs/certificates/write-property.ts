import { checkedNetwork } from "../../check/network.js";
import { MACHINES, Refusal } from "../../check/rounding.js";
import { letIn } from "../../compute/deadline.js";
import { writeCertificate } from "../../formats/certificate/file.js";
import type { ClaimedEvaluation, PropertyClaim } from "../../formats/certificate/schema.js";
import type { LoadedModel } from "../../formats/model-file.js";
import type { CaseProof, ProofPart } from "../../verify/proof.js";
import { observed, type Watch } from "../observer.js";
import { proofGroups } from "./proof-trees.js";
import { makePropertyClaim } from "./property-claim.js";

/** Of each tree, the parts that may be taken apart further. */
const FURTHER = 1000;

/** What came of a property's certificate. */
export interface WrittenProperty {
  /** Claims in the file; 0 if none is written. */
  readonly claims: number;
  /** Why none is written; null if one is. */
  readonly refusal: string | null;
}

/**
 * Writes the certificate of a property whose cases were proved: their trees, checked by the checker's own arithmetic before the
 * file is. Where that does not prove them, no file is written. Throws a `UsageError` for a file that cannot be written, and the
 * signal's reason.
 */
export async function writePropertyCertificate(
  path: string,
  { model, evaluation }: { readonly model: LoadedModel; readonly evaluation: ClaimedEvaluation },
  proofs: readonly CaseProof[],
  watch: Watch = {},
): Promise<WrittenProperty> {
  // A file without a claim would be valid of nothing.
  if (proofs.length === 0)
    return { claims: 0, refusal: "no input is in its boxes, so that nothing is claimed" };
  const total = proofs.reduce((sum, proof) => sum + leavesOf(proof), 0);
  return observed(watch, { name: "certificates", total }, async (seen) => {
    const claims: PropertyClaim[] = [];
    try {
      const network = checkedNetwork(model, MACHINES[evaluation]);
      let done = 0;
      for (const { region, ...group } of proofGroups(network, proofs)) {
        const { lower, upper } = region;
        const making = makePropertyClaim({
          ...{ network, model: model.sha256, evaluation, lower, upper, ...group },
          further: FURTHER,
        });
        for (;;) {
          const step = making.next();
          if (step.done) {
            claims.push(step.value);
            break;
          }
          done += 1;
          seen.update(Math.min(done, total), {});
          await letIn(watch.signal);
        }
      }
    } catch (error) {
      if (error instanceof Refusal) return { claims: 0, refusal: error.message };
      throw error;
    }
    await writeCertificate(path, claims);
    return { claims: claims.length, refusal: null };
  });
}

function leavesOf(proof: CaseProof): number {
  return proof.how === "bounds" ? 1 : leavesBelow(proof.tree);
}

function leavesBelow({ outcome }: ProofPart): number {
  if (outcome === null || outcome.kind === "leaf") return 1;
  return outcome.kind === "crossing" ? 2 : leavesBelow(outcome.below) + leavesBelow(outcome.above);
}
