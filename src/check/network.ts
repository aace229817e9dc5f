import { type NeuronLayer, neuronLayers } from "../network/neurons.js";
import type { Model } from "../network/weights.js";
import { type ActivationCurve, curveOf } from "./curves.js";
import { gamma, type Machine, Refusal } from "./rounding.js";

/** A layer as it is run: the input, an affine layer, or curves. */
export interface CheckedLayer extends NeuronLayer {
  readonly curve: ActivationCurve | null;
  /** The longest chain of roundings of an affine layer, run together with layers before it where that may be. */
  readonly roundings: number;
}

/** A network and what runs it. */
export interface CheckedNetwork {
  readonly layers: readonly CheckedLayer[];
  readonly neurons: number;
  readonly machine: Machine;
  /** What the roundings of any sum of ours come to, relatively, with room for as many again; at least 2⁻⁴¹. */
  readonly slack: number;
  /** How often a sum may lose `tiny` when it is run, in units of the largest sum. */
  readonly losses: number;
  /** Called before each row: what it throws ends the check. */
  readonly step?: () => void;
}

const SUMS: readonly string[] = ["linear", "conv2d", "conv-transpose2d", "average-pool", "add"];
const RESCALINGS: readonly string[] = ["batch-norm", "scale-shift"];
const MOVES: readonly string[] = ["permute", "take", "pad", "reshape", "flatten", "identity", "concat"];
const larger = (a: number, b: number) => Math.max(a, Math.abs(b));

/** Throws a `Refusal` for layers and numbers that this checker does not know what to do with. */
export function checkedNetwork(model: Model, machine: Machine): CheckedNetwork {
  let [taps, largest] = [1, 1];
  // Of each layer: its roundings and rescalings, were all affine layers since the last curves run as one.
  const [chains, folds, scalings]: [number[], number[], number[]] = [[], [], []];
  const layers = neuronLayers(model).map((own, k): CheckedLayer => {
    const { name, layer, inputs, affine } = own;
    const curve = layer && curveOf(layer, machine);
    [chains[k], folds[k], scalings[k]] = [0, -1, 0];
    if (layer === null || curve) return { ...own, curve, roundings: 0 };
    const [isSum, isRescaling] = [SUMS.includes(layer.kind), RESCALINGS.includes(layer.kind)];
    if (!affine || !(isSum || isRescaling || MOVES.includes(layer.kind))) {
      throw new Refusal(`not checkable: ${name}: layers of kind ${layer.kind} are not known`);
    }
    taps = Math.max(taps, affine.taps);
    for (const list of [affine.weights, affine.bias, affine.factors]) largest = list.reduce(larger, largest);
    // Of a sum a weight's, its product's and those of additions; of any formula for a rescaling eight, and some of ours.
    const roundings = isSum ? affine.taps + 3 : isRescaling ? 11 : 0;
    chains[k] = roundings + inputs.map((input) => chains[input]).reduce(isSum ? (a, b) => a + b : larger);
    scalings[k] = (isRescaling ? 1 : 0) + inputs.map((input) => scalings[input]).reduce(larger);
    // A constant from below may first be added up into the constant of this layer, with which its sum begins.
    const below = Math.max(...inputs.map((input) => folds[input]));
    const folded = below < 0 ? 0 : Math.max(below, roundings);
    folds[k] = below < 0 && affine.constants.every((constant) => constant === 0) ? -1 : folded;
    return { ...own, curve, roundings: roundings && chains[k] + folded };
  });
  if (!(largest <= Math.sqrt(machine.most)))
    throw new Refusal("not checkable: numbers too large or too small");
  // No sum of ours has more terms: of a row on its way backward one for each neuron of each layer that reads an input.
  const reads = layers.map(({ inputs, from, to }) => Math.max(1, inputs.length) * (to - from));
  const slack = gamma(4 * reads.reduce((sum, own) => sum + own, 1024));
  const losses = 2 ** 8 * (taps + 2) * (1 + largest) ** (3 + 2 * scalings.reduce(larger));
  return { layers, neurons: layers[layers.length - 1].to, machine, slack, losses };
}
