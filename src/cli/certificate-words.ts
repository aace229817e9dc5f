import type { Certificate, Claim, RobustClaim } from "../formats/certificate/schema.js";
import type { CheckOutcome } from "../runs/certificates/check-claims.js";
import type { WrittenCertificates } from "../runs/certificates/write-certificates.js";
import type { WrittenProperty } from "../runs/certificates/write-property.js";
import { changeInWords, plural, wrap } from "./wording.js";

const RUN_IN_WORDS: Readonly<Record<Claim["evaluation"], string>> = {
  float32: "run in float32 by direct sums in any order, and in real arithmetic",
  "float32-ftz": "run in float32 by direct sums, rounded in any direction, and in real arithmetic",
  float64: "run in float64 by direct sums in any order, and in real arithmetic",
  real: "in real arithmetic",
};

/** What a valid certificate says, in sentences: one for each kind of claim that is among its claims. */
export function certificateInSentences({ claims }: Certificate): string {
  const counts = new Map<string, number>();
  for (const claim of claims) {
    const sentence = claimInWords(claim);
    counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
  }
  return [...counts]
    .map(([sentence, count]) => sentence.replace(COUNTED, plural(count, "example")))
    .join(" ");
}

/** Stands for how many examples share a sentence. */
const COUNTED = "\u0000";

function claimInWords(claim: Claim): string {
  const run = RUN_IN_WORDS[claim.evaluation];
  if (claim.kind === "property") {
    return `For ${plural(claim.cases.length, "case")} of a property over a box of inputs, no input of the box meets it, ${run}.`;
  }
  return `For ${COUNTED} of ${claim.data}, no change of ${changeOf(claim)} alters the model's answer, ${run}.`;
}

function changeOf({ norm, epsilon, box }: RobustClaim): string {
  if (typeof epsilon === "number") return changeInWords({ norm, epsilon, box });
  return `the input within an epsilon per feature in the ${norm} norm`;
}

/** `valid`, or the first thing that does not hold, in one line. */
export function outcomeInWords({ fault }: CheckOutcome): string {
  if (fault === null) return "valid";
  if (fault.claim === null) return `not valid: ${fault.what}`;
  const about = fault.example === null ? "" : ` (example ${fault.example})`;
  return `not valid: claim ${fault.claim}${about}: ${fault.what}`;
}

/** Whether a property's certificate is written, and why not; null where the writing was stopped. */
export function provedInWords(path: string, written: WrittenProperty | null): string {
  if (written === null) return `certificate: stopped; ${path} is not written`;
  const { claims, refusal } = written;
  if (refusal === null) return `certificate ${path}: ${plural(claims, "claim")}`;
  return wrap(`certificate: ${refusal}; ${path} is not written`);
}

/** How many certificates a file has, and what is missing. */
export function writtenInWords(path: string, { certified, written }: WrittenCertificates): string {
  if (written === 0) {
    const why = certified === 0 ? "no example is certified" : `the checker bounds none of ${certified} again`;
    return `certificate: ${why}; ${path} is not written`;
  }
  const rest =
    written === certified ? "" : `; the checker does not bound the other ${certified - written} again`;
  return `certificate ${path}: ${written} of ${plural(certified, "certified example")}${rest}`;
}
