import type { Stop } from "../../compute/deadline.js";
import { expectText } from "../../errors.js";
import { type Conjunction, conjoin, conjunctionAt, readFormula } from "./formula.js";
import type { Scope } from "./linear.js";
import { casesOf } from "./normal-form.js";
import type { Property } from "./property.js";
import { excerptOf, headOf, type List, readLists } from "./s-expression.js";
import { Source } from "./source.js";
import { Variables } from "./variables.js";

/**
 * Reads a VNN-LIB 1.0 property: declarations of real inputs X_i and outputs Y_i, and assertions that together
 * describe the counterexamples. Every input has a lower and an upper bound; beside that, linear expressions of inputs and outputs are
 * compared. The cases come in the order of the file, multiplied out.
 *
 * Bounds of inputs and relations of inputs alone are taken exactly, decimals and all arithmetic: what no double's shortest decimal can say is rounded
 * outward and strict (see InputBox). Comparisons of outputs take the doubles nearest to the decimals of the file, and so
 * does arithmetic within one side; a bound that has to be moved to the other side is rounded so that the counterexamples
 * become more, never fewer. Where no number meets the bounds of some input in any disjunct, the property is one case whose
 * box has no points.
 *
 * Throws a FormatError of one line that begins with `where` and the line number, and tells what was expected and what
 * was found; and the reason of `stop`, which ends the reading.
 */
export function parseVnnlib(text: string, where = "property", stop?: Stop): Property {
  expectText("parseVnnlib: text", text);
  const source = new Source(text, where, stop);
  const scope: Scope = { source, variables: new Variables(source) };
  const whole = conjunctionAt(0);
  let isEmpty = true;
  for (const list of readLists(source)) {
    isEmpty = false;
    switch (headOf(list)) {
      case "declare-const":
      case "declare-fun":
        scope.variables.declare(list);
        break;
      case "assert":
        conjoin(whole, readAssertion(list, scope), scope);
        break;
      case "vnnlib-version":
      case "declare-network":
        throw source.error(
          list.from,
          "declare-const, declare-fun or assert of VNN-LIB 1.0",
          `${excerptOf(list.items[0] ?? list, source)} of VNN-LIB 2, which is not supported: write the property in version 1`,
        );
      default:
        throw source.error(
          list.from,
          "declare-const, declare-fun or assert",
          excerptOf(list.items[0] ?? list, source),
        );
    }
  }
  if (isEmpty) throw source.error(0, "declarations and assertions of VNN-LIB", "none; is the file empty?");
  const inputs = scope.variables.ordered("input");
  const outputs = scope.variables.ordered("output");
  const cases = casesOf(whole, inputs, source);
  return { inputs: inputs.length, outputs: outputs.length, cases, decimal: true };
}

function readAssertion(list: List, scope: Scope): Conjunction {
  const { source } = scope;
  const formula = list.items[1];
  if (list.items.length !== 2 || !formula) {
    throw source.error(
      list.from,
      "one formula in assert",
      `${list.items.length - 1} in ${excerptOf(list, source)}`,
    );
  }
  const read = readFormula(formula, scope);
  if (read) return read;
  throw source.error(
    list.from,
    "an assertion that can be met",
    `one that is always false, ${excerptOf(list, source)}`,
  );
}
