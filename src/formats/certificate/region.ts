import { FormatError } from "../../errors.js";
import { numbersOf } from "./numbers.js";
import type { CertificateRow, Claim, RobustClaim } from "./schema.js";

/** Inputs: all those of a box, or those of them that lie within a ball: of ℓ2 ‖(x − centre)/radius‖₂ ≤ 1, of ℓ1 ‖·‖₁ ≤ 1. */
export interface ClaimedRegion {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly ball?: {
    readonly norm: "l2" | "l1";
    readonly centre: Float64Array;
    readonly radius: Float64Array;
  };
}

/** Away from a rounded sum by at least one unit in its last place. */
const outward = (x: number, sign: number) => x + sign * (Math.abs(x) * 2 ** -52 + 2 ** -1070);

/**
 * The region that a claim is about, rounded outward; `input` is the example where it is known from elsewhere. Throws a
 * `FormatError` for a region without points, of which nothing is claimed, for one that a claim cannot have, and where the
 * example is missing or another, or is not in the region itself: the answer there would be no answer to the example.
 */
export function regionOf(claim: Claim, size: number, input?: Float64Array): ClaimedRegion {
  if (claim.kind === "property") {
    return someOf({ lower: numbersOf(claim.lower, size, "box"), upper: numbersOf(claim.upper, size, "box") });
  }
  const { norm, epsilon, box } = claim;
  const centre = claim.input ? numbersOf(claim.input, size, "input") : input;
  if (!centre) throw new FormatError("the example is not in the certificate: expected its data");
  if (input && (input.length !== size || centre.some((value, i) => value !== input[i]))) {
    throw new FormatError("the example is not that of the data");
  }
  const radius =
    typeof epsilon === "number" ? centre.map(() => epsilon) : numbersOf(epsilon, size, "epsilon");
  if (radius.some((own) => own < 0)) throw new FormatError("epsilon: expected numbers of at least 0");
  const boundsAt = boundsOf(box, size);
  const lower = centre.map((x, i) => Math.max(boundsAt(i)[0], outward(x - radius[i], -1)));
  const upper = centre.map((x, i) => Math.min(boundsAt(i)[1], outward(x + radius[i], 1)));
  if (norm === "linf") {
    const region = someOf({ lower, upper });
    const outside = centre.findIndex((x, i) => !(boundsAt(i)[0] <= x && x <= boundsAt(i)[1]));
    if (outside < 0) return region;
    const [least, most] = boundsAt(outside);
    throw new FormatError(
      `box: expected one with the example in it, found ${least} to ${most} and input ${outside} at ${centre[outside]}`,
    );
  }
  if (box !== null) throw new FormatError(`box: expected none with a ball of norm ${norm}`);
  return { lower, upper, ball: { norm, centre, radius } };
}

/** What a claim's box keeps each of so many inputs within. Throws a `FormatError` for bounds by feature that are not so many. */
export function boundsOf(
  box: RobustClaim["box"],
  size: number,
): (input: number) => readonly [number, number] {
  if (box === null) return () => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (!("lower" in box)) return () => box;
  const [lower, upper] = [numbersOf(box.lower, size, "box: lower"), numbersOf(box.upper, size, "box: upper")];
  return (input) => [lower[input], upper[input]];
}

/** Whether a claim's box, where there is one, has the example x in it. */
export function isWithin(box: RobustClaim["box"], x: Float64Array): boolean {
  const boundsAt = boundsOf(box, x.length);
  return x.every((value, i) => boundsAt(i)[0] <= value && value <= boundsAt(i)[1]);
}

function someOf(region: ClaimedRegion): ClaimedRegion {
  if (region.lower.every((low, i) => low <= region.upper[i])) return region;
  throw new FormatError("the region is empty");
}

/** Throws a `FormatError` unless each row has every output once at most, in order, and none that the network has not. */
export function checkRows(rows: readonly CertificateRow[], outputs: number): void {
  for (const { terms } of rows) {
    const bad = terms.findIndex(([output], i) => output >= outputs || (i > 0 && output <= terms[i - 1][0]));
    if (bad >= 0) {
      throw new FormatError(`rows: expected outputs below ${outputs} in order, found ${terms[bad][0]}`);
    }
  }
}
