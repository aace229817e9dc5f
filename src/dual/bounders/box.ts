import type { Bounder, NodeToBound } from "./bounder.js";
import { rowsOf } from "./bounder.js";

const NOTHING = { rows: 0, multiplyAdds: 0 } as const;

/** The box alone, where it is exact or decides every neuron: nothing is done. */
export const box: Bounder = {
  way: "box",
  claim: ({ box }: NodeToBound) => (box.precision === "loose" ? null : NOTHING),
  cost: (_node, neurons) => (rowsOf(neurons) === 0 ? NOTHING : null),
  bound({ box, loose, lines }, { active }) {
    // What is inactive ends here, so that its loose width does no harm. Intervals of two-line networks are never exact.
    const exact = lines === "parallel" && box.precision === "loose" && active.index.length === 0;
    return { box: exact ? { ...box, precision: "dual" } : box, bounds: loose };
  },
};
