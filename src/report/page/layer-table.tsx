import { formatCount, plural } from "../wording.js";
import { DataTable } from "./data-table.js";
import { MissingPart } from "./missing-part.js";
import type { RunRecord } from "./run-record.js";

/** How each layer was bounded, and what that took. */
export function LayerTable({ record }: { readonly record: RunRecord }) {
  const { layers } = record;
  if (layers.kind === "missing") return <MissingPart part={layers} />;
  const { examples, note, layers: rows } = layers.value;
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return (
    <>
      <p class="aside">
        Means of {plural(examples, "example")}
        {note === null ? "" : ` (${note})`}; unstable neurons are those that the box alone does not settle.
        The time of a layer includes the layers on the way to it: {total.toFixed(2)} ms per example in all.
      </p>
      <DataTable
        caption="Plan and time of each layer"
        head={["layer", "bounded", "neurons", "unstable", "rows", "multiply-adds", "ms"]}
        rows={rows.map(({ name, ways, neurons, open, rows, multiplyAdds, milliseconds }) => [
          name,
          ways.join(", "),
          formatCount(neurons),
          mean(open),
          mean(rows),
          `${(multiplyAdds / 1e6).toFixed(2)} M`,
          milliseconds.toFixed(3),
        ])}
      />
    </>
  );
}

function mean(value: number): string {
  return value >= 100 ? formatCount(Math.round(value)) : value.toFixed(1);
}
