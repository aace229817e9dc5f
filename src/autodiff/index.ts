export * from "./rules/affine.js";
export * from "./rules/elementwise.js";
export * from "./rules/loss.js";
export * from "./rules/relaxation.js";
export * from "./rules/rows.js";
export { Tape, type Variable, type VectorJacobianProduct } from "./tape.js";
