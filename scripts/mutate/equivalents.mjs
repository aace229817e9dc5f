import { OF_DUAL } from "./equivalents/dual.mjs";
import { ROUNDING } from "./equivalents/rounding.mjs";
import { VERIFY } from "./equivalents/verify.mjs";
import { SEARCHES } from "./equivalents/verify-searches.mjs";

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
  // Certification of a batch.
  ...["src/certify/again.ts", "src/certify/certify.ts"].map((file) => ({
    file,
    was: "{ record: false }",
    becomes: "{}",
    why: "a tape records nothing unless told",
  })),
  {
    file: "src/certify/certify.ts",
    was: "j === reference[b]",
    becomes: "false",
    why: "the margin of a class against itself is 0 as it is bounded, too",
  },
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
    ["i < centre.length", "i <= centre.length"],
  ].map(([was, becomes]) => ({
    file: "src/threat/ball.ts",
    was,
    becomes,
    why: "what is written behind the end of a typed array is lost, and what is read there is no number",
  })),
  // The network as the checker sees it.
  {
    file: "src/check/network.ts",
    was: "[]",
    becomes: '["Stryker was here"]',
    why: "each layer writes its own entry before any other reads it",
  },
  {
    file: "src/check/network.ts",
    was: "!affine || !(isSum || isRescaling || MOVES.includes(layer.kind))",
    becomes: "!affine && !(isSum || isRescaling || MOVES.includes(layer.kind))",
    why: "layers have rows where their kinds are in one of the lists, and nowhere else",
  },
  {
    file: "src/check/network.ts",
    was: "isSum || isRescaling || MOVES.includes(layer.kind)",
    becomes: "true",
    why: "as above",
  },
  // The checker's curves.
  ...[
    ...["true", "d > 0 || d < steepest"].map((becomes) => ["d > 0 && d < steepest", becomes]),
    ["d > 0", "true"],
    ["d > 0", "d >= 0"],
    ["d < steepest", "true"],
    ["d < steepest", "d <= steepest"],
    ["[]", '["Stryker was here"]'],
  ].map(([was, becomes]) => ({
    file: "src/check/curves.ts",
    was,
    becomes,
    why: "turns of such a slope are no finite numbers, and lie in no interval; at the steepest one both are 0, where nothing turns but where a place more does no harm",
  })),
  {
    file: "src/check/curves.ts",
    was: "z > 0",
    becomes: "z >= 0",
    why: "at 0 both sides of the kink have the value 0",
  },
  ...["z > l", "z < u"].map((was) => ({
    file: "src/check/curves.ts",
    was,
    becomes: `${was.slice(0, 3)}=${was.slice(3)}`,
    why: "an end is looked at anyway",
  })),
  // The checker's bounds.
  {
    file: "src/check/bounds.ts",
    was: "cut.neuron >= from",
    becomes: "true",
    why: "a decision is then taken into account again at later layers, which changes nothing",
  },
  {
    file: "src/check/bounds.ts",
    was: "cut && cut.neuron >= from",
    becomes: "cut",
    why: "as above",
  },
  ...["cut.sign > 0", "sign > 0"].map((was) => ({
    file: "src/check/bounds.ts",
    was,
    becomes: was.replace(">", ">="),
    why: "a sign is 1 or -1",
  })),
  ...[
    ["rows?.features", "rows.features"],
    ["rows?.slopesOf", "rows.slopesOf"],
    ["curve?.below", "curve.below"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "a layer that rows are asked for has rows and a curve; the question mark is there for the types",
  })),
  ...[
    ["part.lower[neuron] < 0", "part.lower[neuron] <= 0"],
    ["part.upper[neuron] > 0", "part.upper[neuron] >= 0"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "bounds are rounded outward, and are 0 by a decision alone; a row more then gives a bound as well",
  })),
  ...[
    ["[]", '["Stryker was here"]'],
    ["to - from", "to + from"],
    ["i < to", "i <= to", "for (let i = 0; i < to; i++) {"],
  ].map(([was, becomes, at]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    at,
    why: "makes entries that nothing reads: those of the input layer, or behind a layer's last neuron",
  })),
  ...[
    ["weight < 0", "weight <= 0"],
    ["least > lower[i]", "least >= lower[i]"],
    ["most < upper[i]", "most <= upper[i]"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "either side is the same number",
  })),
  {
    file: "src/check/bounds.ts",
    was: "sums[i] <= machine.most",
    becomes: "sums[i] < machine.most",
    why: "bounds are rounded outward, past the largest number that is allowed",
  },
  ...["v === 0", "columns[c] >= 0"].map((was) => ({
    file: "src/check/bounds.ts",
    was,
    becomes: was === "v === 0" ? "false" : "true",
    why: "saves time: 0 adds nothing to sums of finite numbers, and typed arrays have no place before the first",
  })),
  ...[
    ["nu[from + i] > 0", "nu[from + i] >= 0"],
    ["v > 0", "v >= 0"],
  ].map(([was, becomes]) => ({
    file: "src/check/bounds.ts",
    was,
    becomes,
    why: "where ν is 0 either side adds nothing",
  })),
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
  // Certification.
  {
    file: "src/runs/certification.ts",
    was: "deadline?.aborted",
    becomes: "deadline.aborted",
    why: "nothing is left to be answered where there is no deadline; the question mark is there for the types",
  },
  {
    file: "src/certify/predictions.ts",
    was: "{ record: false }",
    becomes: "{}",
    why: "a tape records nothing unless told",
  },
  ...ROUNDING,
  // Branch and bound.
  ...VERIFY,
  ...SEARCHES,
  ...OF_DUAL,
];
