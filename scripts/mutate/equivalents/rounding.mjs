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
  ...[
    ["src/network/rounding/node-values.ts", "f < features", "f <= features"],
    ["src/network/rounding/after-sums.ts", "output < outputs", "output <= outputs"],
  ].map(([file, was, becomes]) => ({
    file,
    was,
    becomes,
    why: "writes behind the end, which typed arrays ignore",
  })),
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
  // What our own arithmetic may do to a bound.
  ...[
    ["(x: Variable): boolean => x === error", "() => undefined"],
    ["x === error", "false"],
  ].map(([was, becomes]) => ({
    file: "src/dual/own-rounding.ts",
    was,
    becomes,
    why: "saves a term: an error that is not found among the size's terms is added as one of its own",
  })),
  {
    file: "src/dual/outward.ts",
    was: 'own.kind === "two-lines"',
    becomes: "true",
    why: "parallel lines that know as much of themselves are moved by the same amount in the same way",
  },
  {
    file: "src/dual/widening.ts",
    was: 'layer.kind === "two-lines"',
    becomes: "false",
    why: "two lines know their constants, and are asked for them a line later",
  },
  // Affine layers.
  {
    file: "src/dual/affine-rounding.ts",
    was: "inputs.find(({ chain }) => chain)?.chain?.scale",
    becomes: "inputs.find(({ chain }) => chain)?.chain.scale",
    why: "what is found has a chain; the question mark is there for the types",
  },
  {
    file: "src/dual/affine-rounding.ts",
    was: "Math.max(lost, accumulated(roundings + folded, this.deployed)) < SLACK / 2",
    becomes: "Math.max(lost, accumulated(roundings + folded, this.deployed)) <= SLACK / 2",
    why: "no number of roundings comes to 1/128 exactly",
  },
  {
    file: "src/dual/affine-rounding.ts",
    was: "more === 1",
    becomes: "false",
    why: "saves time: the sum is multiplied by 1 then",
  },
  ...[
    ["known", "false"],
    ["[...(this.#made.get(tape) ?? []), [features, ones]]", "[]"],
    ["[features, ones]", "[]"],
  ].map(([was, becomes]) => ({
    file: "src/dual/affine-rounding.ts",
    was,
    becomes,
    why: "saves time: ones are made again where they were not kept",
  })),
  // Margins and estimators.
  {
    file: "src/dual/open-margins.ts",
    was: "[]",
    becomes: '["Stryker was here"]',
    at: "if (rows.length === 0) return [];",
    why: "nothing reads the bounds of no rows",
  },
  {
    file: "src/estimators/tail.ts",
    was: "-Math.log1p(-epsilon)",
    becomes: "+Math.log1p(-epsilon)",
    why: "the exponent changes its sign as well, of which there is a product with the depth and a cosine",
  },
  {
    file: "src/estimators/tail.ts",
    was: "i < 100",
    becomes: "i <= 100",
    why: "no number is left between both ends long before",
  },
];
