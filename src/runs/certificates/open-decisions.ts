import type { CheckedPart } from "../../check/bounds.js";
import type { CheckedNetwork } from "../../check/network.js";
import type { ClaimedRegion } from "../../formats/certificate/region.js";
import type { TreeSplit } from "../../formats/certificate/schema.js";

/** How many neurons, and how many inputs, are tried. */
const TRIED = 8;

/** Decisions that may help to bound a part: at the neurons whose lines leave the widest gaps, and at the widest inputs. */
export function decisionsAmong(
  { layers }: CheckedNetwork,
  { lower, upper, lines }: CheckedPart,
  region: ClaimedRegion,
): TreeSplit[] {
  const found: { readonly split: TreeSplit; readonly gap: number }[] = [];
  for (const [k, { curve, name, from, to, inputs }] of layers.entries()) {
    const own = lines[k];
    if (!curve || !own) continue;
    const input = layers[inputs[0]].from;
    for (let i = 0; i < to - from; i++) {
      const [l, u] = [lower[input + i], upper[input + i]];
      // Of a smooth curve the turns depend on the slope, of the others they are kinks.
      const kinks = curve.turns(Number.NaN);
      const at = kinks.length === 0 ? (l + u) / 2 : kinks.find((kink) => l < kink && kink < u);
      if (at === undefined || !(l < at && at < u)) continue;
      const [slope, shift] = [own.slope, own.shift];
      const gap = Math.max(...[l, u].map((z) => (slope[1][i] - slope[0][i]) * z + shift[1][i] - shift[0][i]));
      found.push({ split: { layer: name, neuron: i, at }, gap });
    }
  }
  const wide = Array.from({ length: layers[0].to }, (_, neuron) => ({
    split: { layer: "input", neuron, at: (lower[neuron] + upper[neuron]) / 2 },
    gap: (upper[neuron] - lower[neuron]) / (region.upper[neuron] - region.lower[neuron]),
  })).filter(({ split: { neuron, at } }) => lower[neuron] < at && at < upper[neuron]);
  return [found, wide].flatMap((all) =>
    all
      .sort((a, b) => b.gap - a.gap)
      .slice(0, TRIED)
      .map(({ split }) => split),
  );
}
