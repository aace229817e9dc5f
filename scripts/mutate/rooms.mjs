/**
 * What is mutated together, the most important first: files, and the tests that answer for them, the quickest first. Tests of
 * units on the portable backend; none that starts a process. A room that `decides` is on a verdict's way: a survivor there is an
 * error, unless `equivalents.mjs` says why no test can tell it.
 */
export const ROOMS = {
  "check-claims": {
    decides: true,
    files: ["src/check/claims.ts"],
    tests: ["test/check/claims.test.ts"],
  },
  "check-bounds": {
    decides: true,
    files: ["src/check/bounds.ts"],
    tests: ["test/check/exact-bounds.test.ts"],
  },
  "check-rounding": {
    decides: true,
    files: ["src/check/rounding.ts", "src/check/network.ts"],
    tests: ["test/check/network.test.ts", "test/check/rounding.test.ts"],
  },
  "check-curves": {
    decides: true,
    files: ["src/check/curves.ts"],
    tests: ["test/check/curves.test.ts"],
  },
  verdicts: {
    decides: true,
    files: ["src/threat/verdict.ts", "src/threat/proof.ts", "src/threat/guarantee.ts"],
    tests: ["test/threat/verdict.test.ts"],
  },
  certify: {
    decides: true,
    files: ["src/certify/certify.ts", "src/certify/again.ts", "src/certify/hopeless.ts"],
    tests: [
      ...[
        "test/certify/hopeless.test.ts",
        "test/certify/bound-again.test.ts",
        "test/certify/verdicts.test.ts",
      ],
      ...["test/certify/again.test.ts", "test/certify/underflow.test.ts"],
    ],
  },
  certification: {
    decides: true,
    files: ["src/runs/certification.ts", "src/runs/certification-summary.ts"],
    tests: [
      "test/runs/certification-summary.test.ts",
      "test/runs/certification-time.test.ts",
      "test/runs/certified-dataset.test.ts",
    ],
  },
  "certify-runs": {
    decides: true,
    files: ["src/runs/certify-together.ts", "src/runs/certify-within-time.ts"],
    tests: ["test/runs/certify-together.test.ts", "test/runs/certify-rounds.test.ts"],
  },
  radius: {
    decides: true,
    files: ["src/certify/radius.ts", "src/certify/predictions.ts"],
    tests: ["test/certify/radius.test.ts"],
  },
  certificate: {
    decides: true,
    files: ["numbers", "region", "hints", "file"].map((name) => `src/formats/certificate/${name}.ts`),
    tests: ["numbers", "region", "hints", "file"].map((name) => `test/formats/certificate-${name}.test.ts`),
  },
  "certificate-schema": {
    decides: true,
    files: ["src/formats/certificate/schema.ts"],
    tests: ["test/formats/certificate-schema.test.ts"],
  },
  "verify-questions": {
    decides: true,
    files: ["src/verify/question.ts", "src/verify/verdict.ts"],
    tests: ["test/verify/question.test.ts"],
  },
  "verify-cases": {
    decides: true,
    files: ["src/verify/case-bounds.ts", "src/verify/equality.ts", "src/verify/candidates.ts"],
    tests: [
      "test/verify/search-of.test.ts",
      "test/verify/candidates.test.ts",
      "test/verify/case-bounds.test.ts",
    ],
  },
  "verify-leaves": {
    decides: true,
    files: ["src/verify/leaf.ts", "src/verify/leaf-record.ts", "src/verify/proof.ts"],
    tests: ["test/verify/leaf-by-hand.test.ts"],
  },
  // Programs give hints alone, which are bounded again.
  "verify-programs": {
    files: ["src/verify/linear-program.ts"],
    tests: ["test/verify/linear-program.test.ts"],
  },
  "verify-branches": {
    decides: true,
    files: ["src/verify/branch-bounds.ts", "src/verify/entries.ts", "src/verify/branch-rows.ts"],
    tests: ["test/verify/branch-rows-by-hand.test.ts", "test/verify/branch-bounds.test.ts"],
  },
  "verify-neurons": {
    decides: true,
    files: ["src/verify/split-neurons.ts"],
    tests: ["test/verify/split-neurons.test.ts"],
  },
  "verify-inputs": {
    decides: true,
    files: ["src/verify/split-inputs.ts"],
    tests: ["test/verify/split-inputs.test.ts"],
  },
  "verify-relations": {
    decides: true,
    files: ["src/verify/narrow-box.ts", "src/verify/input-rows.ts", "src/verify/relations.ts"],
    tests: [
      "test/verify/relations.test.ts",
      "test/verify/narrow-box.test.ts",
      "test/verify/asked-of-outputs.test.ts",
    ],
  },
  "verify-robustness": {
    decides: true,
    files: ["src/verify/robustness.ts"],
    tests: ["test/verify/robustness.test.ts"],
  },
  "verify-steps": {
    decides: true,
    files: ["src/verify/verify.ts", "src/verify/tighten-box.ts"],
    tests: ["test/verify/tighten-box.test.ts", "test/verify/limits.test.ts", "test/verify/steps.test.ts"],
  },
  "check-neurons": {
    decides: true,
    files: [
      ...["src/network/neurons.ts", "src/network/affine-rows.ts", "src/network/max-pool-as-relus.ts"],
      "src/network/layers/window-taps.ts",
    ],
    tests: ["test/network/max-pool-as-relus.test.ts", "test/network/neurons.test.ts"],
  },
  batches: {
    decides: true,
    files: [
      ...["src/threat/pick.ts", "src/threat/batch.ts", "src/threat/evaluation.ts"],
      "src/network/predict.ts",
    ],
    tests: ["test/threat/batches.test.ts"],
  },
  outward: {
    decides: true,
    files: ["src/threat/outward.ts"],
    tests: ["test/threat/outward.test.ts"],
  },
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
  balls: {
    decides: true,
    files: ["src/threat/ball.ts", "src/threat/box.ts"],
    tests: ["test/threat/ball-values.test.ts", "test/threat/ball.test.ts"],
  },
  // Lines that enclose an activation.
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
    tests: ["test/dual/boxes.test.ts"],
  },
};
