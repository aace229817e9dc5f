import type { InputBound, Literal } from "./comparison.js";
import type { Choice, Conjunction } from "./formula.js";
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
  readonly box: InputBox;
  /** The bounds that contradict each other, if some do; the box is then not kept up. */
  readonly contradiction: Contradiction | null;
  readonly constraints: Chain<OutputConstraint> | null;
  /** The offset of the alternative taken last. */
  readonly from: number | null;
}

interface Contradiction {
  readonly bound: InputBound;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Multiplies a conjunction out to its disjunctive normal form: one case for each way to take an alternative of every
 * choice, in the order of the file. What stands outside of the choices is looked at once, and its box is shared by
 * the cases that do not narrow it. Cases with an empty box are left out. Throws a FormatError if none is left, if an
 * input lacks a bound, or if the cases take too much memory.
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
  /** Boxes known to have all bounds. */
  readonly #bounded = new WeakSet<InputBox>();
  #firstContradiction: Contradiction | null = null;
  #disjuncts = 0;
  #spent = 0;

  constructor(inputs: readonly DeclaredVariable[], source: Source) {
    this.#inputs = inputs;
    this.#source = source;
  }

  start(): Alternative {
    const size = this.#inputs.length;
    const box = {
      lower: new Float64Array(size).fill(Number.NEGATIVE_INFINITY),
      upper: new Float64Array(size).fill(Number.POSITIVE_INFINITY),
    };
    return { box, contradiction: null, constraints: null, from: null };
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
    if (this.#cases.length === 0) {
      const { bound, lower, upper } = this.#firstContradiction!;
      const { name } = this.#inputs[bound.input]!;
      throw this.#source.error(
        bound.from,
        "bounds that some input meets",
        `an unsatisfiable box: ${name} is at least ${lower} and at most ${upper}`,
      );
    }
    return this.#cases;
  }

  #narrow(branch: Alternative, literals: readonly Literal[], from: number): Alternative {
    this.#spend(literals.length + 1, from);
    let { box, constraints } = branch;
    if (branch.contradiction) return branch;
    for (const literal of literals) {
      if (literal.kind === "output") {
        constraints = append(constraints, literal.constraint);
        continue;
      }
      const { input, side, value } = literal;
      const narrows = side === "lower" ? value > box.lower[input]! : value < box.upper[input]!;
      if (!narrows) continue;
      if (box === branch.box) {
        this.#spend(2 * box.lower.length, from);
        box = { lower: box.lower.slice(), upper: box.upper.slice() };
      }
      box[side][input] = value;
      const lower = box.lower[input]!;
      const upper = box.upper[input]!;
      if (lower > upper) return { ...branch, contradiction: { bound: literal, lower, upper } };
    }
    return { ...branch, box, constraints };
  }

  #close({ box, contradiction, constraints, from }: Alternative): void {
    this.#disjuncts++;
    if (contradiction) {
      this.#firstContradiction ??= contradiction;
      return;
    }
    if (!this.#bounded.has(box)) this.#checkBounded(box, from);
    this.#bounded.add(box);
    this.#spend(constraints?.length ?? 0, from ?? 0);
    this.#cases.push({ box, constraints: entriesOf(constraints) });
  }

  #checkBounded(box: InputBox, from: number | null): void {
    for (const [input, variable] of this.#inputs.entries()) {
      const missing =
        box.lower[input] === Number.NEGATIVE_INFINITY
          ? "lower"
          : box.upper[input] === Number.POSITIVE_INFINITY
            ? "upper"
            : null;
      if (missing) {
        throw this.#source.error(
          from ?? variable.from,
          `a lower and an upper bound of ${variable.name} in disjunct ${this.#disjuncts}`,
          `no ${missing} bound`,
        );
      }
    }
  }

  #spend(amount: number, from: number): void {
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
