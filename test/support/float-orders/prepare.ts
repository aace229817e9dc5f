import type { AffineMap, PlainBatchNorm, PlainNetwork, PlainNode, PlainStep } from "../plain-network.js";
import type { Arithmetic } from "./arithmetic.js";

/**
 * How a batch norm or a scaling is computed: by its `formula`; as one scale and one shift, `scaled`; or `folded` into the
 * affine layer before it, where that has no other reader; or `folded after`, into the one that alone reads it. Means of windows: a
 * sum that is divided, or in all other forms a sum with equal weights.
 */
export type NormForm = "formula" | "scaled" | "folded" | "folded after";

/** A step as it is run: sums of an affine layer may go on from those of the branch that it meets. */
export type PreparedStep = PlainStep | { readonly kind: "joined"; readonly map: AffineMap };

/** A network as it is run. */
export interface PreparedNetwork {
  readonly nodes: readonly (Omit<PlainNode, "step"> & { readonly step: PreparedStep | null })[];
  readonly output: number;
}

/** A network whose numbers have entered an arithmetic, its norms in one form; `folded`, joins too go into the layer before. */
export function prepared(plain: PlainNetwork, arithmetic: Arithmetic, form: NormForm): PreparedNetwork {
  const network = normsPrepared(plain, arithmetic, form);
  if (form === "folded after") return foldedAfter(network, arithmetic);
  return form === "folded" ? joined(network) : network;
}

/** Joins of two whose one branch is an affine layer that nothing else reads: its sums have the other branch as one more term. */
function joined({ nodes, output }: PlainNetwork): PreparedNetwork {
  const readers = nodes.map(() => 0);
  for (const { inputs } of nodes) for (const input of inputs) readers[input] += 1;
  const affineAt = (at: number): PlainNode | null => {
    const { step, inputs } = nodes[at];
    if (readers[at] !== 1) return null;
    if (step?.kind === "copy") return affineAt(inputs[0]);
    return step?.kind === "affine" && step.map.divisor === 1 ? nodes[at] : null;
  };
  return {
    output,
    nodes: nodes.map((node) => {
      if (node.step?.kind !== "add" || node.inputs.length !== 2) return node;
      const side = node.inputs.findIndex((input) => affineAt(input) !== null);
      if (side < 0) return node;
      const affine = affineAt(node.inputs[side]) as PlainNode;
      const { map } = affine.step as Extract<PlainStep, { kind: "affine" }>;
      const from = nodes[affine.inputs[0]].size;
      const rows = map.rows.map(({ sources, weights }, i) => ({
        sources: Int32Array.of(...sources, from + i),
        weights: Float64Array.of(...weights, 1),
      }));
      const inputs = [affine.inputs[0], node.inputs[1 - side]];
      return { ...node, inputs, step: { kind: "joined", map: { ...map, rows } } };
    }),
  };
}

function normsPrepared(plain: PlainNetwork, arithmetic: Arithmetic, form: NormForm): PlainNetwork {
  const nodes: PlainNode[] = plain.nodes.map((node) => ({
    ...node,
    step: entered(node.step, arithmetic, form),
  }));
  if (form === "formula") return { ...plain, nodes };
  const readers = plain.nodes.map(() => 0);
  for (const { inputs } of plain.nodes) for (const input of inputs) readers[input] += 1;
  for (const [i, { step, inputs, size }] of nodes.entries()) {
    if (step === null || (step.kind !== "batch-norm" && step.kind !== "scale-shift")) continue;
    const before = nodes[inputs[0]];
    const coefficients = coefficientsOf(step, arithmetic, size);
    const alone = readers[inputs[0]] === 1 && inputs[0] !== plain.output;
    if (form === "folded" && alone && before.step?.kind === "affine" && before.step.map.divisor === 1) {
      const map = folded(before.step.map, coefficients, arithmetic);
      nodes[inputs[0]] = { ...before, step: { kind: "affine", map } };
      nodes[i] = { ...nodes[i], step: { kind: "copy" } };
    } else {
      const { scale, shift } = coefficients;
      nodes[i] = { ...nodes[i], step: { kind: "scale-shift", scale, shift } };
    }
  }
  return { ...plain, nodes };
}

/** Scales and shifts in the weights and the constants of the layer that alone reads them. */
function foldedAfter({ nodes, output }: PlainNetwork, { add, multiply }: Arithmetic): PlainNetwork {
  const readers = nodes.map(() => 0);
  for (const { inputs } of nodes) for (const input of inputs) readers[input] += 1;
  const all = [...nodes];
  for (const [i, { step, inputs }] of nodes.entries()) {
    const [input] = inputs;
    if (step?.kind !== "affine" || step.map.divisor !== 1 || inputs.length !== 1) continue;
    const before = all[input].step;
    if (before?.kind !== "scale-shift" || readers[input] !== 1 || input === output) continue;
    const { scale, shift } = before;
    const rows = step.map.rows.map(({ sources, weights }) => ({
      sources,
      weights: weights.map((weight, t) => multiply(weight, scale[sources[t]])),
    }));
    const bias = Float64Array.from(step.map.rows, ({ sources, weights }, f) =>
      weights.reduce(
        (sum, weight, t) => add(sum, multiply(weight, shift[sources[t]])),
        step.map.bias?.[f] ?? 0,
      ),
    );
    all[i] = { ...nodes[i], step: { kind: "affine", map: { rows, bias, divisor: 1 } } };
    all[input] = { ...all[input], step: { kind: "copy" } };
  }
  return { nodes: all, output };
}

function entered(step: PlainStep | null, arithmetic: Arithmetic, form: NormForm): PlainStep | null {
  const all = (values: Float64Array) => enteredAll(values, arithmetic);
  switch (step?.kind) {
    case "affine":
      return { kind: "affine", map: enteredMap(step.map, arithmetic, form) };
    case "batch-norm":
      return {
        ...step,
        epsilon: arithmetic.enter(step.epsilon, 0),
        weight: all(step.weight),
        bias: all(step.bias),
        mean: all(step.mean),
        variance: all(step.variance),
      };
    case "scale-shift":
      return { ...step, scale: all(step.scale), shift: all(step.shift) };
    case "select":
      return { ...step, value: arithmetic.enter(step.value, 0) };
    case "activation": {
      const { activation } = step;
      const numbers = Object.entries(activation).map(([name, value]) => [
        name,
        typeof value === "number" ? arithmetic.enter(value, 0) : value,
      ]);
      return { ...step, activation: Object.fromEntries(numbers) };
    }
    default:
      return step ?? null;
  }
}

/** The same list where all its numbers are the arithmetic's: lists of weights are long. */
function enteredAll(values: Float64Array, arithmetic: Arithmetic): Float64Array {
  return values.every((value) => arithmetic.enter(value, 0) === value)
    ? values
    : values.map((value) => arithmetic.enter(value, 0));
}

function enteredMap(map: AffineMap, arithmetic: Arithmetic, form: NormForm): AffineMap {
  const bias = map.bias && enteredAll(map.bias, arithmetic);
  if (map.divisor !== 1 && form !== "formula") {
    const weight = arithmetic.divide(1, map.divisor);
    const rows = map.rows.map((row) => ({ ...row, weights: row.weights.map(() => weight) }));
    return { rows, bias, divisor: 1 };
  }
  const rows = map.rows.map((row) => ({ ...row, weights: enteredAll(row.weights, arithmetic) }));
  return { ...map, rows, bias };
}

interface Coefficients {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
  /** The shift of a layer with this bias, folded into it. */
  shiftOf(bias: number, f: number): number;
}

function coefficientsOf(
  step: PlainBatchNorm | Extract<PlainStep, { kind: "scale-shift" }>,
  { add, multiply, divide, root }: Arithmetic,
  size: number,
): Coefficients {
  if (step.kind === "scale-shift") {
    const { scale, shift } = step;
    return { scale, shift, shiftOf: (bias, f) => add(multiply(bias, scale[f]), shift[f]) };
  }
  const { positions, weight, bias, mean, variance, epsilon } = step;
  const byChannel = weight.map((gamma, c) => divide(gamma, root(add(variance[c], epsilon))));
  const channel = (f: number) => Math.floor(f / positions);
  const scale = Float64Array.from({ length: size }, (_, f) => byChannel[channel(f)]);
  const shift = scale.map((factor, f) => add(bias[channel(f)], -multiply(mean[channel(f)], factor)));
  const shiftOf = (before: number, f: number) =>
    add(multiply(add(before, -mean[channel(f)]), scale[f]), bias[channel(f)]);
  return { scale, shift, shiftOf };
}

function folded(
  { rows, bias }: AffineMap,
  { scale, shiftOf }: Coefficients,
  { multiply }: Arithmetic,
): AffineMap {
  return {
    rows: rows.map(({ sources, weights }, f) => ({
      sources,
      weights: weights.map((weight) => multiply(weight, scale[f])),
    })),
    bias: scale.map((_, f) => shiftOf(bias?.[f] ?? 0, f)),
    divisor: 1,
  };
}
