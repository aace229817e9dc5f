import { arithmeticInWords, claimInWords } from "../guarantee.js";
import { formatCount, formatPercent } from "../wording.js";
import { claimOf } from "./guarantee-claim.js";
import { MissingPart } from "./missing-part.js";
import type { Measured, RunRecord } from "./run-record.js";

/** The sentence that the page is about, or why there is none. */
export function GuaranteeSection({ record }: { readonly record: RunRecord }) {
  const { measured, status } = record;
  if (measured.kind === "missing") {
    return (
      <div class="claim none">
        <p>
          <strong>
            Nothing is guaranteed:{" "}
            {status === "finished" ? "nothing was certified." : "the run is not finished."}
          </strong>
        </p>
        <MissingPart part={measured} />
      </div>
    );
  }
  const claim = claimOf(record, measured.value);
  return (
    <div class={claim.right === 0 || (claim.guarantee === "estimate" && !claim.mix) ? "claim none" : "claim"}>
      <p>
        <strong>{claimInWords(claim)}</strong>
      </p>
      <p class="aside">{arithmeticInWords(claim)}</p>
      <Shares record={record} measured={measured.value} />
    </div>
  );
}

/** All examples as one bar: certified with their label, right but not certified, wrong. */
function Shares({ record, measured }: { readonly record: RunRecord; readonly measured: Measured }) {
  if (measured.guarantee === "estimate" && !measured.mix) return null;
  const right = Math.round((1 - measured.robustError) * measured.examples);
  const wrong = Math.round(measured.error * measured.examples);
  const shares = [
    { name: "right and certified", mark: "✓", look: "certified", count: right },
    { name: "right, not certified", mark: "○", look: "open", count: measured.examples - right - wrong },
    { name: "wrong", mark: "✗", look: "wrong", count: wrong },
  ];
  const words = shares.map(({ name, count }) => `${formatCount(count)} ${name}`).join(", ");
  return (
    <div class="shares">
      <div
        class="share-bar"
        role="img"
        aria-label={`Of ${formatCount(measured.examples)} ${record.data.split} examples: ${words}`}
      >
        {shares.map(({ look, count }) => (
          <span class={look} style={`flex-grow:${count}`} hidden={count === 0} />
        ))}
      </div>
      <ul class="share-names">
        {shares.map(({ name, mark, look, count }) => (
          <li class={look}>
            <span aria-hidden="true">{mark} </span>
            {formatCount(count)} {name}
            <span class="aside"> {formatPercent(count / measured.examples)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
