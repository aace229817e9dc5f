import { checkClaim } from "../../check/claims.js";
import { type CheckedNetwork, checkedNetwork } from "../../check/network.js";
import { MACHINES, Refusal } from "../../check/rounding.js";
import { letIn } from "../../compute/deadline.js";
import { type Dataset, examples } from "../../data/dataset.js";
import { FormatError } from "../../errors.js";
import { numbersOf } from "../../formats/certificate/numbers.js";
import type { Certificate, Claim, PropertyClaim } from "../../formats/certificate/schema.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { emptyInput, enclosureOf } from "../../formats/vnnlib/input-box.js";
import type { Property, PropertyCase } from "../../formats/vnnlib/property.js";
import { observed, type Watch } from "../observer.js";

/** What a certificate is checked against. */
export interface CheckedAgainst {
  /** One model, or the stages of a cascade. */
  readonly stages: readonly LoadedModel[];
  /** Where it is given, the examples of claims must be its own. */
  readonly dataset?: Dataset;
  /** Where it is given, every case of it must be claimed. */
  readonly property?: Property;
}

/** The first thing that does not hold. */
export interface CertificateFault {
  /** The claim's place in the file, from 0; null if one is missing. */
  readonly claim: number | null;
  /** The example that it is about. */
  readonly example: number | null;
  readonly what: string;
}

/** What became of a check. */
export interface CheckOutcome {
  /** Null: every claim was bounded again. */
  readonly fault: CertificateFault | null;
  /** How many claims were bounded again. */
  readonly checked: number;
}

/** Checks a certificate claim by claim, until one does not hold. Throws the signal's reason. */
export async function checkClaims(
  { claims }: Certificate,
  against: CheckedAgainst,
  watch: Watch = {},
): Promise<CheckOutcome> {
  return observed(watch, { name: "check", total: claims.length }, async (seen) => {
    const networks = new Map<string, CheckedNetwork>();
    for (const [i, claim] of claims.entries()) {
      const what = faultOf(claim, against, networks);
      if (what !== null) {
        return {
          checked: i,
          fault: { claim: i, example: claim.kind === "robust" ? claim.index : null, what },
        };
      }
      seen.update(i + 1, {});
      await letIn(watch.signal);
    }
    const missing = against.property && missingCase(claims, against.property);
    const fault = missing === undefined ? null : { claim: null, example: null, what: missing };
    return { checked: claims.length, fault };
  });
}

function faultOf(
  claim: Claim,
  against: CheckedAgainst,
  networks: Map<string, CheckedNetwork>,
): string | null {
  const { stages, dataset } = against;
  const model = stages.find(({ sha256 }) => sha256 === claim.model);
  if (!model) {
    const found = stages.map(({ sha256 }) => sha256).join(", ");
    return `expected the model with SHA-256 ${claim.model}, found ${found}`;
  }
  try {
    const key = `${claim.model} ${claim.evaluation}`;
    const network = networks.get(key) ?? checkedNetwork(model, MACHINES[claim.evaluation]);
    networks.set(key, network);
    checkClaim(network, claim, dataset && exampleOf(claim, dataset));
    return null;
  } catch (error) {
    if (error instanceof Refusal || error instanceof FormatError) return error.message;
    throw error;
  }
}

function exampleOf(claim: Claim, dataset: Dataset): Float64Array | undefined {
  if (claim.kind !== "robust") return undefined;
  if (claim.index < dataset.count) return examples(dataset, Int32Array.of(claim.index)).x;
  throw new FormatError(`${dataset.name} (${dataset.split}) has no example ${claim.index}`);
}

/** The first case of a property that has inputs and that no claim has, in words. */
function missingCase(claims: readonly Claim[], property: Property): string | undefined {
  const number = property.cases.findIndex(
    (own) =>
      emptyInput(own.box) === null &&
      !claims.some((claim) => claim.kind === "property" && claimsCase(claim, own, property)),
  );
  return number < 0 ? undefined : `case ${number} of the property is not claimed`;
}

/** Whether a claim's box has all of the case's, and one of its cases these rows or some of them. */
function claimsCase(
  claim: PropertyClaim,
  { box, constraints }: PropertyCase,
  { inputs, decimal = false }: Property,
): boolean {
  const lower = numbersOf(claim.lower, inputs, "box");
  const upper = numbersOf(claim.upper, inputs, "box");
  // What a decimal is rounded to may leave something of it out.
  const ends = enclosureOf(box, decimal);
  if (!ends.lower.every((low, i) => lower[i] <= low && ends.upper[i] <= upper[i])) return false;
  const wanted = constraints.map(({ terms, bound }) =>
    rowText(
      terms.map(({ output, coefficient }) => [output, coefficient]),
      bound,
    ),
  );
  return claim.cases.some(({ rows }) =>
    rows.every(({ terms, bound }) => wanted.includes(rowText(terms, bound))),
  );
}

/** Coefficients of one output are summed, as `verify` does. */
function rowText(terms: readonly (readonly [number, number])[], bound: number): string {
  const sums = new Map<number, number>();
  for (const [output, coefficient] of terms) sums.set(output, (sums.get(output) ?? 0) + coefficient);
  const kept = [...sums].filter(([, own]) => own !== 0).sort(([a], [b]) => a - b);
  return JSON.stringify([kept, bound + 0]);
}
