import { decimalOf, greatestDecimalAtMost, leastDecimalAtLeast } from "./decimal.js";
import { exactDifference } from "./exact-linear.js";
import type { Scope } from "./linear.js";
import type { InputTerm, OutputConstraint } from "./property.js";
import { compare, multiply, negate, type Rational } from "./rational.js";
import { excerptOf, type List, type SExpression } from "./s-expression.js";

/**
 * left ≤ right (strict: <) of several inputs, exactly: coefficients are decimals of doubles, or the row is multiplied by their
 * denominators; a bound that lies between two such decimals is the outer one, and strict. Throws a FormatError for coefficients that
 * doubles cannot say, and where exact arithmetic leaves fewer than two inputs.
 */
export function relationOf(
  list: List,
  left: SExpression,
  right: SExpression,
  strict: boolean,
  scope: Scope,
): OutputConstraint {
  const { source, variables } = scope;
  const { terms, constant } = exactDifference(list, left, right, "a relation of inputs", scope);
  const own = [...terms].map(([name, coefficient]) => ({ input: variables.find(name)!.index, coefficient }));
  own.sort((a, b) => a.input - b.input);
  if (own.length < 2) {
    throw source.error(
      list.from,
      "a relation of several inputs in exact arithmetic as in doubles",
      `${own.length} in ${excerptOf(list, source)}`,
    );
  }
  const common = own.reduce(
    (product, { coefficient }) => leastMultiple(product, coefficient.denominator),
    1n,
  );
  for (const factor of [1n, common]) {
    const scale = (value: Rational) => multiply(value, { numerator: factor, denominator: 1n });
    const inputs = own.flatMap(({ input, coefficient }): InputTerm[] => {
      const value = sameDouble(scale(coefficient));
      return value === null ? [] : [{ input, coefficient: value }];
    });
    const limit = scale(negate(constant));
    const bound = leastDecimalAtLeast(limit) + 0;
    if (inputs.length < own.length || !Number.isFinite(bound)) continue;
    return { terms: [], inputs, bound, strict: strict || compare(decimalOf(bound), limit) !== 0 };
  }
  throw source.error(list.from, "coefficients and a bound that doubles can say", excerptOf(list, source));
}

/** The double whose shortest decimal a number is; null where there is none. */
function sameDouble(value: Rational): number | null {
  const found = greatestDecimalAtMost(value);
  return Number.isFinite(found) && compare(decimalOf(found), value) === 0 ? found : null;
}

function leastMultiple(a: bigint, b: bigint): bigint {
  let [large, small] = [a, b];
  while (small !== 0n) [large, small] = [small, large % small];
  return (a / large) * b;
}
