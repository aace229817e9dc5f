/** Of balls, batches, answers, verdicts, and the neurons of a network. */
export const THREAT = [
  // Batches, answers, and the neurons of a network.
  ...[
    ["src/threat/pick.ts", "f < features", "f <= features"],
    ["src/threat/pick.ts", "i < count", "i <= count"],
    ["src/network/layers/window-taps.ts", "block < g.groups * positions", "block <= g.groups * positions"],
  ].map(([file, was, becomes]) => ({
    file,
    was,
    becomes,
    why: "one too many is written over by the next row, or behind the end of a typed array, where it is lost",
  })),
  ...[
    ["logits.length / examples", "logits.length * examples"],
    ["j < classes", "j <= classes"],
  ].map(([was, becomes]) => ({
    file: "src/network/predict.ts",
    was,
    becomes,
    why: "behind the end there is nothing, which is larger than no logit",
  })),
  ...[
    ["src/threat/evaluation.ts", "default: return evaluation satisfies never;"],
    ["src/network/affine-rows.ts", "default: return null;"],
  ].map(([file, was]) => ({ file, was, becomes: "default:", why: "nothing is found there, as before" })),
  {
    file: "src/network/affine-rows.ts",
    was: "() => 0",
    becomes: "() => undefined",
    places: 4,
    why: "typed arrays of whole numbers take it for 0",
  },
  {
    file: "src/network/affine-rows.ts",
    was: 'layer.kind === "pad"',
    becomes: "true",
    why: "every output of the others is an input, and their constant is asked for nowhere",
  },
  {
    file: "src/network/neurons.ts",
    was: "[]",
    becomes: '["Stryker was here"]',
    why: "a model has numbers for every parameter",
  },
  {
    file: "src/network/neurons.ts",
    was: "rows && columns",
    becomes: "rows || columns",
    why: "columns are made where there are rows",
  },
  {
    file: "src/network/layers/window-taps.ts",
    was: "at >= 0",
    becomes: "true",
    why: "what is below 0 is passed over where it is read",
  },
  ...[
    ["taps .filter((own) => own.some((feature) => feature !== null))", "taps"],
    ["feature !== null", "true"],
  ].map(([was, becomes]) => ({
    file: "src/network/max-pool-as-relus.ts",
    was,
    becomes,
    why: "a place that lies in the padding everywhere has the first input of each window once more",
  })),
  // Balls.
  {
    file: "src/threat/ball.ts",
    was: "default: return norm satisfies never;",
    becomes: "default:",
    why: "there is no other norm",
  },
  ...[
    ["f < features", "f <= features"],
    ["i < centre.length", "i <= centre.length", 2],
  ].map(([was, becomes, places]) => ({
    file: "src/threat/ball.ts",
    was,
    becomes,
    places,
    why: "what is written behind the end of a typed array is lost, and what is read there is no number",
  })),
  // Verdicts, questions, outward rounding.
  {
    file: "src/verify/question.ts",
    was: "[]",
    becomes: '["Stryker was here"]',
    at: "const reach = (row.inputs ?? []).reduce(",
    why: "the reach of a row without inputs is not asked for",
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
