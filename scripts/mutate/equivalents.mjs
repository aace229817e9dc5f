import { CERTIFY } from "./equivalents/certify.mjs";
import { CHECK } from "./equivalents/check.mjs";
import { OF_DUAL } from "./equivalents/dual.mjs";
import { ROUNDING } from "./equivalents/rounding.mjs";
import { THREAT } from "./equivalents/threat.mjs";
import { VERIFY } from "./equivalents/verify.mjs";
import { SEARCHES } from "./equivalents/verify-searches.mjs";
import { OF_WALK } from "./equivalents/walk.mjs";

/**
 * Survivors that no test can tell: the text `was` in `file`, on the line `at` if that is given, taken for `becomes`; at one place, or at so
 * many `places`.
 */
export const EQUIVALENTS = [
  ...[...CHECK, ...THREAT, ...CERTIFY, ...OF_DUAL, ...OF_WALK, ...ROUNDING],
  // Branch and bound.
  ...[...VERIFY, ...SEARCHES],
];
