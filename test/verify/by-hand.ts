import { expect } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import type { Bounds } from "../../src/dual/dual-layer.js";
import { AffineLayers } from "../../src/dual/slopes/relaxation.js";
import { crownBounds } from "../../src/dual/slopes/tighten.js";
import { unstableNeurons } from "../../src/dual/slopes/unstable-neurons.js";
import { linear, relu } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { sequential } from "../../src/network/network.js";
import { type Subject, subjectOf } from "../../src/network/subject.js";
import type { Model } from "../../src/network/weights.js";
import type { Evaluation } from "../../src/threat/evaluation.js";
import type { Branch, BranchedBox, NeuronSplit } from "../../src/verify/branch.js";
import type { ProofPart } from "../../src/verify/proof.js";
import type { OutputCase } from "../../src/verify/question.js";

type Matrix = readonly (readonly number[])[];

/** W₂ σ(W₁ x + b₁) + b₂, small enough to work out by hand. */
export function twoLayers(w1: Matrix, b1: number[], w2: Matrix, b2: number[], activation?: Layer): Model {
  const network = sequential([w1[0].length], [linear(b1.length), activation ?? relu(), linear(b2.length)]);
  const values = [w1.flat(), b1, w2.flat(), b2].map((numbers) => Float64Array.from(numbers));
  return { network, weights: new Map(network.parameters.map(({ name }, i) => [name, values[i]])) };
}

export const subject = (model: Model, dtype: "float32" | "float64" = "float64"): Subject =>
  subjectOf(createPortableBackend({ dtype }), model);

export const region = (lower: number[], upper: number[]): Bounds<Float64Array> => ({
  lower: Float64Array.from(lower),
  upper: Float64Array.from(upper),
});

/** C y ≤ d, as one case. */
export function caseOf(coefficients: Matrix, bounds: number[], more: Partial<OutputCase> = {}): OutputCase {
  return {
    number: 0,
    rows: bounds.length,
    outputs: coefficients[0]?.length ?? 0,
    coefficients: Float64Array.from(coefficients.flat()),
    bounds: Float64Array.from(bounds),
    strict: bounds.map(() => false),
    ...more,
  };
}

/** A box between CROWN's lines. */
export async function branched(
  own: Subject,
  box: Bounds<Float64Array>,
  asked: OutputCase,
  evaluation: Evaluation | null = "float64",
): Promise<BranchedBox> {
  const { bounds, rounding } = await crownBounds(own, box, evaluation);
  const unstable = unstableNeurons(own, bounds);
  return {
    subject: own,
    affine: new AffineLayers(own),
    region: box,
    bounds,
    rounding,
    case: asked,
    unstable,
  };
}

/** Its first activation is node 2 of a network of two layers. */
export const above = (neuron: number, value = 0, node = 2): NeuronSplit => ({
  node,
  neuron,
  side: "above",
  value,
});
export const below = (neuron: number, value = 0, node = 2): NeuronSplit => ({
  node,
  neuron,
  side: "below",
  value,
});

export function branchOf(splits: readonly NeuronSplit[], more: Partial<Branch> = {}): Branch {
  return { splits, bound: Number.NEGATIVE_INFINITY, warm: null, bounds: null, ...more };
}

/** That of four layers: W₃ σ(W₂ σ(W₁ x + b₁) + b₂) + b₃. Its activations are nodes 2 and 4. */
export function threeLayers(layers: readonly (readonly [Matrix, number[]])[], second?: Layer): Model {
  const [first, middle, last] = layers.map(([, bias]) => linear(bias.length));
  const network = sequential([layers[0][0][0].length], [first, relu(), middle, second ?? relu(), last]);
  const values = layers.flatMap(([weight, bias]) => [
    Float64Array.from(weight.flat()),
    Float64Array.from(bias),
  ]);
  return { network, weights: new Map(network.parameters.map(({ name }, i) => [name, values[i]])) };
}

/** As a subject whose backend does no more at once than it must. */
export function rowByRow(own: Subject): Subject {
  const backend = new Proxy(own.backend, {
    get: (target, name) => (name === "multiplyAddsAtOnce" ? 1 : Reflect.get(target, name, target)),
  });
  return { ...own, backend };
}

/** Nobody agrees that a point breaks anything: what remains is what is proved. */
export const unjudged = (own: Subject): Subject => ({
  ...own,
  evaluate: (x) => new Float64Array(x.length).fill(Number.NaN),
});

/** The least value of a network of one input, two layers and one output: at a kink, or at an end. */
export function leastOf({ network, weights }: Model, lower: number, upper: number): number {
  const [w1, b1, w2, b2] = network.parameters.map(({ name }) => weights.get(name) as Float64Array);
  const kinks = Array.from(w1, (w, i) => -b1[i] / w).filter((x) => x > lower && x < upper);
  const value = (x: number) => w2.reduce((sum, w, i) => sum + w * Math.max(0, w1[i] * x + b1[i]), b2[0]);
  return Math.min(...[lower, upper, ...kinks].map(value));
}

export function randomLine(seed: number): Model {
  const source = random(seed, "line");
  const numbers = () => Array.from({ length: 4 }, () => source.normal());
  const w1 = numbers();
  const bias = w1.map((w) => -w * (1.8 * source.uniform() - 0.9));
  return twoLayers(
    w1.map((w) => [w]),
    bias,
    [numbers()],
    [0],
  );
}

/** How many parts of each kind a tree has; throws where one has not been decided. */
export function countParts(part: ProofPart, counts: Record<string, number> = {}): Record<string, number> {
  const { outcome } = part;
  if (!outcome) throw new Error("a part is open");
  counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
  if (outcome.kind === "leaf") expect(outcome.bound).toBeGreaterThan(0);
  if (outcome.kind !== "neuron" && outcome.kind !== "input") return counts;
  return countParts(outcome.above, countParts(outcome.below, counts));
}

/** Lower and upper bounds. */
export type Pairs = readonly (readonly [number, number])[];

/** Outward, and by no more than rounding. */
export function expectAbout(found: Pairs, expected: Pairs): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, [low, high]] of expected.entries()) {
    expect(found[i][0]).toBeLessThanOrEqual(low);
    expect(found[i][0]).toBeCloseTo(low, 11);
    expect(found[i][1]).toBeGreaterThanOrEqual(high);
    expect(found[i][1]).toBeCloseTo(high, 11);
  }
}
