import type { LayerSummary } from "../runs/layer-plan.js";
import type { Output } from "./output.js";
import { formatCount } from "./wording.js";

/** How layers were bounded; every figure is a mean per example. */
export function printLayerPlan(output: Output, layers: readonly LayerSummary[]): void {
  const rows = layers.map(({ name, ways, neurons, open, rows, multiplyAdds, milliseconds }) => [
    name,
    Object.keys(ways).join(", "),
    formatCount(neurons),
    formatMean(open),
    formatMean(rows),
    `${(multiplyAdds / 1e6).toFixed(2)} M`,
    milliseconds.toFixed(3),
  ]);
  output.table(["layer", "bounded", "neurons", "unstable", "rows", "multiply-adds", "ms"], rows);
}

function formatMean(value: number): string {
  return value >= 100 ? formatCount(Math.round(value)) : value.toFixed(1);
}
