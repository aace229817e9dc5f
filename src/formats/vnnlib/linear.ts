import { parseNumber } from "./number.js";
import { type Atom, excerptOf, headOf, type List, type SExpression } from "./s-expression.js";
import type { Source } from "./source.js";
import type { DeclaredVariable, Variables } from "./variables.js";

/** coefficient·variable. */
export interface Term {
  readonly variable: DeclaredVariable;
  readonly coefficient: number;
}

/** Σ terms + constant; a variable may come more than once. */
export interface Linear {
  readonly terms: readonly Term[];
  readonly constant: number;
}

/** What an expression is read against. */
export interface Scope {
  readonly source: Source;
  readonly variables: Variables;
}

/**
 * Reads a linear expression: numbers, variables, sums, differences, products with at most one factor that is not
 * constant, quotients by a constant. Coefficients and constants within one expression are computed in doubles,
 * rounded to nearest. Throws a FormatError for anything else, and for numbers beyond a double's range.
 */
export function readLinear(expression: SExpression, scope: Scope): Linear {
  const linear = expression.kind === "atom" ? readWord(expression, scope) : readOperation(expression, scope);
  if (
    !Number.isFinite(linear.constant) ||
    !linear.terms.every(({ coefficient }) => Number.isFinite(coefficient))
  ) {
    throw scope.source.error(
      expression.from,
      "numbers within the range of doubles",
      `${excerptOf(expression, scope.source)}, which is beyond it`,
    );
  }
  return linear;
}

function readWord(expression: Atom, { source, variables }: Scope): Linear {
  const variable = variables.find(expression.text);
  if (variable) return { terms: [{ variable, coefficient: 1 }], constant: 0 };
  const constant = parseNumber(expression.text);
  if (constant !== null) return { terms: [], constant };
  const found = excerptOf(expression, source);
  if (/^[XY]_\d+$/.test(expression.text)) throw source.error(expression.from, "a declared variable", found);
  throw source.error(expression.from, "a number or a declared variable", found);
}

function readOperation(list: List, scope: Scope): Linear {
  const operator = headOf(list);
  const operands = () => list.items.slice(1).map((item) => readLinear(item, scope));
  switch (operator) {
    case "+":
      checkArity(list, scope, 1);
      return sum(operands());
    case "-": {
      checkArity(list, scope, 1);
      const [first, ...others] = operands();
      if (others.length === 0) return scale(first!, -1);
      return sum([first!, ...others.map((other) => scale(other, -1))]);
    }
    case "*":
      checkArity(list, scope, 1);
      return product(list, operands(), scope);
    case "/":
      checkArity(list, scope, 2, 2);
      return quotient(list, operands(), scope);
    default:
      throw scope.source.error(
        list.from,
        "a number, a variable, or a list of +, -, * or /",
        excerptOf(list, scope.source),
      );
  }
}

/** Throws unless a list has between `least` and `most` operands. */
export function checkArity(
  list: List,
  { source }: Scope,
  least: number,
  most = Number.POSITIVE_INFINITY,
): void {
  const count = list.items.length - 1;
  if (count >= least && count <= most) return;
  const range = least === most ? String(least) : `${least} or more`;
  throw source.error(
    list.from,
    `${range} operands of ${headOf(list)}`,
    `${count} in ${excerptOf(list, source)}`,
  );
}

function sum(addends: readonly Linear[]): Linear {
  const terms: Term[] = [];
  let constant = 0;
  for (const addend of addends) {
    for (const term of addend.terms) terms.push(term);
    constant += addend.constant;
  }
  return { terms, constant };
}

function scale(linear: Linear, factor: number): Linear {
  return factor === 0 ? { terms: [], constant: 0 } : mapNumbers(linear, (value) => value * factor);
}

/** A number that became 0 because it is too small for a double would take its term away: it turns into NaN instead. */
function mapNumbers({ terms, constant }: Linear, change: (value: number) => number): Linear {
  const changed = (value: number) => (value === 0 ? 0 : change(value) || Number.NaN);
  return {
    terms: terms.map(({ variable, coefficient }) => ({ variable, coefficient: changed(coefficient) })),
    constant: changed(constant),
  };
}

function product(list: List, factors: readonly Linear[], { source }: Scope): Linear {
  const variable = factors.filter(({ terms }) => terms.length > 0);
  if (variable.length > 1) {
    throw source.error(
      list.from,
      "a product with at most one factor that has variables",
      excerptOf(list, source),
    );
  }
  return factors
    .filter(({ terms }) => terms.length === 0)
    .reduce((total, { constant }) => scale(total, constant), variable[0] ?? { terms: [], constant: 1 });
}

function quotient(list: List, [dividend, divisor]: readonly Linear[], { source }: Scope): Linear {
  if (divisor!.terms.length > 0 || divisor!.constant === 0) {
    throw source.error(list.from, "a divisor that is a number other than 0", excerptOf(list, source));
  }
  return mapNumbers(dividend!, (value) => value / divisor!.constant);
}
