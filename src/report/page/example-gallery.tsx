import { formatCount, plural } from "../wording.js";
import { ExampleCard } from "./example-card.js";
import { GROUPS, type Group, type Ranked, rankedGroups, shownExamples } from "./margins.js";
import { MissingPart } from "./missing-part.js";
import type { RunRecord } from "./run-record.js";

const NAMES: Readonly<
  Record<Group, { readonly title: string; readonly mark: string; readonly none: string }>
> = {
  certified: {
    title: "Certified with their label",
    mark: "✓",
    none: "No example is certified with its label.",
  },
  open: { title: "Right, but not certified", mark: "○", none: "Every right answer is certified." },
  wrong: { title: "Wrong", mark: "✗", none: "No answer is wrong." },
};

/** Pictures of examples in three groups, each from its smallest margin to its largest. */
export function ExampleGallery({ record }: { readonly record: RunRecord }) {
  const { verdicts, pictures } = record;
  if (verdicts.kind === "missing") return <MissingPart part={verdicts} />;
  if (pictures.kind === "missing") return <MissingPart part={pictures} />;
  const all = rankedGroups(verdicts.value);
  const shown = shownExamples(verdicts.value);
  const scale = scaleOf(GROUPS.flatMap((group) => shown[group]));
  const labels = [
    ...new Set(GROUPS.flatMap((group) => shown[group].map(({ verdict }) => verdict.label))),
  ].sort((a, b) => a - b);
  return (
    <>
      <p class="aside">
        Bars are lower bounds of the answer's lead over each other class, 0 in the middle, all on one scale of
        square roots (cut at {Number(scale.toPrecision(2))}), so that small ones can be seen: full and upwards
        proves that this class cannot win within the ball; outlined and downwards proves nothing.
      </p>
      <p class="filter" hidden>
        <label>
          Show label{" "}
          <select data-filter>
            <option value="">all</option>
            {labels.map((label) => (
              <option value={String(label)}>{record.classNames?.[label] ?? String(label)}</option>
            ))}
          </select>
        </label>{" "}
        <output data-shown />
      </p>
      {GROUPS.map((group) => (
        <section class="group" aria-labelledby={`group-${group}`}>
          <h3 id={`group-${group}`} class={group}>
            <span aria-hidden="true">{NAMES[group].mark} </span>
            {NAMES[group].title}: {formatCount(all[group].length)}
          </h3>
          {all[group].length === 0 ? (
            <p class="note">{NAMES[group].none}</p>
          ) : (
            <>
              <p class="note">{shownInWords(all[group].length, shown[group].length)}</p>
              <ul class="gallery">
                {shown[group].map(({ verdict, margin }) => (
                  <ExampleCard
                    record={record}
                    verdict={verdict}
                    margin={margin}
                    picture={pictures.value.get(verdict.index) ?? null}
                    scale={scale}
                  />
                ))}
              </ul>
            </>
          )}
        </section>
      ))}
    </>
  );
}

function shownInWords(all: number, shown: number): string {
  if (all === shown) return "All are shown, from the smallest margin to the largest.";
  return (
    `${shown} are shown, at even steps from the smallest margin to the largest; ` +
    `${plural(all - shown, "more example")} ${all - shown === 1 ? "is" : "are"} not shown.`
  );
}

/** The bound that 19 in 20 of those shown lie within, so that the largest do not flatten all others. */
function scaleOf(shown: readonly Ranked[]): number {
  const sizes = shown
    .flatMap(({ verdict }) => verdict.marginLower)
    .flatMap((margin) => (margin === null || margin === 0 ? [] : [Math.abs(margin)]))
    .sort((a, b) => a - b);
  return sizes[Math.floor(0.95 * (sizes.length - 1))] ?? 1;
}
