import type { BallSpec } from "./ball.js";
import type { Batch } from "./batch.js";

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

/** Some examples of a batch, in the order of their numbers `indices`. */
export function pickExamples<B extends Batch>(
  { x, labels, ...rest }: B,
  examples: number,
  indices: readonly number[],
): B {
  const picked = { ...rest, x: pickColumns(x, examples, indices) };
  return (labels ? { ...picked, labels: Int32Array.from(indices, (b) => labels[b]) } : picked) as B;
}

/** The ball for these examples, where each has a radius of its own. */
export function pickBalls<S extends BallSpec>(spec: S, indices: readonly number[]): S {
  const { epsilon } = spec;
  if (typeof epsilon === "number" || !("perExample" in epsilon)) return spec;
  return { ...spec, epsilon: { perExample: indices.map((b) => epsilon.perExample[b]) } };
}
