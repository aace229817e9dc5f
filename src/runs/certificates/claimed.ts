import { numbersOf } from "../../formats/certificate/numbers.js";
import type {
  Claim,
  ClaimedEvaluation,
  PropertyClaim,
  RobustClaim,
} from "../../formats/certificate/schema.js";
import { plainText } from "../../formats/plain-text.js";
import { sizeOf } from "../../network/shape.js";
import type { Model } from "../../network/weights.js";
import type { Box } from "../../threat/box.js";

/** Whose claims a group of them are. */
interface ClaimedSubject {
  /** SHA-256 of the model's file. */
  readonly model: string;
  /** Of a cascade, from 0; 0 of a single model. */
  readonly stage: number;
  readonly evaluation: ClaimedEvaluation;
}

/** The least and the most of numbers, one for each feature. */
export interface ClaimedRange {
  readonly least: number;
  readonly most: number;
}

/** Bounds by feature, in short. */
export interface ClaimedBoxByFeature {
  readonly lower: ClaimedRange;
  readonly upper: ClaimedRange;
}

/** Examples whose answers no change of one kind alters. */
export interface ClaimedExamples extends ClaimedSubject {
  readonly kind: "robust";
  /** What the file calls the examples' data. */
  readonly data: string;
  readonly norm: RobustClaim["norm"];
  /** One for all features, or the least and the most of one for each. */
  readonly epsilon: number | ClaimedRange;
  /** One for all features, or between the least and the most of one for each. */
  readonly box: Box | ClaimedBoxByFeature | null;
  /** How many different ones. */
  readonly examples: number;
  readonly indices: readonly number[];
}

/** Cases of properties that no input meets. */
export interface ClaimedProperty extends ClaimedSubject {
  readonly kind: "property";
  /** How many different ones. */
  readonly cases: number;
  /** Over so many boxes of inputs. */
  readonly boxes: number;
}

/** What a valid certificate says. */
export type ClaimedGroup = ClaimedExamples | ClaimedProperty;

/** Claims by what they say, those together that differ in the example or the case alone; every example and case counts once. */
export function claimedGroups(
  claims: readonly Claim[],
  stages: readonly (Model & { readonly sha256: string })[],
): ClaimedGroup[] {
  const groups = new Map<string, [Claim, ...Claim[]]>();
  for (const claim of claims) {
    const key = keyOf(claim);
    const known = groups.get(key);
    if (known) known.push(claim);
    else groups.set(key, [claim]);
  }
  return [...groups.values()].map((own) => {
    const [{ model, evaluation }] = own;
    const stage = stages.findIndex(({ sha256 }) => sha256 === model);
    const subject = { model, stage, evaluation };
    const robust = own.filter((claim) => claim.kind === "robust");
    return robust.length > 0
      ? { kind: "robust", ...subject, ...examplesOf(robust, sizeOf(stages[stage].network.inputShape)) }
      : { kind: "property", ...subject, ...casesOf(own.filter((claim) => claim.kind === "property")) };
  });
}

function keyOf(claim: Claim): string {
  const { kind, model, evaluation } = claim;
  if (claim.kind === "property") return JSON.stringify([kind, model, evaluation]);
  const { data, norm, epsilon, box } = claim;
  return JSON.stringify([kind, model, evaluation, data, norm, epsilon, box]);
}

function examplesOf(claims: readonly RobustClaim[], features: number) {
  const [{ data, norm, epsilon, box }] = claims;
  const indices = [...new Set(claims.map(({ index }) => index))].sort((a, b) => a - b);
  return {
    ...{ data: plainText(data), norm, epsilon: rangeOf(epsilon, features), box: boxOf(box, features) },
    ...{ examples: indices.length, indices },
  };
}

function rangeOf(epsilon: RobustClaim["epsilon"], features: number): ClaimedExamples["epsilon"] {
  if (typeof epsilon === "number") return epsilon;
  return epsilonRange(epsilon, features);
}

function boxOf(box: RobustClaim["box"], features: number): ClaimedExamples["box"] {
  if (box === null || !("lower" in box)) return box;
  const range = (end: "lower" | "upper") => rangeIn(numbersOf(box[end], features, `box: ${end}`));
  return { lower: range("lower"), upper: range("upper") };
}

/** The least and the most ε of a claim. */
export function epsilonRange(epsilon: RobustClaim["epsilon"], features: number): ClaimedRange {
  if (typeof epsilon === "number") return { least: epsilon, most: epsilon };
  return rangeIn(numbersOf(epsilon, features, "epsilon"));
}

function rangeIn(each: Float64Array): ClaimedRange {
  return {
    least: each.reduce((a, b) => Math.min(a, b)),
    most: each.reduce((a, b) => Math.max(a, b)),
  };
}

function casesOf(claims: readonly PropertyClaim[]) {
  const boxes = new Set<string>();
  const cases = new Set<string>();
  for (const { lower, upper, cases: own } of claims) {
    const box = JSON.stringify([lower, upper]);
    boxes.add(box);
    for (const { rows } of own) cases.add(JSON.stringify([box, rows]));
  }
  return { cases: cases.size, boxes: boxes.size };
}
