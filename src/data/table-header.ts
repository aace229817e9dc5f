import { FormatError, UsageError } from "../errors.js";
import { shortList } from "./class-names.js";
import { numberOf } from "./table-cell.js";

/** What a column of labels is usually called. */
const OF_LABELS = /^(labels?|class(es)?|targets?|category)$/i;
/** What programs call a column of the rows' own numbers that has no name. */
const OF_NUMBERS = /^(unnamed: \d+)?$/i;

/**
 * The column of a table that has the labels: that of the name `label`, the last one unless told. Data without a header or with another
 * separator would lose their first row or all of their columns; labels that stand elsewhere, and a column of the rows' numbers, would
 * be taken for features. So these are refused by a FormatError, and a `label` that the header does not have once by a UsageError.
 */
export function labelColumn(path: string, names: readonly string[], label: string | undefined): number {
  const where = `${path}: line 1`;
  if (names.every((name) => Number.isFinite(numberOf(name)))) throw withoutHeader(where, "numbers");
  if (names.length === 1) {
    const found = /[;\t]/.test(names[0]!) ? "another separator" : "a single one";
    throw new FormatError(
      `${where}: expected columns of features and one of labels, separated by commas, found ${found}`,
    );
  }
  checkNamed(where, names);
  const column = label === undefined ? lastColumn(where, names) : namedColumn(path, names, label);
  const features = names.filter((_, c) => c !== column);
  // Of data whose labels are texts the first row is not all numbers.
  if (features.every((name) => Number.isFinite(numberOf(name))) && !isCount(features.map(numberOf))) {
    throw withoutHeader(where, `numbers beside ${JSON.stringify(names[column])}`);
  }
  return column;
}

function checkNamed(where: string, names: readonly string[]): void {
  const unnamed = names.findIndex((name) => OF_NUMBERS.test(name));
  if (unnamed < 0) return;
  throw new FormatError(
    `${where}: expected a name for every column, found ${JSON.stringify(names[unnamed])} for column ${unnamed + 1}; ` +
      "numbers of rows are no feature (pandas: to_csv(index=False)), nor is what follows a comma at the end",
  );
}

function lastColumn(where: string, names: readonly string[]): number {
  const last = names.length - 1;
  const elsewhere = names.find((name) => OF_LABELS.test(name));
  if (elsewhere === undefined || OF_LABELS.test(names[last]!)) return last;
  throw new FormatError(
    `${where}: expected the labels in the last column, found a column ${JSON.stringify(elsewhere)} in front of ` +
      `${JSON.stringify(names[last])}; --label COLUMN says which of them has the classes`,
  );
}

function namedColumn(path: string, names: readonly string[], label: string): number {
  const found = names.filter((name) => name === label).length;
  if (found === 1) return names.indexOf(label);
  const what = found === 0 ? "none of that name" : `${found} of that name`;
  throw new UsageError(
    `--label ${label}: expected one of the columns of ${path} (${shortList(names, 20)}), found ${what}`,
    found === 0 ? { found: label, known: names } : undefined,
  );
}

function withoutHeader(where: string, found: string): FormatError {
  return new FormatError(
    `${where}: expected a header with the names of the columns, found ${found}; write the names above them`,
  );
}

/** Columns that are called by their numbers, from 0 or from 1. */
function isCount(numbers: readonly number[]): boolean {
  const [first] = numbers;
  return (first === 0 || first === 1) && numbers.every((number, i) => number === first + i);
}
