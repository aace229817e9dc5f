/** What says a verdict, and the checker of certificates. */
export const VERDICTS = {
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
  "verify-points": {
    decides: true,
    files: ["src/verify/falsify.ts"],
    tests: [
      "test/verify/first-broken.test.ts",
      "test/verify/falsify-steps.test.ts",
      "test/verify/falsify.test.ts",
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
  "verify-rungs": {
    decides: true,
    files: ["src/verify/rungs.ts", "src/verify/strongest.ts"],
    tests: ["test/verify/better-verdict.test.ts", "test/verify/rungs.test.ts"],
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
  balls: {
    decides: true,
    files: ["src/threat/ball.ts", "src/threat/box.ts"],
    tests: ["test/threat/ball-values.test.ts", "test/threat/ball.test.ts"],
  },
  // Lines that enclose an activation.
};
