/** Of the account of rounding, of margins and of estimators; see `../equivalents.mjs`. */
export const ROUNDING = [
  // A network's rounding errors.
  {
    file: "src/network/rounding/after-sums.ts",
    was: "outputStep === 1 && featureStep === 1",
    becomes: "false",
    why: "saves time: the loop for any steps adds the same numbers in the same order",
  },
  {
    file: "src/network/rounding/after-sums.ts",
    was: "{ for (const end = to + count * rows; to < end; to++, from++) totals[to] += weight * x[from]; return; }",
    becomes: "{}",
    why: "as above",
  },
  {
    file: "src/network/rounding/node-values.ts",
    was: "f < features",
    becomes: "f <= features",
    why: "writes behind the end, which typed arrays ignore",
  },
  ...[
    ["--readers[input] === 0", "false"],
    ["--readers[input]", "++readers[input]"],
    ["() => 0", "() => undefined"],
    ["readers[input] += 1", "readers[input] -= 1"],
  ].map(([was, becomes]) => ({
    file: "src/network/rounding-error.ts",
    was,
    becomes,
    why: "saves memory: values are let go of once nothing reads them any more, or later",
  })),
];
