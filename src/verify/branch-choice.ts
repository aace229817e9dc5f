import { type Activation, activationDefinition } from "../activations/index.js";
import type { FloatArray } from "../compute/backend.js";
import type { Branch, BranchedBox, NeuronSplit } from "./branch.js";

/** A decision that may be taken next: its two sides. */
export interface Decision {
  readonly node: number;
  readonly neuron: number;
  readonly value: number;
  /** About how much the bound loses at this neuron. */
  readonly score: number;
}

/** Of neurons on their lower line, whose slope the bound chooses, against those on the upper one: a last resort. */
const LOWER_LINE_COUNTS = 0.05;

/**
 * The decision of a branch that promises most: |ν| times the gap between a neuron's lines, which is what the relaxation
 * may lose there (as BaBSR's intercept does); null where nothing is left to decide. `nu` is ν at each activation's output,
 * `[n, branches]`, this branch's in column `column` of `count`.
 */
export function promisingDecision(
  box: BranchedBox,
  branch: Branch,
  nu: ReadonlyMap<number, FloatArray>,
  column: number,
  count: number,
): Decision | null {
  const { network } = box.subject;
  let best: Decision | null = null;
  for (const [node, neurons] of box.unstable) {
    const own = nu.get(node);
    if (!own) continue;
    const { layer, inputs } = network.nodes[node];
    const bounds = box.bounds.get(inputs[0] as number);
    if (!bounds) continue;
    const activation = layer as Activation;
    const definition = activationDefinition(activation);
    const tight = branch.bounds?.get(node);
    const cut = new Map<number, { lower: number; upper: number }>();
    for (const { node: at, neuron, side, value } of branch.splits) {
      if (at !== node) continue;
      const now = cut.get(neuron) ?? { lower: bounds.lower[neuron], upper: bounds.upper[neuron] };
      if (side === "above") now.lower = Math.max(now.lower, value);
      else now.upper = Math.min(now.upper, value);
      cut.set(neuron, now);
    }
    for (const [i, neuron] of neurons.entries()) {
      const coefficient = own[neuron * count + column];
      if (coefficient === 0) continue;
      const { lower, upper } = tight
        ? { lower: tight.lower[i], upper: tight.upper[i] }
        : (cut.get(neuron) ?? { lower: bounds.lower[neuron], upper: bounds.upper[neuron] });
      const value = definition.splitPoint(activation, lower, upper);
      if (value === null) continue;
      const weight = coefficient < 0 ? 1 : LOWER_LINE_COUNTS;
      const score = weight * Math.abs(coefficient) * definition.gap(activation, lower, upper);
      if (score > (best?.score ?? 0)) best = { node, neuron, value, score };
    }
  }
  return best;
}

/** The two sides of a decision, after those of the branch. */
export function sidesOf(
  { splits }: Branch,
  { node, neuron, value }: Decision,
): readonly [NeuronSplit[], NeuronSplit[]] {
  const side = (name: NeuronSplit["side"]): NeuronSplit[] => [...splits, { node, neuron, side: name, value }];
  return [side("above"), side("below")];
}

/** Where an interval is best cut: at a kink within it, or of a smooth activation at 0 or in the middle; null if nowhere. */
export function splitPoint(activation: Activation, lower: number, upper: number): number | null {
  return activationDefinition(activation).splitPoint(activation, lower, upper);
}
