import { FormatError } from "../errors.js";
import type { Dataset } from "./dataset.js";

/** Labels as numbers, and what their classes are called. */
export interface NamedLabels {
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
}

/** Every name once, in the order of code points, as NumPy sorts them. */
export function sortedNames(names: Iterable<string>): string[] {
  const bytes = [...new Set(names)].map((name) => Buffer.from(name));
  return bytes.sort(Buffer.compare).map(String);
}

/**
 * Numbers for labels that are names: their places in `order`, or else in the sorted list of all. Throws a `FormatError` for a
 * label without a name, or with one that `order` lacks; `where` names the labels, `at` an example.
 */
export function numberNames(
  where: string,
  names: readonly string[],
  { order, at = (i) => `example ${i}` }: NameOptions = {},
): NamedLabels {
  const empty = names.findIndex((name) => name.trim() === "");
  if (empty >= 0)
    throw new FormatError(`${where}: ${at(empty)}: expected the name of a class, found nothing`);
  const classNames = order ?? sortedNames(names);
  const numbers = new Map(classNames.map((name, number) => [name, number]));
  const labels = Int32Array.from(names, (name, i) => {
    const number = numbers.get(name);
    if (number !== undefined) return number;
    throw new FormatError(
      `${where}: ${at(i)}: expected one of ${shortList(classNames)}, found ${JSON.stringify(name)}`,
    );
  });
  return { labels, classNames };
}

interface NameOptions {
  readonly order?: readonly string[] | undefined;
  readonly at?: (example: number) => string;
}

/** Throws a `FormatError` unless all names differ and say something. */
export function checkClassNames(where: string, names: readonly string[]): void {
  const bad = names.findIndex((name, i) => name.trim() === "" || names.indexOf(name) !== i);
  if (bad < 0) return;
  const found = names[bad]!.trim() === "" ? "an empty one" : `${JSON.stringify(names[bad])} twice`;
  throw new FormatError(`${where}: expected names of classes that differ, found ${found}`);
}

/**
 * A split with the classes of both splits, as either may lack some: the numbers of names are those of both splits' names
 * together. Throws a `FormatError` where one has names and the other numbers.
 */
export function withClassesOf(dataset: Dataset, other: Dataset): Dataset {
  const { classNames: own } = dataset;
  const { classNames: others } = other;
  if (!own && !others) return { ...dataset, classes: Math.max(dataset.classes, other.classes) };
  if (!own || !others) {
    const [named, numbered] = own ? [dataset, other] : [other, dataset];
    throw new FormatError(
      `${numbered.source}: expected labels with the names of classes, as ${named.source} has them, found numbers`,
    );
  }
  if (own.join("\n") === others.join("\n")) return dataset;
  const classNames = sortedNames([...own, ...others]);
  const labels = dataset.labels.map((label) => classNames.indexOf(own[label]!));
  return { ...dataset, classNames, classes: classNames.length, labels };
}

/** Where features are other ones, or in another order, than they should be, in words; null where nothing says so. */
export function otherFeature(
  found: readonly string[] | undefined,
  expected: readonly string[] | undefined,
): string | null {
  if (!found || !expected) return null;
  const most = Math.max(found.length, expected.length);
  const at = Array.from({ length: most }, (_, i) => i).find((i) => found[i] !== expected[i]);
  if (at === undefined) return null;
  const named = (name: string | undefined) => (name === undefined ? "none" : JSON.stringify(name));
  return `feature ${at} ${named(expected[at])}, found ${named(found[at])}`;
}

/** The first few of a list. */
export function shortList(names: readonly string[], most = 8): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")}, …`;
}
