import { enclosureOf } from "../formats/vnnlib/input-box.js";
import type { InputBox, OutputConstraint } from "../formats/vnnlib/property.js";
import { differenceUp, nextDown, nextUp, sumUp } from "../threat/outward.js";

const SWEEPS = 3;
/** Less than this of an input's width is not worth a box of its own. */
const LEAST_GAIN = 2 ** -20;

/**
 * A box without what relations among inputs, Σ a·x ≤ c, rule out one by one: a_j x_j ≤ c − Σ the least of the other terms, rounded
 * outward. It has all points of the box that meet them; where an input has no number left, no point does. The same box where little is
 * gained.
 */
export function narrowedBox(box: InputBox, rows: readonly OutputConstraint[], decimal: boolean): InputBox {
  const relations = rows.filter(({ terms, inputs }) => terms.length === 0 && inputs !== undefined);
  if (relations.length === 0) return box;
  const ends = enclosureOf(box, decimal);
  const [lower, upper] = [ends.lower.slice(), ends.upper.slice()];
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const { inputs = [], bound } of relations) {
      const least = inputs.map(({ input, coefficient }) =>
        productDown(coefficient, coefficient > 0 ? lower[input] : upper[input]),
      );
      const total = least.reduce((sum, value) => -sumUp(-sum, -value), 0);
      const room = differenceUp(bound, total);
      if (!Number.isFinite(room)) continue;
      for (const [i, { input, coefficient }] of inputs.entries()) {
        if (coefficient === 0) continue;
        const limit = sumUp(room, least[i]) / coefficient;
        // Beyond rounding, and beyond what a decimal may differ from its double.
        if (coefficient > 0) upper[input] = Math.min(upper[input], nextUp(nextUp(limit)));
        else lower[input] = Math.max(lower[input], nextDown(nextDown(limit)));
      }
    }
  }
  const width = (f: number) => LEAST_GAIN * (ends.upper[f] - ends.lower[f]);
  const isLower = Array.from(lower, (value, f) => value > ends.lower[f] + width(f));
  const isUpper = Array.from(upper, (value, f) => value < ends.upper[f] - width(f));
  if (!isLower.includes(true) && !isUpper.includes(true)) return box;
  const { lowerStrict, upperStrict } = box;
  return {
    lower: lower.map((value, f) => (isLower[f] ? value : box.lower[f])),
    upper: upper.map((value, f) => (isUpper[f] ? value : box.upper[f])),
    ...(lowerStrict && { lowerStrict: lowerStrict.map((own, f) => own && !isLower[f]) }),
    ...(upperStrict && { upperStrict: upperStrict.map((own, f) => own && !isUpper[f]) }),
  };
}

function productDown(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : nextDown(a * b);
}
