export * from "./operations.js";
export { type JointVectorJacobianProduct, Tape, type Variable, type VectorJacobianProduct } from "./tape.js";
