import { BOUNDS } from "./rooms/bounds.mjs";
import { VERDICTS } from "./rooms/verdicts.mjs";
import { WALK } from "./rooms/walk.mjs";

/**
 * What is mutated together, the most important first: files, and the tests that answer for them, the quickest first. Tests of
 * units on the portable backend; none that starts a process. A room that `decides` is on a verdict's way: a survivor there is an
 * error, unless `equivalents.mjs` says why no test can tell it.
 */
export const ROOMS = { ...VERDICTS, ...BOUNDS, ...WALK };
