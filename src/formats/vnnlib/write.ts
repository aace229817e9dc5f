import { expectList, expectNumbers, expectRecord, FormatError } from "../../errors.js";
import { emptyInput, isSameBox } from "./input-box.js";
import { formatNumber } from "./number.js";
import type { InputBox, InputTerm, OutputConstraint, Property, PropertyCase } from "./property.js";

/**
 * A property as a VNN-LIB 1.0 file: the box as plain assertions where all cases share it, else repeated in each
 * disjunct. `parseVnnlib` gives back the same property, up to the order of terms, −0 for 0, and that a file's numbers are
 * decimals. Lines of `comment` come first. Throws a FormatError for a property that no file can say: no case, a box without
 * points, NaN, an infinity, or a variable out of range.
 */
export function formatVnnlib(property: Property, comment?: string): string {
  checkProperty(property);
  const lines = comment === undefined ? [] : comment.split(/\r\n|\r|\n/).map((line) => `; ${line}`.trimEnd());
  for (let i = 0; i < property.inputs; i++) lines.push(`(declare-const X_${i} Real)`);
  for (let i = 0; i < property.outputs; i++) lines.push(`(declare-const Y_${i} Real)`);
  for (const formula of formulas(property.cases)) lines.push(`(assert ${formula})`);
  return `${lines.join("\n")}\n`;
}

/**
 * An input and the network's output for it in the form in which VNN-COMP takes counterexamples,
 * "((X_0 0.1)\n(X_1 0.2)\n(Y_0 1.5))". Numbers parse back exactly. Throws a FormatError for NaN and infinities.
 */
export function formatCounterexample(input: ArrayLike<number>, output: ArrayLike<number>): string {
  return `(${[...assignments("X", input), ...assignments("Y", output)].join("\n")})`;
}

function assignments(letter: "X" | "Y", values: ArrayLike<number>): string[] {
  return Array.from(values, (value, i) => {
    const name = `${letter}_${i}`;
    return `(${name} ${formatNumber(value, name)})`;
  });
}

/** The formulas whose conjunction is the property. */
function formulas(cases: readonly PropertyCase[]): string[] {
  const [first, ...others] = cases as [PropertyCase, ...PropertyCase[]];
  if (others.length === 0) return [...bounds(first.box), ...first.constraints.map(comparison)];
  // A disjunct without constraints needs its box to have something to say: (and) alone is no formula.
  const isShared =
    cases.every(({ constraints }) => constraints.length > 0) &&
    others.every(({ box }) => isSameBox(box, first.box));
  const disjuncts = cases.map(({ box, constraints }) => {
    const parts = [...(isShared ? [] : bounds(box)), ...constraints.map(comparison)];
    return `  (and ${parts.join(" ")})`;
  });
  return [...(isShared ? bounds(first.box) : []), `(or\n${disjuncts.join("\n")}\n)`];
}

function bounds({ lower, upper, lowerStrict, upperStrict }: InputBox): string[] {
  return Array.from(lower, (value, i) => {
    const name = `X_${i}`;
    return [
      `(${lowerStrict?.[i] ? ">" : ">="} ${name} ${formatNumber(value, name)})`,
      `(${upperStrict?.[i] ? "<" : "<="} ${name} ${formatNumber(upper[i]!, name)})`,
    ];
  }).flat();
}

function comparison({ terms, inputs = [], bound, strict }: OutputConstraint): string {
  if (inputs.length > 0) return weighted(terms, inputs, bound, strict);
  const [first, second, ...others] = terms;
  const less = strict ? "<" : "<=";
  if (first && !second && first.coefficient === 1) {
    return `(${less} Y_${first.output} ${formatNumber(bound, "bound")})`;
  }
  if (first && !second && first.coefficient === -1) {
    return `(${strict ? ">" : ">="} Y_${first.output} ${formatNumber(0 - bound, "bound")})`;
  }
  if (first && second && others.length === 0 && bound === 0) {
    if (first.coefficient === 1 && second.coefficient === -1) {
      return `(${less} Y_${first.output} Y_${second.output})`;
    }
    if (first.coefficient === -1 && second.coefficient === 1) {
      return `(${less} Y_${second.output} Y_${first.output})`;
    }
  }
  return weighted(terms, inputs, bound, strict);
}

function weighted(
  terms: OutputConstraint["terms"],
  inputs: readonly InputTerm[],
  bound: number,
  strict: boolean,
): string {
  const product = (name: string, coefficient: number) =>
    `(* ${formatNumber(coefficient, `coefficient of ${name}`)} ${name})`;
  const products = [
    ...terms.map(({ output, coefficient }) => product(`Y_${output}`, coefficient)),
    ...inputs.map(({ input, coefficient }) => product(`X_${input}`, coefficient)),
  ];
  return `(${strict ? "<" : "<="} (+ ${products.join(" ")}) ${formatNumber(bound, "bound")})`;
}

function checkProperty(property: Property): void {
  expectRecord("formatVnnlib: property", property);
  const { inputs, outputs, cases } = property;
  expectList("formatVnnlib: cases of the property", cases);
  if (!(inputs > 0 && outputs > 0 && cases.length > 0)) {
    throw new FormatError(
      `property: expected inputs, outputs and cases, found ${inputs}, ${outputs} and ${cases.length}`,
    );
  }
  for (const [i, own] of Array.from(cases).entries()) {
    const { lower, upper } = checkCase(own, i);
    const { box, constraints } = own;
    if (lower.length !== inputs || upper.length !== inputs) {
      throw new FormatError(
        `case ${i} of a property: expected bounds of ${inputs} inputs, found ${lower.length} and ${upper.length}`,
      );
    }
    const empty = emptyInput(box);
    if (empty !== null) {
      throw new FormatError(
        `case ${i} of a property: expected a box with points, found X_${empty} from ${lower[empty]} to ${upper[empty]}`,
      );
    }
    for (const constraint of constraints) checkTerms(constraint, property, i);
  }
}

/** For callers in plain JavaScript. */
function checkCase(own: PropertyCase, i: number): InputBox {
  const where = `formatVnnlib: case ${i}`;
  expectRecord(where, own);
  expectRecord(`${where}: box`, own.box);
  expectNumbers(`${where}: lower bounds`, own.box.lower);
  expectNumbers(`${where}: upper bounds`, own.box.upper);
  expectList(`${where}: constraints`, own.constraints);
  for (const constraint of own.constraints) {
    expectRecord(`${where}: constraint`, constraint);
    const { terms, inputs = [] } = constraint;
    for (const part of [terms, inputs]) {
      expectList(`${where}: terms of a constraint`, part);
      for (const term of part) expectRecord(`${where}: term`, term);
    }
  }
  return own.box;
}

function checkTerms(
  { terms, inputs: ofInputs = [] }: OutputConstraint,
  { inputs, outputs }: Property,
  i: number,
): void {
  if (terms.length + ofInputs.length === 0) {
    throw new FormatError(
      `case ${i} of a property: expected a constraint of outputs, found one without terms`,
    );
  }
  const beyond = ofInputs.find(({ input }) => !(Number.isInteger(input) && input >= 0 && input < inputs));
  if (beyond) {
    throw new FormatError(
      `case ${i} of a property: expected inputs X_0 to X_${inputs - 1}, found X_${beyond.input}`,
    );
  }
  const outside = terms.find(({ output }) => !(Number.isInteger(output) && output >= 0 && output < outputs));
  if (outside) {
    throw new FormatError(
      `case ${i} of a property: expected outputs Y_0 to Y_${outputs - 1}, found Y_${outside.output}`,
    );
  }
}
