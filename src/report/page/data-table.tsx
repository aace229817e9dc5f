export type Cell = string | number;

interface TableProps {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** With more columns a table has no room on a phone. */
const NARROW_COLUMNS = 5;

/**
 * A table that scrolls by itself where it is wider than the page; the first column names the row. One of many columns has a line
 * for every figure on a phone, so that none is cut off.
 */
export function DataTable({ caption, head, rows }: TableProps) {
  const isWide = head.length > NARROW_COLUMNS;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table class={isWide ? "wide" : undefined}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {head.map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...others]) => (
            <tr>
              <th scope="row" data-title={isWide ? head[0] : undefined}>
                {first}
              </th>
              {others.map((cell, i) => (
                <td data-title={isWide ? head[i + 1] : undefined}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The data behind a chart, folded away. */
export function FoldedTable(props: TableProps) {
  return (
    <details class="data">
      <summary>
        Data<span class="unseen"> of: {props.caption}</span>
      </summary>
      <DataTable {...props} />
    </details>
  );
}
