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
};
