import type { Literal } from "./comparison.js";
import type { Choice, Conjunction } from "./formula.js";
import { emptyCase, InputRanges } from "./input-ranges.js";
import type { InputBox, OutputConstraint, PropertyCase } from "./property.js";
import type { Source } from "./source.js";
import type { DeclaredVariable } from "./variables.js";

/**
 * The numbers in all boxes, the entries of all lists of constraints, and the comparisons looked at, together. A file
 * that needs more repeats large shared parts in very many disjuncts.
 */
const LARGEST = 2 ** 25;

/** A list that shares its beginning with others. */
interface Chain<T> {
  readonly last: T;
  readonly before: Chain<T> | null;
  readonly length: number;
}

/** What the choices taken so far ask for. */
interface Alternative {
  readonly ranges: InputRanges;
  /** An input that no number is left for, if there is one; the ranges are then not kept up. */
  readonly emptyInput: number | null;
  readonly constraints: Chain<OutputConstraint> | null;
  /** The offset of the alternative taken last. */
  readonly from: number | null;
}

/**
 * Multiplies a conjunction out to its disjunctive normal form: one case for each way to take an alternative of every
 * choice, in the order of the file. What stands outside of the choices is looked at once, and its box is shared by
 * the cases that do not narrow it. Cases with an empty box are left out; where none is left, a case with an empty box
 * stands for all. Throws a FormatError if an input lacks a bound, or if the cases take too much memory.
 */
export function casesOf(
  whole: Conjunction,
  inputs: readonly DeclaredVariable[],
  source: Source,
): PropertyCase[] {
  const expansion = new Expansion(inputs, source);
  expansion.take(whole, expansion.start(), null);
  return expansion.finish();
}

class Expansion {
  readonly #inputs: readonly DeclaredVariable[];
  readonly #source: Source;
  readonly #cases: PropertyCase[] = [];
  /** Of ranges known to have all bounds. */
  readonly #boxes = new WeakMap<InputRanges, InputBox>();
  #firstEmpty: { readonly ranges: InputRanges; readonly input: number } | null = null;
  #disjuncts = 0;
  #spent = 0;

  constructor(inputs: readonly DeclaredVariable[], source: Source) {
    this.#inputs = inputs;
    this.#source = source;
  }

  start(): Alternative {
    const ranges = new InputRanges(this.#inputs.length);
    return { ranges, emptyInput: null, constraints: null, from: null };
  }

  /** Adds `part` to `branch`, then takes each alternative of the choices in `pending`. As deep as choices nest. */
  take(part: Conjunction, branch: Alternative, pending: Chain<Choice> | null): void {
    const narrowed = this.#narrow(branch, part.literals, part.from);
    let open = pending;
    // The first choice is taken first: its alternatives are the outermost.
    for (const choice of part.choices.toReversed()) open = append(open, choice);
    if (open === null) {
      this.#close(narrowed);
      return;
    }
    for (const alternative of open.last.alternatives) {
      this.take(alternative, { ...narrowed, from: alternative.from }, open.before);
    }
  }

  finish(): PropertyCase[] {
    if (this.#cases.length > 0) return this.#cases;
    const { ranges, input } = this.#firstEmpty!;
    return [emptyCase(ranges, this.#inputs.length, input)];
  }

  #narrow(branch: Alternative, literals: readonly Literal[], from: number): Alternative {
    this.#spend(literals.length + 1, from);
    let { ranges, constraints } = branch;
    if (branch.emptyInput !== null) return branch;
    for (const literal of literals) {
      if (literal.kind === "constraint") {
        constraints = append(constraints, literal.constraint);
        continue;
      }
      if (!ranges.isNarrowedBy(literal)) continue;
      if (ranges === branch.ranges) {
        this.#spend(2 * this.#inputs.length, from);
        ranges = ranges.copy();
      }
      ranges.narrow(literal);
      if (ranges.isEmptyAt(literal.input)) return { ...branch, ranges, emptyInput: literal.input };
    }
    return { ...branch, ranges, constraints };
  }

  #close({ ranges, emptyInput, constraints, from }: Alternative): void {
    this.#disjuncts++;
    if (emptyInput !== null) {
      this.#firstEmpty ??= { ranges, input: emptyInput };
      return;
    }
    this.#spend(constraints?.length ?? 0, from ?? 0);
    this.#cases.push({ box: this.#boxOf(ranges, from), constraints: entriesOf(constraints) });
  }

  #boxOf(ranges: InputRanges, from: number | null): InputBox {
    const known = this.#boxes.get(ranges);
    if (known) return known;
    for (const [input, variable] of this.#inputs.entries()) {
      const missing = ranges.missingAt(input);
      if (missing) {
        throw this.#source.error(
          from ?? variable.from,
          `a lower and an upper bound of ${variable.name} in disjunct ${this.#disjuncts}`,
          `no ${missing} bound`,
        );
      }
    }
    const box = ranges.box();
    this.#boxes.set(ranges, box);
    return box;
  }

  #spend(amount: number, from: number): void {
    this.#source.step();
    this.#spent += amount;
    if (this.#spent <= LARGEST) return;
    throw this.#source.error(
      from,
      `at most ${LARGEST} numbers and constraints when the "or"s are multiplied out`,
      `more by disjunct ${this.#disjuncts + 1}`,
    );
  }
}

function append<T>(before: Chain<T> | null, last: T): Chain<T> {
  return { last, before, length: (before?.length ?? 0) + 1 };
}

function entriesOf<T>(chain: Chain<T> | null): T[] {
  const entries = new Array<T>(chain?.length ?? 0);
  for (let link = chain; link; link = link.before) entries[link.length - 1] = link.last;
  return entries;
}
