import { formatCount } from "../wording.js";
import { DataTable } from "./data-table.js";
import { className } from "./margins.js";
import { MissingPart } from "./missing-part.js";
import type { RecordedVerdict, RunRecord } from "./run-record.js";

/** With more classes the most frequent confusions are listed instead of all pairs. */
const MOST_CLASSES = 20;
const MOST_PAIRS = 30;

interface ConfusedPair {
  readonly label: number;
  readonly prediction: number;
  readonly certified: number;
  readonly open: number;
}

/** Label against answer: how many certified, how many not. */
export function ConfusionTable({ record }: { readonly record: RunRecord }) {
  const { verdicts } = record;
  if (verdicts.kind === "missing") return <MissingPart part={verdicts} />;
  const pairs = pairsOf(verdicts.value);
  const classes = verdicts.value[0].marginLower.length;
  return classes > MOST_CLASSES ? (
    <PairList record={record} pairs={pairs} />
  ) : (
    <Matrix record={record} classes={classes} pairs={pairs} />
  );
}

function Matrix({
  record,
  classes,
  pairs,
}: {
  readonly record: RunRecord;
  readonly classes: number;
  readonly pairs: readonly ConfusedPair[];
}) {
  const answers = Array.from({ length: classes }, (_, j) => j);
  if (pairs.some(({ prediction }) => prediction < 0)) answers.push(-1);
  const caption = "Label (rows) against answer (columns): ✓ certified, ○ not certified";
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <section class="scroll" tabIndex={0} aria-label={caption}>
      <table class="confusion">
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">label</th>
            {answers.map((j) => (
              <th scope="col">{className(record, j)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: classes }, (_, label) => (
            <tr>
              <th scope="row">{className(record, label)}</th>
              {answers.map((j) => (
                <Counts
                  same={j === label}
                  pair={pairs.find((pair) => pair.label === label && pair.prediction === j)}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Counts({ pair, same }: { readonly pair: ConfusedPair | undefined; readonly same: boolean }) {
  if (!pair) return <td class="empty">·</td>;
  return (
    <td class={same ? "same" : ""}>
      {pair.certified > 0 && <span class="certified">✓ {formatCount(pair.certified)}</span>}
      {pair.open > 0 && <span class="open">○ {formatCount(pair.open)}</span>}
    </td>
  );
}

function PairList({
  record,
  pairs,
}: {
  readonly record: RunRecord;
  readonly pairs: readonly ConfusedPair[];
}) {
  const wrong = pairs
    .filter(({ label, prediction }) => label !== prediction)
    .sort((a, b) => b.certified + b.open - a.certified - a.open);
  const shown = wrong.slice(0, MOST_PAIRS);
  return (
    <DataTable
      caption={`The most frequent confusions: ${shown.length} of ${formatCount(wrong.length)} pairs`}
      head={["label", "answer", "certified", "not certified"]}
      rows={shown.map(({ label, prediction, certified, open }) => [
        className(record, label),
        className(record, prediction),
        formatCount(certified),
        formatCount(open),
      ])}
    />
  );
}

function pairsOf(verdicts: readonly RecordedVerdict[]): ConfusedPair[] {
  const pairs = new Map<string, { label: number; prediction: number; certified: number; open: number }>();
  for (const { label, prediction, certified } of verdicts) {
    const key = `${label} ${prediction}`;
    const pair = pairs.get(key) ?? { label, prediction, certified: 0, open: 0 };
    pair[certified ? "certified" : "open"] += 1;
    pairs.set(key, pair);
  }
  return [...pairs.values()];
}
