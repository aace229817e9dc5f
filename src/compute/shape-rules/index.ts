// One rule an operation of `Backend`, under the operation's name: it throws a `ShapeError` that names the operation,
// what it expected and what it got, or returns the shape of the result. Every backend asks these before it works.

export * from "./activations.js";
export * from "./affine.js";
export * from "./entries.js";
export * from "./loss.js";
export * from "./memory.js";
export * from "./norms.js";
export * from "./rows.js";
