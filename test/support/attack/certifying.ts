import { certifyBatch } from "../../../src/certify/certify.js";
import { verify } from "../../../src/verify/verify.js";
import type { Certifying, Engine } from "./attack-case.js";
import type { Verifying } from "./attack-property.js";

/** Certificates as the project makes them, by `certifyBatch` on these engines, for the evaluation that is attacked. */
export function certifyingBy(engines: readonly Engine[]): Certifying {
  return { engines, certify: certifyBatch, optionsFor: (rounding) => ({ rounding }) };
}

/** The same without a thought of rounding: what the attack must be able to break. */
export function certifyingUnrounded(engines: readonly Engine[]): Certifying {
  return { engines, certify: certifyBatch, optionsFor: () => ({ rounding: null }) };
}

/** Answers as `verify` gives them; the evaluation is passed on here as well. */
export function verifyingBy(engines: readonly Engine[]): Verifying {
  return { engines, verify, optionsFor: (evaluation) => ({ timeout: 0.5, evaluation }) };
}
