import { defineLayer, type EnclosedRule, NeuronState, operations, parallelDual } from "../../../src/index.js";

/**
 * |z| between two lines. With d the chord's slope, |d| ≤ 1, the least value of |z| − dz over [ℓ, u] is at least 0, and the
 * largest, |z| being convex, at an end: p = max(|ℓ| − dℓ, |u| − du). So m = ρ = p/2.
 */
const dual: EnclosedRule<null> = {
  form: "enclosed",
  parallel(tape, _options, { outputShape }, { lower, upper }) {
    const { add, apply, maximum, multiply, scaleBy, subtract } = operations;
    const abs = { kind: "abs" } as const;
    const [below, above] = [apply(tape, abs, lower), apply(tape, abs, upper)];
    // The chord's slope is (ℓ + u)/(|ℓ| + |u|); the offset keeps it finite where both are 0.
    const size = add(tape, below, above);
    const inverse = apply(tape, { kind: "reciprocal-sqrt", offset: 1e-30 }, multiply(tape, size, size));
    const slope = multiply(tape, add(tape, lower, upper), inverse);
    const heightOf = (end: typeof lower, value: typeof lower) =>
      subtract(tape, value, multiply(tape, slope, end));
    const half = scaleBy(tape, maximum(tape, heightOf(lower, below), heightOf(upper, above)), 0.5);
    return parallelDual({ slope, shift: half, radius: half }, outputShape);
  },
  adaptive(tape, options, context, bounds) {
    return this.parallel(tape, options, context, bounds);
  },
  // Not the images of ℓ and u: |z| is not monotone. The least value is max(ℓ, −u, 0).
  interval(tape, _options, _context, { lower, upper }) {
    const { apply, maximum, scaleBy } = operations;
    const nearest = maximum(tape, lower, scaleBy(tape, upper, -1));
    return {
      lower: apply(tape, { kind: "relu" }, nearest),
      upper: maximum(tape, apply(tape, { kind: "abs" }, lower), apply(tape, { kind: "abs" }, upper)),
    };
  },
  // The slope depends on ℓ and u everywhere.
  states: (_options, _context, lower) => new Uint8Array(lower.length).fill(NeuronState.unstable),
};

/** |z|, an enclosed layer. */
export const absoluteValue = defineLayer<null>({
  name: "absolute-value",
  outputShape: (_options, [shape]) => shape,
  forward: (tape, _options, _context, [x]) => operations.apply(tape, { kind: "abs" }, x),
  multiplyAdds: (_options, [shape]) => 2 * shape.reduce((a, b) => a * b),
  dual,
});
