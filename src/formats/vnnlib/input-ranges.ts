import type { InputBound } from "./comparison.js";
import type { InputBox, PropertyCase } from "./property.js";
import { compare } from "./rational.js";

/** Of each input the tightest bounds so far, compared exactly: two bounds that share a double are two bounds. */
export class InputRanges {
  readonly #lower: (InputBound | undefined)[];
  readonly #upper: (InputBound | undefined)[];

  constructor(inputs: number) {
    this.#lower = new Array<InputBound | undefined>(inputs).fill(undefined);
    this.#upper = this.#lower.slice();
  }

  copy(): InputRanges {
    const copy = new InputRanges(0);
    for (const bound of this.#lower) copy.#lower.push(bound);
    for (const bound of this.#upper) copy.#upper.push(bound);
    return copy;
  }

  isNarrowedBy(bound: InputBound): boolean {
    const present = this.#side(bound.side)[bound.input];
    if (!present) return true;
    const isLower = bound.side === "lower";
    if (bound.value !== present.value) return isLower === bound.value > present.value;
    // Closed bounds are their doubles' decimals, so that equal doubles are equal bounds.
    if (!bound.isOpen && !present.isOpen) return false;
    const order = compare(bound.exact, present.exact);
    return order === 0 ? bound.strict && !present.strict : isLower === order > 0;
  }

  narrow(bound: InputBound): void {
    this.#side(bound.side)[bound.input] = bound;
  }

  /** Whether no real number lies between the bounds of an input. */
  isEmptyAt(input: number): boolean {
    const [lower, upper] = [this.#lower[input], this.#upper[input]];
    if (!lower || !upper) return false;
    const order = compare(lower.exact, upper.exact);
    return order > 0 || (order === 0 && (lower.strict || upper.strict));
  }

  missingAt(input: number): "lower" | "upper" | null {
    return this.#lower[input] ? (this.#upper[input] ? null : "upper") : "lower";
  }

  /** Of bounds that are all there. */
  box(): InputBox {
    const [lower, upper] = [this.#lower as InputBound[], this.#upper as InputBound[]];
    return {
      lower: Float64Array.from(lower, ({ value }) => value),
      upper: Float64Array.from(upper, ({ value }) => value),
      ...(lower.some(({ isOpen }) => isOpen) && { lowerStrict: lower.map(({ isOpen }) => isOpen) }),
      ...(upper.some(({ isOpen }) => isOpen) && { upperStrict: upper.map(({ isOpen }) => isOpen) }),
    };
  }

  /** The double of a bound of an input that has one; else 0. */
  valueAt(input: number): number {
    return (this.#lower[input] ?? this.#upper[input])?.value ?? 0;
  }

  #side(side: InputBound["side"]): (InputBound | undefined)[] {
    return side === "lower" ? this.#lower : this.#upper;
  }
}

/** A case without points, as no number lies within the bounds of `input`: above and below the same number. */
export function emptyCase(ranges: InputRanges, inputs: number, input: number): PropertyCase {
  const value = Float64Array.from({ length: inputs }, (_, i) => ranges.valueAt(i));
  const strict = Array.from(value, (_, i) => i === input);
  return { box: { lower: value, upper: value, lowerStrict: strict, upperStrict: strict }, constraints: [] };
}
