import type { FormatError } from "../../errors.js";
import { atMost, type ComparisonSides, type Literal, readSides, swapped } from "./comparison.js";
import { checkArity, type Scope } from "./linear.js";
import { excerptOf, headOf, type List, type SExpression } from "./s-expression.js";
import type { Source } from "./source.js";

/**
 * A formula without negations and constants: all literals hold, and of each choice one alternative. Alternatives stay
 * unmultiplied here, so that a file takes memory in proportion to its size.
 */
export interface Conjunction {
  readonly literals: Literal[];
  readonly choices: Choice[];
  /** The offset at which the formula stands. */
  readonly from: number;
}

/** Two or more alternatives. */
export interface Choice {
  readonly alternatives: readonly Conjunction[];
  /** The disjuncts of its normal form. */
  readonly size: number;
}

/**
 * The disjuncts that a normal form may have, beyond those that the file itself lists in one `or`: several of them
 * multiply.
 */
const MOST_DISJUNCTS = 100_000;

/** The conjunction that is true. */
export function conjunctionAt(from: number): Conjunction {
  return { literals: [], choices: [], from };
}

/** Adds what `part` asks for to `whole`. Throws a FormatError if the normal form becomes too large. */
export function conjoin(whole: Conjunction, part: Conjunction, { source }: Scope): void {
  for (const literal of part.literals) whole.literals.push(literal);
  for (const choice of part.choices) whole.choices.push(choice);
  if (part.choices.length === 0 || whole.choices.length === 1) return;
  const size = sizeOf(whole);
  if (size > MOST_DISJUNCTS) throw tooLarge(part.from, size, source);
}

function sizeOf({ choices }: Conjunction): number {
  return choices.reduce((product, { size }) => product * size, 1);
}

function tooLarge(from: number, size: number, source: Source): FormatError {
  return source.error(
    from,
    `at most ${MOST_DISJUNCTS} disjuncts when the "or"s are multiplied out`,
    `${size}`,
  );
}

/**
 * Reads `and`, `or`, `not` and comparisons of linear expressions; `not` is moved inward to the comparisons. Null is a
 * formula that is false whatever the variables are. Throws a FormatError that names what it does not understand.
 */
export function readFormula(expression: SExpression, scope: Scope, negated = false): Conjunction | null {
  const { source } = scope;
  if (expression.kind === "atom") {
    throw source.error(
      expression.from,
      "a list of and, or, not or a comparison",
      excerptOf(expression, source),
    );
  }
  source.step();
  const operator = headOf(expression);
  switch (operator) {
    case "and":
    case "or": {
      checkArity(expression, scope, 1);
      const parts = expression.items.slice(1).map((item) => readFormula(item, scope, negated));
      const isAll = (operator === "and") !== negated;
      return isAll ? allOf(parts, expression.from, scope) : oneOf(parts, expression.from, scope);
    }
    case "not":
      checkArity(expression, scope, 1, 1);
      return readFormula(expression.items[1]!, scope, !negated);
    case "<=":
    case "<":
    case ">=":
    case ">":
    case "=":
      checkArity(expression, scope, 2, 2);
      return readComparison(operator, expression, scope, negated);
    default:
      throw source.error(
        expression.from,
        "and, or, not, <=, >=, <, > or =",
        operator === null ? excerptOf(expression, source) : excerptOf(expression.items[0]!, source),
      );
  }
}

type Comparator = "<=" | "<" | ">=" | ">" | "=";

const NEGATIONS = { "<=": ">", "<": ">=", ">=": "<", ">": "<=" } as const;

function readComparison(
  operator: Comparator,
  list: List,
  scope: Scope,
  negated: boolean,
): Conjunction | null {
  const sides = readSides(list, scope);
  if (operator === "=") {
    const parts = [compare(sides, negated, scope), compare(swapped(sides), negated, scope)];
    return negated ? oneOf(parts, list.from, scope) : allOf(parts, list.from, scope);
  }
  const asked = negated ? NEGATIONS[operator] : operator;
  const isUpward = asked === ">=" || asked === ">";
  return compare(isUpward ? swapped(sides) : sides, asked === "<" || asked === ">", scope);
}

/** left ≤ right, or left < right. */
function compare(sides: ComparisonSides, strict: boolean, scope: Scope): Conjunction | null {
  const literal = atMost(sides, strict, scope);
  if (literal === false) return null;
  const conjunction = conjunctionAt(sides.list.from);
  if (literal !== true) conjunction.literals.push(literal);
  return conjunction;
}

function allOf(parts: readonly (Conjunction | null)[], from: number, scope: Scope): Conjunction | null {
  const whole = conjunctionAt(from);
  for (const part of parts) {
    if (part === null) return null;
    conjoin(whole, part, scope);
  }
  return whole;
}

function oneOf(parts: readonly (Conjunction | null)[], from: number, { source }: Scope): Conjunction | null {
  const alternatives: Conjunction[] = [];
  for (const part of parts) {
    if (part === null) continue;
    const [choice] = part.choices;
    if (part.literals.length > 0 || part.choices.length !== 1) alternatives.push(part);
    else for (const alternative of choice!.alternatives) alternatives.push(alternative);
  }
  if (alternatives.length < 2) return alternatives[0] ?? null;
  const size = alternatives.reduce((total, alternative) => total + sizeOf(alternative), 0);
  if (size > MOST_DISJUNCTS && size > alternatives.length) throw tooLarge(from, size, source);
  return { literals: [], choices: [{ alternatives, size }], from };
}
