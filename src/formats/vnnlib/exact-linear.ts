import type { Scope } from "./linear.js";
import { add, divide, multiply, negate, ONE, type Rational, rationalOf, ZERO } from "./rational.js";
import { excerptOf, headOf, type List, type SExpression } from "./s-expression.js";

/** Σ coefficient·variable + constant, exactly; coefficients by the variables' names, none of them 0. */
export interface ExactLinear {
  readonly terms: ReadonlyMap<string, Rational>;
  readonly constant: Rational;
}

/** Longer comparisons are refused: what they multiply and add up exactly could have very many digits. */
const LONGEST = { bound: 4000, relation: 40_000 } as const;

/**
 * The number that a comparison puts as the bound of one input, exactly: left ≤ right as coefficient·input ≤ bound, and the
 * sign of its coefficient. `list` has been read by `readLinear`. Throws a FormatError for a comparison that doubles and
 * exact arithmetic disagree about, so that no input or another one is left, and for one of very many characters.
 */
export function exactBound(
  list: List,
  left: SExpression,
  right: SExpression,
  input: string,
  scope: Scope,
): { readonly value: Rational; readonly side: "lower" | "upper" } {
  const { source } = scope;
  const { terms, constant } = exactDifference(list, left, right, `a bound of ${input}`, scope, LONGEST.bound);
  const coefficient = terms.get(input);
  if (!coefficient || terms.size > 1) {
    throw source.error(
      list.from,
      "comparisons of a single input with a number, in exact arithmetic as in doubles",
      `${[...terms.keys()].join(" and ") || "no variable"} in ${excerptOf(list, source)}`,
    );
  }
  return {
    value: divide(negate(constant), coefficient),
    side: coefficient.numerator > 0n ? "upper" : "lower",
  };
}

/** left − right, exactly. Throws a FormatError for a comparison, called `what`, of very many characters. */
export function exactDifference(
  list: List,
  left: SExpression,
  right: SExpression,
  what: string,
  scope: Scope,
  longest: number = LONGEST.relation,
): ExactLinear {
  const length = list.to - list.from;
  if (length > longest) {
    throw scope.source.error(list.from, `${what} in at most ${longest} characters`, `${length}`);
  }
  return sum([evaluate(left, scope), scaled(evaluate(right, scope), negate(ONE))]);
}

function evaluate(expression: SExpression, scope: Scope): ExactLinear {
  if (expression.kind === "atom") {
    const variable = scope.variables.find(expression.text);
    if (variable) return { terms: new Map([[variable.name, ONE]]), constant: ZERO };
    return { terms: new Map(), constant: rationalOf(expression.text) };
  }
  const operands = expression.items.slice(1).map((item) => evaluate(item, scope));
  const [first, ...others] = operands as [ExactLinear, ...ExactLinear[]];
  switch (headOf(expression)) {
    case "+":
      return sum(operands);
    case "-":
      return others.length === 0
        ? scaled(first, negate(ONE))
        : sum([first, ...others.map((other) => scaled(other, negate(ONE)))]);
    case "*":
      return others.reduce((product, factor) => times(product, factor, expression, scope), first);
    default:
      return quotient(first, others[0]!, expression, scope);
  }
}

function sum(addends: readonly ExactLinear[]): ExactLinear {
  const terms = new Map<string, Rational>();
  let constant = ZERO;
  for (const addend of addends) {
    for (const [name, coefficient] of addend.terms) {
      terms.set(name, add(terms.get(name) ?? ZERO, coefficient));
    }
    constant = add(constant, addend.constant);
  }
  for (const [name, { numerator }] of terms) if (numerator === 0n) terms.delete(name);
  return { terms, constant };
}

function scaled({ terms, constant }: ExactLinear, factor: Rational): ExactLinear {
  if (factor.numerator === 0n) return { terms: new Map(), constant: ZERO };
  return {
    terms: new Map([...terms].map(([name, coefficient]) => [name, multiply(coefficient, factor)])),
    constant: multiply(constant, factor),
  };
}

function times(a: ExactLinear, b: ExactLinear, list: List, { source }: Scope): ExactLinear {
  if (b.terms.size === 0) return scaled(a, b.constant);
  if (a.terms.size === 0) return scaled(b, a.constant);
  throw source.error(
    list.from,
    "a product with at most one factor that has variables",
    excerptOf(list, source),
  );
}

function quotient(dividend: ExactLinear, divisor: ExactLinear, list: List, { source }: Scope): ExactLinear {
  if (divisor.terms.size > 0 || divisor.constant.numerator === 0n) {
    throw source.error(list.from, "a divisor that is a number other than 0", excerptOf(list, source));
  }
  return scaled(dividend, divide(ONE, divisor.constant));
}
