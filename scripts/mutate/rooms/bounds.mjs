/** What bounds are made of: the account of rounding, estimators, and the dual network. */
export const BOUNDS = {
  "rounding-network": {
    decides: true,
    files: [
      "src/network/rounding/after-sums.ts",
      "src/network/rounding/after-enclosed.ts",
      "src/network/rounding/node-values.ts",
      "src/network/rounding-error.ts",
    ],
    tests: ["test/network/rounding-sums.test.ts", "test/network/rounding-nodes.test.ts"],
  },
  "rounding-dual": {
    decides: true,
    files: [
      "src/dual/rounding.ts",
      "src/dual/own-rounding.ts",
      "src/dual/outward.ts",
      "src/dual/widening.ts",
    ],
    tests: [
      "test/dual/own-rounding.test.ts",
      "test/dual/rounding-enclosed.test.ts",
      "test/dual/widening.test.ts",
    ],
  },
  "rounding-affine": {
    decides: true,
    files: ["src/dual/affine-rounding.ts"],
    tests: [
      "test/dual/rounding-moves.test.ts",
      "test/dual/rounding-joins.test.ts",
      "test/dual/rounding-affine.test.ts",
    ],
  },
  margins: {
    decides: true,
    files: [
      "src/dual/margin.ts",
      "src/dual/open-margins.ts",
      "src/dual/forward-margins.ts",
      "src/dual/known-bounds.ts",
    ],
    tests: ["test/dual/margins.test.ts"],
  },
  estimators: {
    decides: true,
    files: [
      "src/estimators/tail.ts",
      "src/estimators/count.ts",
      "src/estimators/geometric-mean.ts",
      "src/estimators/median.ts",
      "src/estimators/training.ts",
    ],
    tests: ["test/estimators/claims.test.ts"],
  },
  "activations-pieces": {
    decides: true,
    files: [
      "src/activations/relu.ts",
      "src/activations/leaky-relu.ts",
      "src/activations/hardtanh.ts",
      "src/activations/line-pair.ts",
      "src/activations/index.ts",
    ],
    tests: ["test/activations/table.test.ts", "test/activations/pieces.test.ts"],
  },
  "activations-curves": {
    decides: true,
    files: ["src/activations/s-shaped.ts", "src/activations/tanh.ts", "src/activations/sigmoid.ts"],
    tests: ["test/activations/table.test.ts", "test/activations/curves.test.ts"],
  },
  // The dual layers.
  "dual-affine": {
    decides: true,
    files: [
      "src/dual/layers/linear.ts",
      "src/dual/layers/conv2d.ts",
      "src/dual/layers/convolution.ts",
      "src/dual/layers/conv-transpose2d.ts",
      "src/dual/layers/transposed-patch.ts",
      "src/dual/layers/window-patch.ts",
      "src/dual/layers/average-pool.ts",
    ],
    tests: ["test/dual/rules/coefficients.test.ts", "test/dual/rules/affine.test.ts"],
  },
  "dual-moves": {
    decides: true,
    files: [
      "src/dual/layers/add.ts",
      "src/dual/layers/concat.ts",
      "src/dual/layers/batch-norm.ts",
      "src/dual/layers/scale-shift.ts",
      "src/dual/layers/diagonal.ts",
      "src/dual/layers/rearrangement.ts",
      "src/dual/layers/reshape.ts",
      "src/dual/layers/magnitude.ts",
    ],
    tests: [
      "test/dual/rules/coefficients.test.ts",
      "test/dual/rules/affine.test.ts",
      "test/dual/magnitude.test.ts",
    ],
  },
  "dual-enclosed": {
    decides: true,
    files: [
      "src/dual/layers/elementwise.ts",
      "src/dual/layers/max-pool.ts",
      "src/dual/layers/choice-in-patch.ts",
      "src/dual/layers/index.ts",
      "src/dual/parallel-dual.ts",
      "src/dual/patch.ts",
      "src/dual/window-members.ts",
    ],
    tests: [
      "test/dual/rules/choices.test.ts",
      "test/dual/rules/max-pool.test.ts",
      "test/dual/rules/activations.test.ts",
      "test/dual/rules/affine.test.ts",
    ],
  },
  // Lines that are chosen for each row.
  "dual-lines": {
    decides: true,
    files: ["src/dual/slopes/lines.ts", "src/dual/slopes/mixed-dual.ts", "src/dual/slopes/free-variables.ts"],
    tests: ["test/dual/slopes/enclosures.test.ts", "test/dual/slopes/free-variables.test.ts"],
  },
  "dual-rows": {
    decides: true,
    files: [
      "src/dual/slopes/dual-rows.ts",
      "src/dual/slopes/relaxation.ts",
      "src/dual/slopes/region-rounding.ts",
    ],
    tests: [
      "test/dual/slopes/rows-by-hand.test.ts",
      "test/dual/slopes/relaxation.test.ts",
      "test/dual/slopes/tighten.test.ts",
    ],
  },
  "dual-tighten": {
    decides: true,
    files: ["src/dual/slopes/tighten.ts", "src/dual/slopes/unstable-neurons.ts"],
    tests: [
      "test/dual/slopes/unstable-neurons.test.ts",
      "test/dual/slopes/tighten-pieces.test.ts",
      "test/dual/slopes/tighten.test.ts",
    ],
  },
  "dual-boxes": {
    decides: true,
    files: ["src/dual/box.ts", "src/dual/box-states.ts", "src/dual/box-layer.ts", "src/dual/known-bounds.ts"],
    tests: ["test/dual/boxes.test.ts", "test/dual/margins.test.ts"],
  },
};
