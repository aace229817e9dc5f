import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.js";
import { parseVnnlib } from "../../src/formats/vnnlib/parse.js";
import type { Property } from "../../src/formats/vnnlib/property.js";

/** Two inputs and two outputs. */
interface Point {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A text of the file together with what it means, told without the parser. */
interface Expression<T> {
  readonly text: string;
  readonly at: (point: Point) => T;
}

const small = fc.integer({ min: -4, max: 4 });

const constant: fc.Arbitrary<Expression<number>> = fc
  .tuple(small, fc.constantFrom("plain", "minus", "fraction"))
  .map(([value, style]) => {
    const texts = { plain: `${value}`, minus: `(- ${-value})`, fraction: `(/ ${2 * value} 2.0)` };
    return { text: texts[style as keyof typeof texts], at: () => value };
  });

function variable(letter: "X" | "Y"): fc.Arbitrary<Expression<number>> {
  return fc.nat(1).map((index) => ({
    text: `${letter}_${index}`,
    at: ({ x, y }) => (letter === "X" ? x : y)[index]!,
  }));
}

const outputSum: fc.Arbitrary<Expression<number>> = fc.letrec<{ sum: Expression<number> }>((tie) => ({
  sum: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    variable("Y"),
    constant,
    fc
      .tuple(tie("sum"), tie("sum"))
      .map(([a, b]) => ({ text: `(+ ${a.text} ${b.text})`, at: (p: Point) => a.at(p) + b.at(p) })),
    fc
      .tuple(tie("sum"), tie("sum"))
      .map(([a, b]) => ({ text: `(- ${a.text} ${b.text})`, at: (p: Point) => a.at(p) - b.at(p) })),
    tie("sum").map((a) => ({ text: `(- ${a.text})`, at: (p: Point) => -a.at(p) })),
    fc
      .tuple(small, tie("sum"))
      .map(([c, a]) => ({ text: `(* ${c} ${a.text})`, at: (p: Point) => c * a.at(p) })),
  ),
})).sum;

/** One input times ±1 or ±2, so that bounds are multiples of a half. */
const inputSide: fc.Arbitrary<Expression<number>> = fc
  .tuple(variable("X"), fc.constantFrom(1, -1, 2, -2))
  .map(([v, c]) => ({ text: `(* ${v.text} ${c})`, at: (point) => c * v.at(point) }));

const OPERATORS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<=": (a, b) => a <= b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  ">": (a, b) => a > b,
  "=": (a, b) => a === b,
};

function comparison(side: fc.Arbitrary<Expression<number>>, other: fc.Arbitrary<Expression<number>>) {
  return fc
    .tuple(fc.constantFrom(...Object.keys(OPERATORS)), side, other, fc.boolean())
    .map(([operator, one, two, isSwapped]): Expression<boolean> => {
      const [a, b] = isSwapped ? [two, one] : [one, two];
      return {
        text: `(${operator} ${a.text} ${b.text})`,
        at: (p: Point) => OPERATORS[operator]!(a.at(p), b.at(p)),
      };
    });
}

const formula: fc.Arbitrary<Expression<boolean>> = fc.letrec<{ formula: Expression<boolean> }>((tie) => {
  const some = fc.array(tie("formula"), { minLength: 1, maxLength: 3 });
  return {
    formula: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      comparison(outputSum, outputSum),
      comparison(inputSide, constant),
      comparison(constant, constant),
      some.map((all) => ({
        text: `(and ${all.map(({ text }) => text).join(" ")})`,
        at: (p: Point) => all.every((one) => one.at(p)),
      })),
      some.map((all) => ({
        text: `(or ${all.map(({ text }) => text).join(" ")})`,
        at: (p: Point) => all.some((one) => one.at(p)),
      })),
      tie("formula").map((one) => ({ text: `(not ${one.text})`, at: (p: Point) => !one.at(p) })),
    ),
  };
}).formula;

/** Inputs lie on the multiples of a half, at which bounds are, and between them; outputs on them. */
const point: fc.Arbitrary<Point> = fc.record({
  x: fc
    .tuple(fc.integer({ min: -18, max: 18 }), fc.integer({ min: -18, max: 18 }))
    .map((x) => x.map((v) => v / 4)),
  y: fc
    .tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -8, max: 8 }))
    .map((y) => y.map((v) => v / 2)),
});

function isCounterexample({ cases }: Property, { x, y }: Point): boolean {
  return cases.some(
    ({ box, constraints }) =>
      x.every(
        (value, i) =>
          (box.lowerStrict?.[i] ? box.lower[i]! < value : box.lower[i]! <= value) &&
          (box.upperStrict?.[i] ? value < box.upper[i]! : value <= box.upper[i]!),
      ) &&
      constraints.every(({ terms, bound, strict }) => {
        const sum = terms.reduce((total, { output, coefficient }) => total + coefficient * y[output]!, 0);
        return strict ? sum < bound : sum <= bound;
      }),
  );
}

const HEAD = `${["X_0", "X_1", "Y_0", "Y_1"].map((name) => `(declare-const ${name} Real)`).join("\n")}
(assert (and (<= -4 X_0) (<= X_0 4) (<= -4 X_1) (<= X_1 4)))\n`;

describe("a parsed property", () => {
  it("has the counterexamples that the assertions say", () => {
    const seen = { true: 0, false: 0, refused: 0 };
    fc.assert(
      fc.property(
        fc.array(formula, { minLength: 1, maxLength: 3 }),
        fc.array(point, { minLength: 20, maxLength: 20 }),
        (assertions, points) => {
          const text = HEAD + assertions.map((one) => `(assert ${one.text})\n`).join("");
          const isIn = (p: Point) =>
            p.x.every((v) => Math.abs(v) <= 4) && assertions.every((one) => one.at(p));
          let property: Property;
          try {
            property = parseVnnlib(text, "p");
          } catch (error) {
            // Either the assertions multiply to too much, or nothing meets one of them.
            expect(error).toBeInstanceOf(FormatError);
            const { message } = error as FormatError;
            if (!message.includes("at most 100000 disjuncts")) {
              expect(message).toMatch(/always false/);
              for (const p of points) expect(isIn(p), text).toBe(false);
            }
            seen.refused++;
            return;
          }
          for (const p of points) {
            expect(isCounterexample(property, p), `${text} at ${JSON.stringify(p)}`).toBe(isIn(p));
            seen[isIn(p) ? "true" : "false"]++;
          }
        },
      ),
      { numRuns: 3000 },
    );
    // The test says something only if it met both answers often.
    expect(Math.min(seen.true, seen.false), JSON.stringify(seen)).toBeGreaterThan(1000);
  });

  it("has not the boundary of an open box", () => {
    const property = parseVnnlib(`${HEAD}(assert (and (< X_0 1) (not (<= X_1 -2))))`, "p");
    const isIn = (...x: number[]) => isCounterexample(property, { x, y: [0, 0] });
    expect([isIn(1, 0), isIn(0, -2), isIn(0.9999999, -1.9999999)]).toEqual([false, false, true]);
  });
});
