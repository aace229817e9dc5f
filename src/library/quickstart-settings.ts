/** What `quickstart` does: as much as plain TypeScript does in well under two minutes on two cores. */
export const QUICKSTART = {
  out: "runs/quickstart",
  model: "tiny",
  trainImages: 3_000,
  testImages: 1_000,
  epochs: 4,
  batch: 20,
  rate: 0.005,
  epsilon: 0.1,
  startEpsilon: 0.001,
  scheduleEpochs: 2,
  /** Test examples that are certified after each epoch, for the curves of the report. */
  evaluateImages: 200,
  attackSteps: 10,
  attackRestarts: 1,
  attackBatch: 50,
} as const;
