import type { BallSpec } from "./ball.js";

/** Some columns of a batch x `[features, examples]`, feature-major: `[features, indices.length]`. */
export function pickColumns(x: Float64Array, examples: number, indices: readonly number[]): Float64Array {
  const features = x.length / examples;
  const count = indices.length;
  const picked = new Float64Array(features * count);
  for (let f = 0; f < features; f++) {
    for (let i = 0; i < count; i++) picked[f * count + i] = x[f * examples + indices[i]];
  }
  return picked;
}

/** The ball for these examples, where each has a radius of its own. */
export function pickBalls(spec: BallSpec, indices: readonly number[]): BallSpec {
  const { epsilon } = spec;
  if (typeof epsilon === "number" || !("perExample" in epsilon)) return spec;
  return { ...spec, epsilon: { perExample: indices.map((b) => epsilon.perExample[b]) } };
}
