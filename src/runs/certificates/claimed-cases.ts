import { numbersOf } from "../../formats/certificate/numbers.js";
import type { Claim, PropertyClaim } from "../../formats/certificate/schema.js";
import { emptyInput, enclosureOf } from "../../formats/vnnlib/input-box.js";
import type { Property, PropertyCase } from "../../formats/vnnlib/property.js";

/**
 * What is missing of a property, in words: all cases that have inputs must be claimed of one model, run in one way. Else each case
 * could be proved of a network of which another one is not true.
 */
export function missingCase(claims: readonly Claim[], property: Property): string | undefined {
  const groups = new Map<string, PropertyClaim[]>();
  for (const claim of claims) {
    if (claim.kind !== "property") continue;
    const key = `${claim.model} ${claim.evaluation}`;
    groups.set(key, [...(groups.get(key) ?? []), claim]);
  }
  if (groups.size === 0) groups.set("", []);
  const missing = [...groups.values()].map((own) => ({ own, number: firstMissing(own, property) }));
  if (missing.some(({ number }) => number < 0)) return undefined;
  if (missing.length === 1) return `case ${missing[0].number} of the property is not claimed`;
  const each = missing.map(
    ({ number, own: [{ model, evaluation }] }) =>
      `case ${number} of model ${model.slice(0, 8)}… as run in ${evaluation}`,
  );
  return `expected every case of the property claimed of one model, run in one way, found none of ${each.join(", none of ")}`;
}

/** The number of the first case that has inputs and that none of the claims has; −1 if there is none. */
function firstMissing(claims: readonly PropertyClaim[], property: Property): number {
  return property.cases.findIndex(
    (own) => emptyInput(own.box) === null && !claims.some((claim) => claimsCase(claim, own, property)),
  );
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
  // Rows with inputs in them are none that a claim has.
  const wanted = constraints
    .filter((own) => own.inputs === undefined)
    .map(({ terms, bound }) =>
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
