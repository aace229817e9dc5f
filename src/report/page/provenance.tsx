import { CommandLine } from "./command-line.js";
import type { RunRecord } from "./run-record.js";

/** What the run was, where and when it ran, and how to run it again. */
export function Provenance({ record }: { readonly record: RunRecord }) {
  return (
    <>
      <p>
        <CommandLine command={record.command} what="reproduce this run" />
      </p>
      <div class="pairs">
        <Pairs title="Settings" rows={record.configuration} />
        <Pairs title="Versions and machine" rows={record.circumstances} />
      </div>
    </>
  );
}

interface PairsProps {
  readonly title: string;
  readonly rows: RunRecord["configuration"];
}

function Pairs({ title, rows }: PairsProps) {
  if (rows.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <dl>
        {rows.map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
