/** The walk that makes the bounds: rows on their way back, and what bounds node by node. */
export const WALK = {
  "walk-rows": {
    decides: true,
    files: ["src/dual/backward.ts", "src/dual/backward-program.ts", "src/dual/view.ts"],
    tests: [
      "test/dual/walk-program.test.ts",
      "test/dual/walk-steps.test.ts",
      "test/dual/backward-by-hand.test.ts",
    ],
  },
  "walk-patches": {
    decides: true,
    files: ["src/dual/windows.ts", "src/dual/patch-rows.ts", "src/dual/patch-union.ts"],
    tests: [
      "test/dual/patch-union.test.ts",
      "test/dual/patch-windows.test.ts",
      "test/dual/patch-rows.test.ts",
    ],
  },
  "walk-lists": {
    decides: true,
    files: [
      "src/dual/neuron-lists.ts",
      "src/dual/pieces.ts",
      "src/dual/bound-in-pieces.ts",
      "src/dual/dual-graph.ts",
    ],
    tests: ["test/dual/neuron-lists.test.ts", "test/dual/pieces.test.ts"],
  },
  "walk-intervals": {
    decides: true,
    files: ["src/dual/interval-network.ts"],
    tests: ["test/dual/interval-by-hand.test.ts"],
  },
  "walk-bounders": {
    decides: true,
    files: ["backward", "bounder", "box", "forward", "index", "patches", "rows", "sketch"].map(
      (n) => `src/dual/bounders/${n}.ts`,
    ),
    tests: [
      "test/dual/bounder-costs.test.ts",
      "test/dual/bounder-sketch.test.ts",
      "test/dual/rows-of-neurons.test.ts",
      "test/dual/bounders.test.ts",
    ],
  },
  "walk-chains": {
    decides: true,
    files: ["src/dual/affine-chain.ts", "src/dual/error-pass.ts", "src/dual/generators.ts"],
    tests: [
      "test/dual/affine-chain.test.ts",
      "test/dual/generators.test.ts",
      "test/dual/rounding-joins.test.ts",
    ],
  },
  "walk-sketch": {
    decides: true,
    files: ["src/dual/sketch.ts"],
    tests: [
      "test/dual/sketch-projections.test.ts",
      "test/dual/sketch-rounding.test.ts",
      "test/dual/sketch-counts.test.ts",
      "test/dual/sketch-single.test.ts",
    ],
  },
  "walk-network": {
    decides: true,
    files: ["src/dual/dual-network.ts"],
    tests: ["test/dual/dual-network.test.ts", "test/dual/dual-outward.test.ts"],
  },
  "walk-build": {
    decides: true,
    files: ["src/dual/auto-dual.ts"],
    tests: [
      "test/dual/build-dual.test.ts",
      "test/dual/dual-network.test.ts",
      "test/dual/dual-outward.test.ts",
    ],
  },
  "verify-choices": {
    decides: true,
    files: ["src/verify/branch-choice.ts", "src/verify/heap.ts", "src/verify/split-ways.ts"],
    tests: ["test/verify/branch-choice.test.ts", "test/verify/heap.test.ts"],
  },
};
