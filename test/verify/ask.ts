import type { OutputConstraint, PropertyCase } from "../../src/formats/vnnlib/property.js";
import type { Subject } from "../../src/network/subject.js";
import { verify } from "../../src/verify/verify.js";
import type { VerifyOptions } from "../../src/verify/verify-options.js";
import { region, subject, twoLayers } from "./by-hand.js";

/** relu(x) − 2 relu(x − ½): 0 below 0 and at 1, ½ between. */
export const wave = subject(twoLayers([[1], [1]], [0, -0.5], [[1, -2]], [0]));
/** relu(x), between −2 and 1: by the chord's slope at least −⅔, by CROWN's 0. */
export const ramp = subject(twoLayers([[1]], [0], [[1]], [0]));

export const atMost = (bound: number, strict = false): OutputConstraint => ({
  terms: [{ output: 0, coefficient: 1 }],
  ...{ bound, strict },
});
export const within = (lower: number, upper: number, ...constraints: OutputConstraint[]): PropertyCase => ({
  box: region([lower], [upper]),
  constraints,
});
export const ask = (own: Subject, cases: PropertyCase[], options: Partial<VerifyOptions> = {}) =>
  verify(own, { inputs: 1, outputs: 1, cases }, { timeout: 30, split: "neurons", ...options });
