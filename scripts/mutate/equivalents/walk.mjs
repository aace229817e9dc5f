import { PAST_THE_LAST, TYPES } from "./reasons.mjs";

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
];
