import { formatCount } from "../wording.js";
import { FoldedTable } from "./data-table.js";
import { evenTicks, formatValue } from "./numbers.js";
import { PlotFrame, scaled } from "./plot-frame.js";
import type { Histogram } from "./run-figures.js";

/** Between two bars, in thousandths of the width. */
const GAP = 2;

/** Bars of a histogram; those below 0 are outlined, those above are full. */
export function HistogramChart({ histogram }: { readonly histogram: Histogram }) {
  const { bins, title, label, without } = histogram;
  const [low, high] = [bins[0].low, bins[bins.length - 1].high];
  const most = 1.05 * Math.max(...bins.map(({ count }) => count));
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const at = (value: number) => (value / 2 - low / 2) / (high / 2 - low / 2);
  const below = bins.filter((bin) => bin.high <= 0).reduce((sum, { count }) => sum + count, 0);
  const signs = low < 0 && high > 0;
  const spread = `${formatCount(total)} examples from ${formatValue(low)} to ${formatValue(high)}`;
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      {signs && (
        <ul class="legend">
          <li>
            <svg viewBox="0 0 14 10" width="14" height="10" aria-hidden="true">
              <rect class="bar below" x="1" y="1" width="12" height="8" />
            </svg>
            below 0: proves nothing ({formatCount(below)})
          </li>
          <li>
            <svg viewBox="0 0 14 10" width="14" height="10" aria-hidden="true">
              <rect class="bar" x="1" y="1" width="12" height="8" />
            </svg>
            0 and above ({formatCount(total - below)})
          </li>
        </ul>
      )}
      <PlotFrame
        description={`${title}: ${spread}${signs ? `; ${formatCount(below)} below 0` : ""}. The data follow as a table.`}
        xLabel={`${label}; examples a bar`}
        x={evenTicks(low, high, 5).map((value) => ({ at: at(value), label: formatValue(value) }))}
        y={evenTicks(0, most, 4, true).map((value) => ({ at: value / most, label: formatCount(value) }))}
      >
        {bins.map((bin) => (
          <rect
            class={bin.high <= 0 ? "bar below" : "bar"}
            x={scaled(at(bin.low)) + GAP}
            y={scaled(1 - bin.count / most)}
            width={Math.max(1, scaled(at(bin.high) - at(bin.low)) - 2 * GAP)}
            height={scaled(bin.count / most)}
          />
        ))}
        {signs && <path class="zero" d={`M${scaled(at(0))} 0V1000`} />}
      </PlotFrame>
      {bins.some(({ beyond }) => beyond) && (
        <p class="note">The outermost bars also count what lies beyond them.</p>
      )}
      {without > 0 && (
        <p class="note">{formatCount(without)} examples have no bound that is a number and are left out.</p>
      )}
      <FoldedTable
        caption={title}
        head={[label, "examples"]}
        rows={bins.map((bin) => [
          `${formatValue(bin.low)} to ${formatValue(bin.high)}${bin.beyond ? ", and beyond" : ""}`,
          formatCount(bin.count),
        ])}
      />
    </figure>
  );
}
