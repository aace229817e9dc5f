import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";

export const X2 = "(declare-const X_0 Real)\n(declare-const X_1 Real)\n";
export const Y3 = "(declare-const Y_0 Real)\n(declare-const Y_1 Real)\n(declare-const Y_2 Real)\n";
export const UNIT = "(assert (>= X_0 0))\n(assert (<= X_0 1))\n(assert (>= X_1 0))\n(assert (<= X_1 1))\n";
/** Two inputs in the unit box and three outputs, on eleven lines; line 12 is what comes next. */
export const HEAD = `; a property\n\n${X2}${Y3}${UNIT}`;

export const parse = (text: string) => parseVnnlib(text, "p.vnnlib");
