/** Survivors of `src/verify` that no test can tell. Branch and bound may take any order, and any number of parts at once. */
const of =
  (file) =>
  (why, ...mutants) =>
    mutants.map(([was, becomes, at]) => ({
      file: `src/verify/${file}`,
      was,
      becomes,
      ...(at && { at }),
      why,
    }));
const [leaf, cases, points, bounds, rows] = [
  ...["leaf.ts", "case-bounds.ts", "candidates.ts", "branch-bounds.ts", "branch-rows.ts"],
].map(of);
const [neurons, inputs, narrow, asked, relations] = [
  ...["split-neurons.ts", "split-inputs.ts", "narrow-box.ts", "input-rows.ts", "relations.ts"],
].map(of);

const RECORDS = "a tape that records keeps more, and computes the same";
const BEHIND = "what lies behind the last entry is read as nothing, and not written";
const SOONER = "says sooner that there is nothing to do";
const TYPES = "is always so; it is there for the types";
const AT_ONCE = "how much is bounded at once, and how much waits: a matter of memory and time";
const ENDED =
  "what would be begun is ended at its first piece, by the same deadline; memory is a matter of pieces";
const WAITS =
  "the search gives up, or goes on, with other numbers of parts that wait: memory; nothing is proved by that";

const recorded = [
  ["{ record: false }", "{}"],
  ["false", "true", "this.#tape = new Tape(backend, { record: false });"],
];
/** A condition in a line is taken for others. */
const taken = (at, was, ...others) => others.map((becomes) => [was, becomes, at]);

const NOTHING_TO_REFRESH =
  "if (!tensors || neurons.length === 0 || this.relaxation.choices(node).length === 0) continue;";
const NO_CUTS = "if (!root || above.length === 0) return null;";
const COST = "3 * costBelow(network, network.output)";
const TIMELY = `backend.multiplyAddsAtOnce / (${COST} || 1)`;
const SLOTS = "(this.#refresh ? 24 : 4) * unstable";
const WAITING = "this.#queue.size + this.#recorded";
const PART_COST = "rows * costBelow(network, network.output)";
const PARTS_WAITING = "queue.size + recorded";

export const VERIFY = [
  ...leaf("the entry behind the inputs' is that of the case's value, which is written afterwards", [
    "f < features",
    "f <= features",
  ]),

  ...cases(RECORDS, recorded[0], ["false", "true", "using tape = new Tape(backend, { record: false });"]),
  ...cases(BEHIND, ["k < outputs", "k <= outputs"]),
  ...cases("of no rows none is read", [
    ...["[]", '["Stryker was here"]'],
    "all.length === 0 ? [] : await backend.read((await dual.boundInPieces(all.length, objective)).value);",
  ]),

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

  ...neurons(
    AT_ONCE,
    ["(sum, { shape }) => sum + sizeOf(shape)", "() => undefined"],
    ["sum + sizeOf(shape)", "sum - sizeOf(shape)"],
    ["8 * 20 * features", "8 * 20 / features"],
    ["8 * 20", "8 / 20"],
    [TIMELY, TIMELY.replace(" / ", " * ")],
    [`${COST} || 1`, "true"],
    [`${COST} || 1`, "false"],
    [`${COST} || 1`, `${COST} && 1`],
    [COST, COST.replace("*", "/")],
    ["Math.max(1, Math.min(MOST_BRANCHES, timely))", "Math.min(1, Math.min(MOST_BRANCHES, timely))"],
    ["Math.min(MOST_BRANCHES, timely)", "Math.max(MOST_BRANCHES, timely)"],
    ["2 * bytes", "2 / bytes"],
  ),
  ...neurons(
    "bounds that are computed again where there are many neurons take time; those that are not are looser",
    ["unstable <= REFRESHED", "true"],
    ["unstable <= REFRESHED", "unstable < REFRESHED"],
  ),
  ...neurons(
    WAITS,
    [`options.budget.bytes / 2 / (64 + ${SLOTS})`, `options.budget.bytes / 2 * (64 + ${SLOTS})`],
    ["options.budget.bytes / 2", "options.budget.bytes * 2"],
    [`64 + ${SLOTS}`, `64 - ${SLOTS}`],
    [SLOTS, SLOTS.replace("*", "/")],
    [`${WAITING} > this.#mostWaiting`, "false"],
    [`${WAITING} > this.#mostWaiting`, `${WAITING} >= this.#mostWaiting`],
    [WAITING, WAITING.replace("+", "-")],
    ["this.#recorded += 1", "this.#recorded -= 1"],
  ),
  ...neurons("what waits has a decision; it is there for the types", [
    ...["[]", '["Stryker was here"]'],
    "parent.decision ? childrenOf(parent, parent.decision) : [],",
  ]),
  ...neurons(TYPES, ["children.length > 0", "true"], ["children.length > 0", "children.length >= 0"]),
  ...neurons(
    ENDED,
    ["{ return { budget: this.#options.budget, signal: this.#options.deadline }; }", "{}"],
    ["{ budget: this.#options.budget, signal: this.#options.deadline }", "{}"],
  ),
  ...neurons("run() asks first what was found, and ends", [
    "this.#found",
    "false",
    "if (this.#found) return;",
  ]),
  ...neurons(
    "a leaf's bounds that are not computed again are looser: the linear program has its decisions all the same",
    ["{ refresh: this.#refresh, limits: this.#limits }", "{}"],
    ["crossing", "false", "if (crossing) return this.#record(branch, crossing);"],
  ),
  ...neurons("nothing is recorded without a part to record it in", ["!this.#options.part", "false"]),
  ...neurons("every bound depends on the input; it is there for the types", ["!nu", "false"]),
  ...neurons(BEHIND, ["f < region.lower.length", "f <= region.lower.length"]),
  ...neurons("either is the same number", ["bound > most", "bound >= most"]),
  ...neurons("parts are made where the branch has one, and there alone", [
    "branch.part && parts",
    "branch.part || parts",
  ]),

  ...inputs(
    AT_ONCE,
    ["Math.min(most, FIRST_BATCH)", "Math.max(most, FIRST_BATCH)"],
    ["Math.min(most, 2 * size)", "Math.max(most, 2 * size)"],
    ["2 * size", "2 / size"],
    ["sum + sizeOf(shape)", "sum - sizeOf(shape)"],
    [`backend.multiplyAddsAtOnce / (${PART_COST} || 1)`, `backend.multiplyAddsAtOnce * (${PART_COST} || 1)`],
    [`${PART_COST} || 1`, "true"],
    [`${PART_COST} || 1`, "false"],
    [`${PART_COST} || 1`, `${PART_COST} && 1`],
    [PART_COST, PART_COST.replace("*", "/")],
    ["8 * 20 * features", "8 * 20 / features"],
    ["8 * 20", "8 / 20"],
    ["Math.max(1, Math.min(MOST_PARTS, timely))", "Math.min(1, Math.min(MOST_PARTS, timely))"],
    ["Math.min(MOST_PARTS, timely)", "Math.max(MOST_PARTS, timely)"],
  ),
  ...inputs(
    WAITS,
    [
      "budget.bytes / 2 / (64 + 16 * region.lower.length)",
      "budget.bytes / 2 * (64 + 16 * region.lower.length)",
    ],
    ["budget.bytes / 2", "budget.bytes * 2"],
    ["64 + 16 * region.lower.length", "64 - 16 * region.lower.length"],
    ["16 * region.lower.length", "16 / region.lower.length"],
    ["recorded += 1", "recorded -= 1"],
    [`${PARTS_WAITING} > mostWaiting`, "false"],
    [`${PARTS_WAITING} > mostWaiting`, `${PARTS_WAITING} >= mostWaiting`],
    [PARTS_WAITING, PARTS_WAITING.replace("+", "-")],
  ),
  ...inputs(
    "the middle of the box is asked about more often; its answer stays, and where it ends the search it proves nothing",
    ["bounded === 0", "true"],
    ["isFirst && !Number.isFinite(parts[0].bound)", "true"],
    ["isFirst && !Number.isFinite(parts[0].bound)", "isFirst || !Number.isFinite(parts[0].bound)"],
  ),
  ...inputs(
    ENDED,
    ["{ budget, signal: deadline }", "{}"],
    [`(await deadline.passes()) || ${PARTS_WAITING} > mostWaiting`, "false"],
    [
      `(await deadline.passes()) || ${PARTS_WAITING} > mostWaiting`,
      `(await deadline.passes()) && ${PARTS_WAITING} > mostWaiting`,
    ],
    ['{ return { kind: "open", bounded, bound: Math.min(stuck, queue.least) }; }', "{}"],
  ),
  ...inputs(TYPES, ["axis === null", "false"]),
  ...inputs("what waits has an axis; it is there for the types", [
    ...["[]", '["Stryker was here"]'],
    "if (axis === null) return [];",
  ]),
  ...inputs("every bound depends on the input; it is there for the types", [
    "features * rows",
    "features / rows",
  ]),

  ...narrow("a relation has inputs; it is there for the types", ["[]", '["Stryker was here"]']),
  ...narrow("a row of nothing narrows nothing", ["inputs !== undefined", "true"]),
  ...narrow(SOONER, ["relations.length === 0", "false"]),
  ...narrow("a coefficient of 0 counts nothing, and is left out", ["coefficient > 0", "coefficient >= 0"]),
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

  ...relations("a relation has inputs; it is there for the types", ["[]", '["Stryker was here"]']),
  ...relations("a coefficient of 0 has no room to give", ["coefficient > 0", "coefficient >= 0"]),
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
];
