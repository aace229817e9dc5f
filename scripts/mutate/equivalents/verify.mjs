import { AT_ONCE, BEHIND, of, RECORDS, SOONER, TYPES, taken } from "./reasons.mjs";

const [leaf, cases, points, bounds] = ["leaf.ts", "case-bounds.ts", "candidates.ts", "branch-bounds.ts"].map(
  of,
);
const [rows, narrow, asked, relations] = [
  "branch-rows.ts",
  "narrow-box.ts",
  "input-rows.ts",
  "relations.ts",
].map(of);

const rungs = of("strongest.ts");

const recorded = [
  ["{ record: false }", "{}"],
  ["false", "true", "this.#tape = new Tape(backend, { record: false });"],
];
const NOTHING_TO_REFRESH =
  "if (!tensors || neurons.length === 0 || this.relaxation.choices(node).length === 0) continue;";
const NO_CUTS = "if (!root || above.length === 0) return null;";

/** Survivors of what `src/verify` bounds and asks that no test can tell. */
export const VERIFY = [
  ...leaf("the entry behind the inputs' is that of the case's value, which is written afterwards", [
    "f < features",
    "f <= features",
    2,
  ]),

  ...cases(RECORDS, recorded[0], ["false", "true", "using tape = new Tape(backend, { record: false });"]),
  ...cases(BEHIND, ["k < outputs", "k <= outputs"]),
  ...cases("of no rows none is read", [
    ...["[]", '["Stryker was here"]'],
    "all.length === 0 ? [] : await backend.read((await dual.boundInPieces(all.length, objective)).value);",
  ]),

  ...of("falsify.ts")(
    BEHIND,
    ["f < lower.length", "f <= lower.length"],
    ["k < own.outputs", "k <= own.outputs"],
  ),

  ...points("numbers were put at or below the upper end before", ["value <= ends.upper[f]", "true"]),

  ...bounds(RECORDS, ...recorded),
  ...bounds(
    `${SOONER}: a decision is at or above the first activation, and of no neurons none is bounded`,
    ...taken(NOTHING_TO_REFRESH, "neurons.length === 0", "false"),
    ...taken(NOTHING_TO_REFRESH, "this.relaxation.choices(node).length === 0", "false"),
    ...taken(
      NOTHING_TO_REFRESH,
      "!tensors || neurons.length === 0",
      "false",
      "!tensors && neurons.length === 0",
    ),
    ...taken(
      ...[NOTHING_TO_REFRESH, NOTHING_TO_REFRESH.slice(4, -11), "false"],
      "(!tensors || neurons.length === 0) && this.relaxation.choices(node).length === 0",
    ),
    ["places.length === 0", "false"],
  ),
  ...bounds(TYPES, ["!tensors", "false"]),
  ...bounds(
    AT_ONCE,
    ["network.nodes.slice(0, node + 1)", "network.nodes"],
    ["node + 1", "node - 1"],
    ["sum + size", "sum - size"],
    ["2 * costBelow(network, node)", "2 / costBelow(network, node)"],
    [
      "Math.min(places.length, begin + rowsAtOnce(this.#tape, way, limits))",
      "Math.max(places.length, begin + rowsAtOnce(this.#tape, way, limits))",
    ],
  ),
  ...bounds(
    "without an activation above there are no entries to put in",
    ...taken(NO_CUTS, "above.length === 0", "false"),
    ...taken(NO_CUTS, "!root || above.length === 0", "false", "!root && above.length === 0"),
  ),
  ...bounds(
    "the entry behind a branch's last is the next one's first, which is written afterwards",
    ["i < neurons.length", "i <= neurons.length", "for (let i = 0; i < neurons.length; i++) {"],
    ["i < places.length", "i <= places.length"],
  ),
  ...bounds("a tape that does not record does not look", [
    "false",
    "true",
    "return this.#tape.release({ value: tensor, tracked: false });",
  ]),

  ...rows(RECORDS, ...recorded),
  ...rows("every enclosure has two lower lines", ["lower.length === 2", "true"]),
  ...rows(SOONER, ["size === 0", "false"]),
  ...rows(
    BEHIND,
    ["column < count", "column <= count"],
    ["row < own.rows", "row <= own.rows"],
    ["k < outputs", "k <= outputs"],
  ),

  ...narrow("a relation has inputs; it is there for the types", ["[]", '["Stryker was here"]']),
  ...narrow("a row of nothing narrows nothing", ["inputs !== undefined", "true"]),
  ...narrow(SOONER, ["relations.length === 0", "false"]),
  ...narrow("a coefficient of 0 counts nothing, and is left out", ["coefficient > 0", "coefficient >= 0", 2]),
  ...narrow(
    "an end that is nearer by just so much may stay or not: both boxes have every point",
    ["value > ends.lower[f] + width(f)", "value >= ends.lower[f] + width(f)"],
    ["value < ends.upper[f] - width(f)", "value <= ends.upper[f] - width(f)"],
  ),

  ...asked("an entry of no output is not written", ["[]", '["Stryker was here"]']),
  ...asked("what is flat is the same once it is flattened", ["of.shape.length === 1", "false"]),
  ...asked("all inputs in their order are the inputs", [
    "used.length === sizeOf(network.inputShape)",
    "false",
  ]),

  ...relations("a relation has inputs; it is there for the types", ["[]", '["Stryker was here"]', 2]),
  ...relations("a coefficient of 0 has no room to give", ["coefficient > 0", "coefficient >= 0", 2]),
  ...relations("a sign is 1 or -1", [
    "compare(read(value), targets[i]) * (isBelow ? 1 : -1)",
    "compare(read(value), targets[i]) / (isBelow ? 1 : -1)",
  ]),
  ...relations(
    "a guard: a double or two beside its target every number meets it; a point that does not is judged, and left out",
    ["i < 8", "true"],
    ["i < 8", "i <= 8"],
    ["i < 8 && Number.isFinite(value)", "true"],
    ["i < 8 && Number.isFinite(value)", "i < 8 || Number.isFinite(value)"],
    ["i++", "i--", "for (let i = 0; i < 8 && Number.isFinite(value) && isBeyond(value); i++) {"],
  ),
  ...rungs("each entry is written before it is read", ["[]", '["Stryker was here"]']),
  ...rungs("all examples, picked, are all examples", ["open.length === count", "false"]),
  ...rungs(
    "with no time left nothing is found, and says so itself",
    ["limits.deadline?.passed", "false"],
    ["{ verdicts[b] = { ...verdicts[b], isCut: true }; continue; }", "{}"],
    ["seconds <= 0", "false"],
    ["seconds <= 0", "seconds < 0"],
  ),
  ...rungs(
    "cases that bounds have proved are proved once more",
    ["{ length: classes }", "{}"],
    ["(_, j) => j", "() => undefined"],
    ["(j) => j !== prediction", "() => undefined"],
    ["j !== prediction", "false"],
    ["j !== prediction", "j === prediction"],
    ["whole.cases.filter((_, i) => !isProof(marginLower[others[i]]))", "whole.cases"],
  ),
  ...rungs("undefined is what it is by default, too", ["memoryBytes !== undefined", "true"]),
];
