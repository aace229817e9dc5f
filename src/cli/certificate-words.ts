import type { ClaimedEvaluation } from "../formats/certificate/schema.js";
import { quotedText } from "../formats/plain-text.js";
import type { CheckOutcome } from "../runs/certificates/check-claims.js";
import type {
  ClaimedExamples,
  ClaimedGroup,
  ClaimedProperty,
  ClaimedRange,
} from "../runs/certificates/claimed.js";
import type { WrittenCertificates } from "../runs/certificates/write-certificates.js";
import type { WrittenProperty } from "../runs/certificates/write-property.js";
import { changeInWords, plural } from "./wording.js";

const RUN_IN_WORDS: Readonly<Record<ClaimedEvaluation, string>> = {
  float32: "run in float32 by direct sums in any order, and in real arithmetic",
  "float32-ftz":
    "run in float32 by direct sums, rounded in any direction, small numbers perhaps taken for 0, and in real arithmetic",
  float64: "run in float64 by direct sums in any order, and in real arithmetic",
  real: "in real arithmetic",
};

/** More kinds of claims are counted, not told. */
const MOST_SENTENCES = 10;

/** Whose examples claims are about: those of the data that they were compared with, or what the file calls so. */
export type ComparedData = "compared" | "not compared";

/** What a valid certificate says, in sentences: one for each kind of claim that is among its claims. */
export function certificateInSentences({ claimed, about }: CheckOutcome, data: ComparedData): string {
  const isCascade = about === "stage that answers";
  const sentences = claimed.slice(0, MOST_SENTENCES).map((group) => groupInWords(group, data, isCascade));
  const rest = claimed.length - sentences.length;
  if (rest > 0) sentences.push(`${plural(rest, "other kind")} of claims: --json lists them.`);
  if (isCascade) {
    sentences.push(
      "Each is about one stage's network: which stage answers is not claimed, and to an input that was changed another stage " +
        "may answer than to the example as it is.",
    );
  }
  return sentences.join(" ");
}

function groupInWords(group: ClaimedGroup, data: ComparedData, isCascade: boolean): string {
  const answer = isCascade ? `the answer of stage ${group.stage + 1} of the cascade` : "the model's answer";
  switch (group.kind) {
    case "robust":
      return examplesInWords(group, data, answer);
    case "property":
      return propertyInWords(group, isCascade ? ` by ${answer}` : "");
    default:
      return group satisfies never;
  }
}

function examplesInWords(group: ClaimedExamples, data: ComparedData, answer: string): string {
  const examples = plural(group.examples, "example");
  const named =
    data === "compared"
      ? `${examples} of ${group.data}`
      : `${examples} that the file calls ${quotedText(group.data)}`;
  return `For ${named}, no change of ${changeOf(group)} alters ${answer}, ${RUN_IN_WORDS[group.evaluation]}.`;
}

function propertyInWords({ cases, boxes, evaluation }: ClaimedProperty, answer: string): string {
  const [over, inBox] = boxes === 1 ? ["a box", "the box"] : [plural(boxes, "box", "boxes"), "its box"];
  return (
    `For ${plural(cases, "case")} of a property over ${over} of inputs, no input of ${inBox} meets it${answer}, ` +
    `${RUN_IN_WORDS[evaluation]}.`
  );
}

function changeOf({ norm, epsilon, box }: ClaimedExamples): string {
  return changeInWords({
    norm,
    epsilon: typeof epsilon === "number" ? epsilon : { perFeature: endsOf(epsilon) },
    box: box && "lower" in box ? { lower: endsOf(box.lower), upper: endsOf(box.upper) } : box,
  });
}

/** Enough of a list to tell its least and its most. */
function endsOf({ least, most }: ClaimedRange): readonly number[] {
  return [least, most];
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
  return `certificate: ${refusal}; ${path} is not written`;
}

/** How many certificates a file has, and what is missing; null where the writing was stopped. */
export function writtenInWords(path: string, counts: WrittenCertificates | null): string {
  if (counts === null) return `certificate: stopped; ${path} is not written`;
  const { certified, written } = counts;
  if (written === 0) {
    const why = certified === 0 ? "no example is certified" : `the checker bounds none of ${certified} again`;
    return `certificate: ${why}; ${path} is not written`;
  }
  const rest =
    written === certified ? "" : `; the checker does not bound the other ${certified - written} again`;
  return `certificate ${path}: ${written} of ${plural(certified, "certified example")}${rest}`;
}
