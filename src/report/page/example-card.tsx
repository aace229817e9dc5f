import { type ClassMargin, MarginBars } from "./margin-bars.js";
import { className, referenceOf } from "./margins.js";
import { formatMargin } from "./numbers.js";
import type { Picture, RecordedVerdict, RunRecord } from "./run-record.js";

/** The most classes that a card shows. */
const MOST_CLASSES = 12;
/** Pictures are shown at about this many pixels. */
const SIDE = 84;

interface CardProps {
  readonly record: RunRecord;
  readonly verdict: RecordedVerdict;
  readonly margin: number | null;
  readonly picture: Picture | null;
  readonly scale: number;
}

/** One example: its picture, label and answer, and the bound against every other class, as bars and as numbers. */
export function ExampleCard({ record, verdict, margin, picture, scale }: CardProps) {
  const { index, label, prediction, certified, stage } = verdict;
  const name = (index: number) => className(record, index);
  const margins = marginsOf(record, verdict);
  const verdictWords =
    prediction === label
      ? certified
        ? "certified"
        : "not certified"
      : certified
        ? "wrong, yet certified"
        : "wrong";
  const hidden = verdict.marginLower.length - 1 - margins.length;
  return (
    <li class="card" data-label={String(label)}>
      {picture && (
        <img
          src={picture.uri}
          width={SIDE}
          height={Math.round((SIDE * picture.height) / picture.width)}
          alt={`Example ${index}, label ${name(label)}`}
        />
      )}
      <p>
        <span>
          label <b>{name(label)}</b>,
        </span>{" "}
        <span>
          answer <b>{name(prediction)}</b>
        </span>
      </p>
      <p class="verdict">
        {verdictWords}
        {record.stages > 1 && <span class="aside">, stage {stage + 1}</span>}
      </p>
      <MarginBars margins={margins} scale={scale} />
      <details>
        <summary>
          {formatMargin(margin)}
          <span class="unseen"> is the smallest bound of example {index}; all bounds</span>
        </summary>
        <table>
          <caption>
            Example {index}: {name(referenceOf(verdict))} over
            {hidden > 0 && ` (the lowest ${margins.length} of ${verdict.marginLower.length - 1})`}
          </caption>
          <tbody>
            {margins.map((each) => (
              <tr>
                <th scope="row">{each.name}</th>
                <td>{formatMargin(each.margin)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </li>
  );
}

/** Of all other classes, or of those with the lowest bounds where there are many; in the order of classes. */
function marginsOf(record: RunRecord, verdict: RecordedVerdict): ClassMargin[] {
  const reference = referenceOf(verdict);
  const low = (margin: number | null) => margin ?? Number.NEGATIVE_INFINITY;
  return verdict.marginLower
    .map((margin, j) => ({ j, margin, name: className(record, j) }))
    .filter(({ j }) => j !== reference)
    .sort((a, b) => low(a.margin) - low(b.margin) || a.j - b.j)
    .slice(0, MOST_CLASSES)
    .sort((a, b) => a.j - b.j);
}
