/** Survivors that no test can tell: the text `was` in `file`, on the line `at` if that is given, taken for `becomes`. */
export const EQUIVALENTS = [
  {
    file: "src/check/claims.ts",
    was: "sign > 0",
    becomes: "sign >= 0",
    why: "a sign is 1 or -1",
  },
  {
    file: "src/check/claims.ts",
    was: "bound > 0",
    becomes: "bound >= 0",
    why: "no bound is 0: the last thing done to it is to round it down, and 0 becomes less than 0",
  },
  {
    file: "src/threat/verdict.ts",
    was: "margin !== null",
    becomes: "true",
    why: "null > 0 is false: isProof(null) proves nothing either; the comparison is there for the types",
  },
  {
    file: "src/threat/outward.ts",
    was: "x > 0",
    becomes: "x >= 0",
    why: "x is not 0 there: that was answered two lines above",
  },
  {
    file: "src/threat/outward.ts",
    was: "near > 0",
    becomes: "near >= 0",
    why: "near is not 0 there",
  },
];
