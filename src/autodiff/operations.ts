// Every operation that a tape records, a rule per file.

export * from "./rules/affine.js";
export * from "./rules/elementwise.js";
export * from "./rules/enclose.js";
export * from "./rules/loss.js";
export * from "./rules/median.js";
export * from "./rules/noise.js";
export * from "./rules/relaxation.js";
export * from "./rules/rows.js";
