import { type Activation, activationDefinition } from "../../activations/index.js";
import { type Arithmetic, IEEE } from "../../compute/arithmetic.js";
import type { MaxPoolLayer } from "../layers/max-pool.js";
import { eachTap, windowGeometry } from "../layers/window.js";
import { type Shape, sizeOf } from "../shape.js";
import { known, type NodeValues } from "./node-values.js";

/** z ± E, σ of it and differences are doubles that are rounded: by this fraction of all that is in them. */
const SLACK = 2 ** -49;

/**
 * An activation with its roundings. It never decreases, so a value within E of v̂ has an image within the larger of
 * σ(v̂ + E) − σ(v̂) and σ(v̂) − σ(v̂ − E); beside that what computing it may be off by.
 */
export function afterActivation(
  activation: Activation,
  { value, size, errors }: NodeValues,
  formats: readonly Arithmetic[],
): NodeValues {
  const sigma = activationDefinition(activation).scalar(activation);
  const images = value.map((z) => sigma.value(z));
  return {
    value: images,
    size: size.map((before, i) => Math.max(before, Math.abs(images[i]))),
    errors: errors.map((before, f) => {
      const ownError = ownErrorOf(activation, formats[f]);
      return before.map((error, i) => {
        const [z, image] = [value[i], images[i]];
        // What overflowed may have become anything.
        if (error === Number.POSITIVE_INFINITY) return error;
        const reach = error * (1 + SLACK) + (error > 0 ? SLACK * Math.abs(z) : 0);
        const change = Math.max(sigma.value(z + reach) - image, image - sigma.value(z - reach));
        const further = ownError(Math.abs(image) + change);
        if (change === 0 && further === 0) return 0;
        return known((change + further) * (1 + SLACK) + SLACK * Math.abs(image));
      });
    }),
  };
}

/** How far an evaluation's σ(z) may be off, by the largest magnitude that it may have. */
function ownErrorOf(activation: Activation, format: Arithmetic): (magnitude: number) => number {
  const { roundoff, underflow, flushed, functions } = format;
  const lost = underflow + flushed;
  switch (activationDefinition(activation).rounding) {
    case "exact":
      return () => flushed;
    case "relative":
      // The constant, and the product with it.
      return (magnitude) => 3 * roundoff * magnitude + 2 * lost;
    case "approximate":
      return () => functions + IEEE.float64.functions;
  }
}

/** A maximum moves no further than its entries do, and is one of them. */
export function afterMaxPool(
  layer: MaxPoolLayer,
  input: Shape,
  output: Shape,
  before: NodeValues,
  rows: number,
): NodeValues {
  const largest = (entries: Float64Array, start: number): Float64Array => {
    const result = new Float64Array(sizeOf(output) * rows).fill(start);
    eachTap(windowGeometry(layer, input, output), (_, count, first, feature, step) => {
      for (let i = 0; i < count; i++) {
        const [to, from] = [(first + i) * rows, (feature + i * step) * rows];
        for (let row = 0; row < rows; row++) {
          result[to + row] = Math.max(result[to + row], entries[from + row]);
        }
      }
    });
    return result;
  };
  return {
    value: largest(before.value, Number.NEGATIVE_INFINITY),
    size: largest(before.size, 0),
    errors: before.errors.map((errors) => largest(errors, 0)),
  };
}
