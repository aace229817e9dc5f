import type { Bounder, NodeToBound } from "./bounder.js";
import { rowsOf } from "./bounder.js";

const NOTHING = { rows: 0, multiplyAdds: 0 } as const;

/** The box alone, where its radius is the dual network's own, or where it decides every neuron: nothing is done. */
export const box: Bounder = {
  way: "box",
  claim: ({ box }: NodeToBound) => (box.precision === "loose" ? null : NOTHING),
  cost: (_node, neurons) => (rowsOf(neurons) === 0 ? NOTHING : null),
  bound({ box, loose, lines }, { active }) {
    // What is inactive ends here, so that its loose width does no harm. With two lines the box is never the network's own.
    const isOwn = lines === "parallel" && box.precision === "loose" && active.index.length === 0;
    return { box: isOwn ? { ...box, precision: "dual" } : box, bounds: loose };
  },
};
