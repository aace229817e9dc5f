import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { HEAD, parse, UNIT, X2, Y3 } from "./vnnlib-texts.js";

function errorOf(text: string): Error {
  try {
    parse(text);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`no error for ${text.slice(0, 200)}`);
}

describe("errors", () => {
  const or = (count: number) => `(assert (or ${"(<= Y_0 1) ".repeat(count)}))\n`;
  it.each<[string, string, RegExp]>([
    ["an empty file", "", /^p.vnnlib: line 1: expected declarations .*found none; is the file empty/],
    ["only comments", "; nothing\n;\n", /line 1: expected declarations/],
    ["no outputs", `${X2}${UNIT}`, /line 7: expected declarations of outputs Y_0.*found none/],
    ["no inputs", Y3, /line 4: expected declarations of inputs X_0.*found none/],
    [
      "a truncated file",
      `${HEAD}(assert (or\n(<= Y_0`,
      /line 13: expected "\)" for the "\(" of line 13, found the end/,
    ],
    ["a word outside", `${HEAD}nonsense`, /line 12: expected "\(" before .*found "nonsense"/],
    ["a parenthesis too many", `${HEAD}(assert (<= Y_0 1)))`, /line 12: expected "\(" before .*found "\)"/],
    ["an empty list", `${HEAD}()`, /line 12: expected declare-const, declare-fun or assert, found "\(\)"/],
    ["another command", `${HEAD}(check-sat)`, /line 12: expected declare-const.*found "check-sat"/],
    ["VNN-LIB 2.0", "(vnnlib-version <2.0>)", /line 1: expected declare-const.*found "vnnlib-version"/],
    [
      "a network of VNN-LIB 2",
      "(declare-network N)",
      /of VNN-LIB 2, which is not supported: write .* in version 1/,
    ],
    ["another sort", "(declare-const X_0 Int)", /line 1: expected the sort Real, found "Int"/],
    ["another name", "\n(declare-const Z_0 Real)", /line 2: expected a variable X_0, .*found "Z_0"/],
    ["an index with zeros", "(declare-const X_00 Real)", /found "X_00"/],
    [
      "half a declaration",
      "(declare-const X_0)",
      /expected \(declare-const NAME Real\), found "\(declare-const X_0\)"/,
    ],
    [
      "a function of reals",
      "(declare-fun X_0 (Real) Real)",
      /expected \(declare-fun NAME \(\) Real\), found/,
    ],
    [
      "a second declaration",
      `${HEAD}(declare-const Y_1 Real)`,
      /line 12: expected one declaration of Y_1, found another after line 6/,
    ],
    [
      "a gap",
      `${X2}${Y3}(declare-const Y_4 Real)`,
      /line 6: expected outputs numbered from 0 without gaps, found Y_4 without Y_3/,
    ],
    [
      "an index beyond all",
      "(declare-const Y_0 Real)(declare-const X_999999999 Real)",
      /found X_999999999 without X_0/,
    ],
    ["no formula", `${HEAD}(assert)`, /line 12: expected one formula in assert, found 0/],
    ["two formulas", `${HEAD}(assert (<= Y_0 1) (<= Y_0 1))`, /expected one formula in assert, found 2/],
    [
      "a word for a formula",
      `${HEAD}(assert true)`,
      /expected a list of and, or, not or a comparison, found "true"/,
    ],
    [
      "an unknown connective",
      `${HEAD}(assert\n(=> (<= Y_0 1) (<= Y_0 1)))`,
      /line 13: expected and, or, .*found "=>"/,
    ],
    ["a list for a connective", `${HEAD}(assert ((and) 1))`, /expected and, or, .*found "\(\(and\) 1\)"/],
    ["an and of nothing", `${HEAD}(assert (and))`, /expected 1 or more operands of and, found 0/],
    ["a not of two", `${HEAD}(assert (not (<= 0 1) (<= 0 1)))`, /expected 1 operands of not, found 2/],
    [
      "a chain of comparisons",
      `${HEAD}(assert (<= 0 Y_0 1))`,
      /line 12: expected 2 operands of <=, found 3 in "\(<= 0 Y_0 1\)"/,
    ],
    ["half a comparison", `${HEAD}(assert (= Y_0))`, /expected 2 operands of =, found 1/],
    ["a sum of nothing", `${HEAD}(assert (<= (+) Y_0))`, /expected 1 or more operands of \+, found 0/],
    ["a fraction of one", `${HEAD}(assert (<= (/ 2) Y_0))`, /expected 2 operands of \/, found 1/],
    [
      "an undeclared variable",
      `${HEAD}(assert (<= Y_3 1))`,
      /line 12: expected a declared variable, found "Y_3"/,
    ],
    [
      "a variable before its declaration",
      `${X2}(assert (<= Y_0 1))${Y3}`,
      /line 3: expected a declared variable, found "Y_0"/,
    ],
    ["NaN", `${HEAD}(assert (<= Y_0 nan))`, /expected a number or a declared variable, found "nan"/],
    ["an infinity", `${HEAD}(assert (<= Y_0 -inf))`, /found "-inf"/],
    ["a number with rests", `${HEAD}(assert (<= Y_0 1.2.3))`, /found "1.2.3"/],
    ["a hexadecimal number", `${HEAD}(assert (<= Y_0 0x10))`, /found "0x10"/],
    [
      "a number too large",
      `${HEAD}(assert (<= Y_0 1e999))`,
      /expected numbers within the range of doubles, found "1e999"/,
    ],
    [
      "a number too small",
      `${HEAD}(assert (<= (* 1e-999 Y_0) 1))`,
      /expected numbers within the range of doubles, found "1e-999"/,
    ],
    [
      "a product too small",
      `${HEAD}(assert (<= (* 1e-200 1e-200 Y_0) 1))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a product too large",
      `${HEAD}(assert (<= (* 1e200 1e200 Y_0) 1))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a sum too large",
      `${HEAD}(assert (<= (+ 1e308 Y_0) -1e308))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a bound too large",
      `${HEAD}(assert (<= (* 1e-10 X_0) 1e308))`,
      /expected numbers within the range of doubles/,
    ],
    [
      "a division by 0",
      `${HEAD}(assert (<= Y_0 (/ 1 0)))`,
      /expected a divisor that is a number other than 0, found/,
    ],
    ["a division by a variable", `${HEAD}(assert (<= Y_0 (/ 1 Y_0)))`, /expected a divisor that is a number/],
    [
      "a product of variables",
      `${HEAD}(assert (<= (* Y_0 Y_1) 1))`,
      /expected a product with at most one factor/,
    ],
    [
      "an unknown function",
      `${HEAD}(assert (<= (max Y_0 Y_1) 1))`,
      /expected a number, a variable, .*found "\(max Y_0 Y_1\)"/,
    ],
    [
      "a bound of very many characters",
      `${HEAD}(assert (<= X_0 (+ ${"1 ".repeat(4000)})))`,
      /line 12: expected a bound of X_0 in at most 4000 characters, found 80\d\d$/,
    ],
    [
      "an input that only doubles see",
      `${HEAD}(assert (<= (* (- 0.3 0.1 0.2) X_0) 1))`,
      /in exact arithmetic as in doubles, found no variable in/,
    ],
    [
      "a second input that only doubles do not see",
      `${HEAD}(assert (<= (+ X_0 (* (- (+ 1e16 1) 1e16) X_1)) 1))`,
      /in exact arithmetic as in doubles, found X_0 and X_1 in/,
    ],
    [
      "a divisor that only doubles see",
      `${HEAD}(assert (<= X_0 (/ 1 (- 0.3 0.1 0.2))))`,
      /expected a divisor that is a number other than 0/,
    ],
    [
      "a relation whose bound is beyond doubles",
      `${HEAD}(assert (<= (+ (* 1e308 X_0) X_1 (- 1e308)) 1e308))`,
      /line 12: expected numbers within the range of doubles/,
    ],
    [
      "a relation whose coefficients doubles cannot say",
      `${HEAD}(assert (<= (+ (* 1.00000000000000000001 X_0) X_1) (/ 1 3)))`,
      /line 12: expected coefficients and a bound that doubles can say/,
    ],
    [
      "a relation that exact arithmetic cancels",
      `${HEAD}(assert (<= (+ (* 0.3 X_0) X_1) (+ (* 0.1 X_0) (* 0.2 X_0))))`,
      /line 12: expected a relation of several inputs in exact arithmetic as in doubles|single input/,
    ],
    [
      "an input without bounds",
      `${X2}${Y3}(assert (<= X_0 1))`,
      /line 1: expected a lower and an upper bound of X_0 in disjunct 1, found no lower bound/,
    ],
    [
      "an input without a bound in a disjunct",
      `${X2}${Y3}(assert (and (<= 0 X_0) (<= X_0 1) (<= 0 X_1)))\n(assert (or\n(<= X_1 1)\n(<= Y_0 1)))`,
      /line 9: .*upper bound of X_1 in disjunct 2, found no upper bound/,
    ],
    [
      "a false assertion",
      `${HEAD}(assert (<= 1 0))`,
      /line 12: expected an assertion that can be met, found one that is always false/,
    ],
    ["a false or", `${HEAD}(assert (or (<= 1 0) (and (<= Y_0 1) (< 0 0))))`, /line 12: .*always false/],
    [
      "a fault beside a false comparison",
      `${HEAD}(assert (and (<= 1 0)\n(<= Y_9 1)))`,
      /line 13: expected a declared variable/,
    ],
    [
      "too many disjuncts of assertions",
      HEAD + or(50).repeat(3),
      /line 14: expected at most 100000 disjuncts .*found 125000/,
    ],
    [
      "too many disjuncts in an and",
      `${HEAD}(assert (and ${"(or (<= Y_0 1) (<= Y_1 1))".repeat(64)}))`,
      /line 12: expected at most 100000 disjuncts/,
    ],
    [
      "too many disjuncts in an or",
      `${HEAD}(assert (or ${`(and ${"(or (<= Y_0 1) (<= Y_1 1))".repeat(16)})`.repeat(2)}))`,
      /line 12: expected at most 100000 disjuncts .*found 131072/,
    ],
    [
      "shared parts repeated too often",
      `${HEAD}(assert (and ${"(<= Y_0 1)".repeat(1000)}))${or(50_000)}`,
      /expected at most 33554432 numbers and constraints/,
    ],
    [
      "shared bounds looked at too often",
      `${HEAD}${or(300)}(assert (or (<= Y_0 1) (and ${"(<= X_0 1)".repeat(200_000)})))`,
      /expected at most 33554432 numbers and constraints/,
    ],
    [
      "nesting too deep",
      `${HEAD}(assert ${"(and ".repeat(1_000_000)}`,
      /line 12: expected at most 256 parentheses/,
    ],
    ["a text of parentheses", "(".repeat(5_000_000), /line 1: expected at most 256 parentheses/],
    ["a huge word", `${HEAD}(assert (<= Y_0 ${"1".repeat(1_000_000)}x))`, /found "1{40}…"$/],
    ["a huge number", `${HEAD}(assert (<= Y_0 ${"9".repeat(1_000_000)}))`, /found "9{40}…", which/],
    [
      "binary garbage",
      "\u0000\u0001\ud800\u2028\u009b",
      /line 1: .*found "\\u0000\\u0001\\ud800\\u2028\\u009b"/,
    ],
  ])("%s", (_, text, message) => {
    const error = errorOf(text);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^p\.vnnlib: line \d+: expected [ -~…]+, found [ -~…]+$/);
    expect(error.message.length).toBeLessThan(250);
  });
});

describe("damaged files", () => {
  const whole = `${X2}${Y3}${UNIT}(assert (or (and (<= Y_0 (* 2 Y_1)) (not (= Y_1 -1.5e-1)))\n(and (<= X_0 0.5) (> (- Y_2) (/ 1 3)))))\n`;

  /** Whether the text parses; fails on any error but a FormatError of one line. */
  function parses(text: string): boolean {
    try {
      parse(text);
      return true;
    } catch (error) {
      expect(error, text).toBeInstanceOf(FormatError);
      expect((error as Error).message, text).toMatch(/^p\.vnnlib: line \d+: [^\n]+$/);
      return false;
    }
  }

  it("are told at every truncation", () => {
    expect(parses(whole)).toBe(true);
    const lastBut = whole.trimEnd().length;
    for (let length = 0; length < lastBut; length++) parses(whole.slice(0, length));
    expect(parses(whole.slice(0, lastBut - 1))).toBe(false);
  });

  it("parse or are told when bytes are changed, taken out or put in", () => {
    const original = new TextEncoder().encode(whole);
    const change = fc.tuple(fc.nat(original.length - 1), fc.nat(255), fc.constantFrom(0, 1, 2));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = [...original];
        for (const [at, byte, removed] of changes) bytes.splice(at, removed, byte);
        parses(new TextDecoder().decode(Uint8Array.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  it("parse or are told when words are shuffled", () => {
    const words = whole.match(/[()]|[^\s()]+/g)!;
    const word = fc.constantFrom(...new Set(words));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(words.length - 1), word), { maxLength: 4 }), (changes) => {
        const changed = [...words];
        for (const [at, other] of changes) changed[at] = other;
        parses(changed.join(" "));
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.array(word, { maxLength: 40 }), (list) => void parses(list.join(" "))));
  });
});
