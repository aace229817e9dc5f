import { of as ofVerify, PAST_THE_LAST, RECORDS, SOONER, TYPES } from "./reasons.mjs";

/** Entries about a file of `src/dual`: the reason, and what is taken for what, on which line, or at how many places. */
const of =
  (file) =>
  (why, ...mutants) =>
    mutants.map(([was, becomes, at]) => ({
      file: `src/dual/${file}`,
      was,
      becomes,
      ...(typeof at === "number" ? { places: at } : at && { at }),
      why,
    }));

const back = of("backward.ts");
const rows = of("bounders/rows.ts");
const intervals = of("interval-network.ts");
const networks = of("dual-network.ts");
const build = of("auto-dual.ts");
const lists = of("neuron-lists.ts");
const _pieces = of("pieces.ts");

/** Of the walk that makes the bounds. See `equivalents.mjs`. */
export const OF_WALK = [
  // Rows on their way back.
  ...back("a sign is 1 or -1", ["start.sign < 0", "start.sign <= 0"]),
  ...back(TYPES, ['layer?.kind === "affine"', "true", 2], ["layer?.kind", "layer.kind", 2]),
  ...back("a node is taken once", ["[]", '["Stryker was here"]', "this.#pending[node] = [];"]),
  ...of("view.ts")("enclosed layers have no such rows", ['layer?.kind === "affine"', "true"]),
  // Lists and pieces.
  ...lists(PAST_THE_LAST, ["f < features", "f <= features"]),
  ...of("bound-in-pieces.ts")("saves a copy", ["pieces.length === 1", "false"]),
  ...lists(
    "lists inactive ones, too, which nobody reads",
    ["state === NeuronState.inactive", "false", "const size = state === NeuronState.inactive ? 0 : total;"],
    ["state === NeuronState.inactive", "false", "if (state === NeuronState.inactive) continue;"],
  ),
  // What bounds a node.
  ...of("bounders/patches.ts")("no product with nothing is at most anything", [
    "cropped === undefined",
    "false",
  ]),
  ...rows("there is no other kind", ["default: return lines satisfies never;", "default:"]),
  ...rows("what is not said is not wanted", ["{ record: false }", "{}"], ["{ centre: false }", "{}"]),
  ...rows(
    RECORDS,
    ["tape.recording && end - begin === rows", "false"],
    ["end - begin === rows", "true"],
    ["end - begin === rows", "end - begin !== rows"],
    [
      "end - begin",
      "end + begin",
      "pieces.push(tape.recording && end - begin === rows ? run(tape) : tape.checkpoint(run));",
    ],
  ),
  ...rows(PAST_THE_LAST, ["i < place.length", "i <= place.length"]),
  // Interval bounds.
  ...intervals(
    "the input alone has no layer, and rows pass none there",
    ["layer === null", "false", "if (layer === null) continue;"],
    [
      "layer === null",
      "false",
      "layer === null ? undefined : (this.#affine[node] ?? boxLayer(this.#boxes[node])),",
    ],
  ),
  ...intervals(TYPES, ['rule.form !== "enclosed"', "false"]),
  ...intervals("no rounding is counted", ["[]", '["Stryker was here"]', "errors: [],"]),
  // Patches.
  ...of("patch-rows.ts")(PAST_THE_LAST, ["channel < channels", "channel <= channels"]),
  ...of("patch-rows.ts")("frees what was made for this step alone", ["!step.nus.includes(cleared)", "false"]),
  ...of("patch-rows.ts")("clears where there is nothing", ["!masked", "false"]),
  ...of("windows.ts")(
    "looks at other places, neighbours of all lines and columns among them: a stride tells by these; were it wrong, rows would be refused",
    [
      "Math.min(i, height - 1) * width + Math.min(i, width - 1)",
      "Math.min(i, height - 1) * width - Math.min(i, width - 1)",
    ],
    ["width - 1", "width + 1"],
  ),
  ...of("patch-union.ts")(PAST_THE_LAST, ["channel < channels", "channel <= channels"]),
  ...of("patch-union.ts")(SOONER, ["a === b", "false"]),
  ...of("windows.ts")("enclosed layers have no field, and mix nothing", ['layer.kind === "affine"', "true"]),
  ...of("windows.ts")("each is set where it arrives", ["() => null", "() => undefined"]),
  // Chains and generators.
  ...of("generators.ts")(
    "a stream without columns adds 0",
    ["generators.value.rows > 0", "true"],
    ["generators.value.rows > 0", "generators.value.rows >= 0"],
  ),
  // Projections.
  ...of("sketch.ts")("no number of estimates is more than undefined", ["budget !== undefined", "true"]),
  ...of("sketch.ts")("saves a copy", ["terms.length === 1", "false"]),
  ...of("sketch.ts")("any number but that of the input", ["-1", "+1", "const ACTIVATIONS = -1;"]),
  // The dual network.
  ...networks("where rounding is counted, so is what underflows", ["[radius, error]", "[]"]),
  ...networks("what is not said is not wanted", ["{ centre: false }", "{}", 3]),
  ...networks("one comes with the other", [
    "this.#streams && this.#generators",
    "this.#streams || this.#generators",
  ]),
  ...build(
    TYPES,
    ["this.#rounding?.chainAtInput", "this.#rounding.chainAtInput"],
    ["this.#graph.layers[node]?.kind", "this.#graph.layers[node].kind"],
    ["layer === null", "false"],
    ['bound.kind !== "parallel"', "false"],
  ),
  ...build("the input's state comes first", ["[]", '["Stryker was here"]']),
  ...build(
    "no row ends before the input, which is no activation",
    ["node < 0", "false"],
    ["node < 0", "node <= 0"],
  ),
  ...build("only wider, by what underflows", ["node === 0", "false"]),
  ...build("it is settled, and nobody asks again", ["() => settled", "() => undefined"]),
  // What branch and bound takes next.
  ...ofVerify("branch-choice.ts")(SOONER, ["coefficient === 0", "false"]),
  ...ofVerify("branch-choice.ts")("it is not 0 there", ["coefficient < 0", "coefficient <= 0"]),
  ...ofVerify("heap.ts")(TYPES, ["last === undefined", "false"]),
  ...ofVerify("heap.ts")(
    "of equal keys any comes first",
    ["this.#key(items[parent]) <= this.#key(item)", "this.#key(items[parent]) < this.#key(item)"],
    [
      "this.#key(items[child + 1]) < this.#key(items[child])",
      "this.#key(items[child + 1]) <= this.#key(items[child])",
    ],
    ["this.#key(items[child]) >= this.#key(last)", "this.#key(items[child]) > this.#key(last)"],
  ),
];
