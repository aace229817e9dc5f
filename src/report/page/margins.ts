import type { RecordedVerdict, RunRecord } from "./run-record.js";

/** The class whose margins an example's bounds are about: the prediction, or the label with `--against label`. */
export function referenceOf({ prediction, label, marginLower }: RecordedVerdict): number {
  if (prediction >= 0 && marginLower[prediction] === 0) return prediction;
  return marginLower[label] === 0 ? label : Math.max(prediction, 0);
}

/** The smallest lower bound over the other classes; null where one is not a number. */
export function smallestMargin(verdict: RecordedVerdict): number | null {
  const reference = referenceOf(verdict);
  let least = Number.POSITIVE_INFINITY;
  for (const [j, margin] of verdict.marginLower.entries()) {
    if (j === reference) continue;
    if (margin === null) return null;
    least = Math.min(least, margin);
  }
  return Number.isFinite(least) ? least : null;
}

export const GROUPS = ["certified", "open", "wrong"] as const;
/** Certified with its label; right but not certified; wrong. */
export type Group = (typeof GROUPS)[number];

export function groupOf({ label, prediction, certified }: RecordedVerdict): Group {
  if (label !== prediction) return "wrong";
  return certified ? "certified" : "open";
}

export interface Ranked {
  readonly verdict: RecordedVerdict;
  readonly margin: number | null;
}

/** The examples of each group, from the smallest margin to the largest; those without a margin come first. */
export function rankedGroups(
  verdicts: readonly RecordedVerdict[],
): Readonly<Record<Group, readonly Ranked[]>> {
  const ranked = verdicts
    .map((verdict) => ({ verdict, margin: smallestMargin(verdict) }))
    .sort(
      (a, b) =>
        (a.margin ?? Number.NEGATIVE_INFINITY) - (b.margin ?? Number.NEGATIVE_INFINITY) ||
        a.verdict.index - b.verdict.index,
    );
  const of = (group: Group) => ranked.filter(({ verdict }) => groupOf(verdict) === group);
  return { certified: of("certified"), open: of("open"), wrong: of("wrong") };
}

/** At most so many pictures per group, so that a page stays small. */
export const MOST_A_GROUP = 24;

/** So many of a list at even steps, both ends among them. */
export function evenly<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}

/** The examples that the gallery shows, by group. */
export function shownExamples(
  verdicts: readonly RecordedVerdict[],
): Readonly<Record<Group, readonly Ranked[]>> {
  const { certified, open, wrong } = rankedGroups(verdicts);
  return {
    certified: evenly(certified, MOST_A_GROUP),
    open: evenly(open, MOST_A_GROUP),
    wrong: evenly(wrong, MOST_A_GROUP),
  };
}

/** A class by its name in the data, else by its number. */
export function className({ classNames }: Pick<RunRecord, "classNames">, index: number): string {
  if (index < 0) return "none";
  return classNames?.[index] ?? String(index);
}
