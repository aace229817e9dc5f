import type { Source } from "./source.js";
import { Tokens } from "./tokens.js";

/** A word of the text, between its offsets. */
export interface Atom {
  readonly kind: "atom";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** A parenthesised list, between the offsets of its parentheses. */
export interface List {
  readonly kind: "list";
  readonly items: readonly SExpression[];
  readonly from: number;
  readonly to: number;
}

export type SExpression = Atom | List;

/**
 * Deeper nesting is refused, so that what reads the lists may recurse without fear for the stack, and a level may
 * cost time proportional to what is below it. Files of VNN-COMP nest about six deep.
 */
const DEEPEST = 256;

/** A list whose closing parenthesis has not come yet. */
interface OpenList {
  readonly items: SExpression[];
  readonly from: number;
}

/**
 * The lists of a text, one after the other; only one is held at a time. Throws a FormatError for a word outside of
 * all lists, parentheses that do not match, and lists nested too deep. Does not recurse.
 */
export function* readLists(source: Source): Generator<List> {
  const tokens = new Tokens(source.text);
  const open: OpenList[] = [];
  for (tokens.next(); tokens.kind !== "end"; tokens.next()) {
    source.step();
    const { kind, start: from, end: to } = tokens;
    const around = open.at(-1);
    if (kind === "open") {
      if (open.length === DEEPEST) {
        throw source.error(from, `at most ${DEEPEST} parentheses within each other`, "one more");
      }
      open.push({ items: [], from });
    } else if (!around) {
      throw source.error(from, '"(" before a declaration or an assertion', source.excerpt(from, to));
    } else if (kind === "word") {
      around.items.push({ kind: "atom", text: source.text.slice(from, to), from, to });
    } else {
      open.pop();
      const list: List = { kind: "list", items: around.items, from: around.from, to };
      const parent = open.at(-1);
      if (parent) parent.items.push(list);
      else yield list;
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) {
    const line = source.lineOf(unclosed.from);
    throw source.error(
      tokens.start,
      `")" for the "(" of line ${line}`,
      "the end of the file; is it truncated?",
    );
  }
}

/** An expression as messages quote it. */
export function excerptOf(expression: SExpression, source: Source): string {
  return source.excerpt(expression.from, expression.to);
}

/** The word that a list begins with, or null if it is empty or begins with a list. */
export function headOf(list: List): string | null {
  const first = list.items[0];
  return first?.kind === "atom" ? first.text : null;
}
