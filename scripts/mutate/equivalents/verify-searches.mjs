import { AT_ONCE, BEHIND, ENDED, of, RECORDS, SOONER, TYPES, taken, WAITS } from "./reasons.mjs";

const [neurons, inputs, steps] = ["split-neurons.ts", "split-inputs.ts", "verify.ts"].map(of);

const COST = "3 * costBelow(network, network.output)";
const TIMELY = `backend.multiplyAddsAtOnce / (${COST} || 1)`;
const SLOTS = "(this.#refresh ? 24 : 4) * unstable";
const WAITING = "this.#queue.size + this.#recorded";
const PART_COST = "rows * costBelow(network, network.output)";
const LEFT_OR_FOUND = "if (left.length === 0 || time.passed || this.#counterexample) return;";
const PARTS_WAITING = "queue.size + recorded";

const BEST_ROW = "if (found > value) [value, at] = [found, b * own.rows + row];";
const EFFECT = "Math.abs(slopeOf(f)) * widthOf(whole, f)";
const EFFECTS = `const effects = whole.lower.map((_, f) => ${EFFECT} || 0);`;
const LEAST = "LEAST_EFFECT * effects.reduce((most, effect) => Math.max(most, effect), 0)";

/** Survivors of the searches that no test can tell: they may take any order, and any number of parts at once. */
export const SEARCHES = [
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
  ...neurons(
    "a branch without its parent's bounds has looser ones: the box's, cut by its decisions, or its own",
    [...["bounds?.[column] ?? null", "bounds?.[column] && null"]],
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

  ...inputs(
    RECORDS,
    ["{ record: false }", "{}"],
    ["false", "true", "using tape = new Tape(backend, { record: false });"],
  ),
  ...inputs("parts are made where the part has one, and there alone", ["part && parts", "part || parts"]),
  ...inputs(
    BEHIND,
    ["f < features", "f <= features", 2],
    ["k < own.outputs", "k <= own.outputs"],
    ["row < own.rows", "row <= own.rows", 2],
  ),
  ...inputs("what lies behind a row of the matrix is the next one's, which is written afterwards", [
    ...["b < count", "b <= count", "for (let b = 0; b < count; b++) {"],
  ]),
  ...inputs(
    "which point of a part is tried, and which input is halved: any will do",
    ["b * own.rows", "b / own.rows", "let [value, at] = [Number.NEGATIVE_INFINITY, b * own.rows];"],
    ...taken(BEST_ROW, "b * own.rows + row", "b * own.rows - row"),
    ...taken(BEST_ROW, "b * own.rows", "b / own.rows"),
    ...taken(BEST_ROW, "found > value", "found >= value"),
    ["f * rows + best[b].at", "f * rows - best[b].at"],
    ["f * rows", "f / rows", 2],
    ["(f) => nu[f * rows + at]", "() => undefined"],
    ["f * rows + at", "f * rows - at"],
    ...taken(EFFECTS, `${EFFECT} || 0`, "true", "false", `${EFFECT} && 0`),
    [EFFECT, EFFECT.replace("*", "/")],
    [`${LEAST} || 1`, "true"],
    [LEAST, LEAST.replace("*", "/")],
    ["(most, effect) => Math.max(most, effect)", "() => undefined"],
    ["Math.max(most, effect)", "Math.min(most, effect)"],
    ["widthOf(region, f) / widthOf(whole, f)", "widthOf(region, f) * widthOf(whole, f)"],
    ["score > most", "score >= most"],
  ),
  ...steps(
    "how the time is shared among boxes and cases",
    ["1 / (this.#questions.length - i)", "1 * (this.#questions.length - i)", 2],
    ["this.#questions.length - i", "this.#questions.length + i", 2],
    ["1 / (cases.length - i)", "1 * (cases.length - i)", 2],
    ["cases.length - i", "cases.length + i", 2],
  ),
  ...steps("where an attack begins: what it does not find proves nothing", [
    "this.#options.seed ?? 0",
    "this.#options.seed && 0",
  ]),
  ...steps(
    `${SOONER}: no case is left, or what would be begun is ended at its first piece`,
    ["left.length === 0 || deadline.passed", "false", 2],
    ["left.length === 0 || deadline.passed", "left.length === 0 && deadline.passed", 2],
    ["left.length === 0", "false", 4],
    ...taken(LEFT_OR_FOUND, "left.length === 0 || time.passed", "false", "left.length === 0 && time.passed"),
    ...taken(
      ...[LEFT_OR_FOUND, LEFT_OR_FOUND.slice(4, -9), "false"],
      "(left.length === 0 || time.passed) && this.#counterexample",
    ),
  ),
  ...steps(
    ENDED,
    ["{ budget: this.#budget, signal: deadline }", "{}", 2],
    ["this.#budget.left(this.#bounded.backend) / 4", "this.#budget.left(this.#bounded.backend) * 4"],
  ),
  ...steps("asks the same arithmetic twice", ['this.#bounded.backend.dtype === "float64"', "false"]),
  ...steps(
    "which case is searched first",
    ["open.sort((a, b) => b.bound - a.bound)", "open"],
    ["(a, b) => b.bound - a.bound", "() => undefined"],
    ["b.bound - a.bound", "b.bound + a.bound"],
  ),
  ...steps(
    "a case that the step proved before memory ran out is proved once more, or said to be open",
    ['cases.filter(({ number }) => this.#cases.get(number)?.answer !== "holds")', "cases"],
    ['this.#cases.get(number)?.answer !== "holds"', "true"],
  ),
  ...steps("a record that nobody asked for is let fall: memory and time", [
    ...["this.#options.onProof !== undefined", "true"],
  ]),
  ...steps(
    "there is a record where there is a tree, and there alone",
    ["tree && record", "true"],
    ["tree && record", "tree || record"],
  ),
  ...steps(
    "there is a proof where somebody asked for it, and there alone",
    ["proof", "true"],
    ["this.#options.onProof?.(proof)", "this.#options.onProof(proof)"],
  ),
  ...steps("verify() asks first what was found, and ends", [...["true", "false"], "return true;"]),
  ...steps("there is no other kind of outcome", [
    ...["default: return outcome satisfies never;", "default:"],
  ]),
  ...steps("null is no finite number", ["bound !== null", "true"]),
];
