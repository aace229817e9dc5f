import { boundPart, type CheckedPart } from "../../check/bounds.js";
import { type ActivationCurve, linesAround } from "../../check/curves.js";
import type { CheckedNetwork } from "../../check/network.js";
import { HintReader } from "../../formats/certificate/hints.js";
import type { ClaimedRegion } from "../../formats/certificate/region.js";
import { encodeNeurons, encodePlan, type ListedNeurons } from "./encode-hints.js";
import type { LineSlopes, ProofPlan } from "./proof.js";

/** Which lower lines kinked activations get: the paper's, or those that leave the smaller area. */
export const LINE_CHOICES = ["parallel", "adaptive"] as const;
type LineChoice = (typeof LINE_CHOICES)[number];

/** Neurons with what is found for them. */
export interface FoundHints {
  readonly listed: ListedNeurons;
  readonly plan: ProofPlan;
  /** The region's bounds by them. */
  readonly part: CheckedPart;
}

/**
 * Hints by which the checker bounds a region: layer by layer, the neurons whose lines bounds can still change are listed, and get
 * rows where these can be tighter than intervals. Where a list is given, as of a larger region, it is that. Throws a `Refusal` for
 * a network that the checker does not know.
 */
export function findHints(
  network: CheckedNetwork,
  region: ClaimedRegion,
  choice: LineChoice,
  given?: ListedNeurons,
): FoundHints {
  const { layers } = network;
  const listed = new Map<number, Int32Array>();
  const [rows, slopes] = [new Map<number, Record<string, never>>(), new Map<number, LineSlopes>()];
  let part = boundPart(network, region, null);
  for (const [k, { curve, from, to, inputs }] of layers.entries()) {
    if (!curve) continue;
    const input = layers[inputs[0]].from;
    const neurons = given ? given.get(k) : openNeurons(curve, part, input, to - from);
    if (!neurons?.length) continue;
    listed.set(k, neurons);
    // Intervals are as tight as rows over a box on which everything so far is affine.
    const isExact = !region.ball && !layers.slice(0, k).some((own) => own.curve);
    if (!isExact) rows.set(k, {});
    if (choice === "adaptive" && curve.below !== undefined) slopes.set(k, { lower: "adaptive" });
    const hints = new HintReader(layers, encodeNeurons(network, listed));
    const own = new Map(isExact ? [] : [[k, {}]]);
    part = boundPart(network, region, hints.plan(encodePlan(network, listed, { rows: own, slopes })), part);
    if (curve.below !== undefined) continue;
    const found = narrowestSlopes(curve, part, input, neurons);
    slopes.set(k, { lower: found, upper: found });
  }
  return { listed, plan: { rows, slopes }, part };
}

function openNeurons(
  curve: ActivationCurve,
  { lower, upper }: CheckedPart,
  input: number,
  count: number,
): Int32Array {
  const isOpen = (i: number): boolean => {
    const [l, u] = [lower[input + i], upper[input + i]];
    // Of a smooth curve the turns depend on the slope, of the others they are kinks.
    const kinks = curve.turns(Number.NaN);
    return l < u && (kinks.length === 0 || kinks.some((kink) => l < kink && kink < u));
  };
  return Int32Array.from({ length: count }, (_, i) => i).filter(isOpen);
}

/** Of that many slopes the best is taken, where no rule gives it. */
const TRIED = 16;

/** Slopes of parallel lines that leave the smallest gap. */
function narrowestSlopes(
  curve: ActivationCurve,
  part: CheckedPart,
  input: number,
  neurons: Int32Array,
): Float64Array {
  const best = new Float64Array(neurons.length);
  const least = best.map(() => Number.POSITIVE_INFINITY);
  const count = neurons.length === 0 ? 0 : neurons[neurons.length - 1] + 1;
  for (let i = 0; i < TRIED; i++) {
    const slope = (i / (TRIED - 1)) * curve.steepest;
    const slopes = new Float64Array(count).fill(slope);
    const { shift } = linesAround(curve, count, input, part, { lower: slopes, upper: slopes });
    for (const [n, neuron] of neurons.entries()) {
      const gap = shift[1][neuron] - shift[0][neuron];
      if (gap < least[n]) [least[n], best[n]] = [gap, slope];
    }
  }
  return best;
}
