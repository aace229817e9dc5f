import { type Arithmetic, IEEE } from "../../compute/arithmetic.js";

/** A node at several inputs, each `[features, inputs]`. */
export interface NodeValues {
  /** v̂, in double precision. */
  readonly value: Float64Array;
  /** Σⱼ |wᵢⱼ v̂ⱼ| + |bᵢ| of the last sum, at least |v̂|: what its roundings are relative to. */
  readonly size: Float64Array;
  /** For each format E ≥ |ṽ − v̂|, whichever way ṽ is evaluated; infinite where it may overflow. */
  readonly errors: readonly Float64Array[];
}

/** The input: numbers that single precision holds are rounded in no format. Those beyond a format's largest may become anything. */
export function atInput(inputs: readonly Float64Array[], formats: readonly Arithmetic[]): NodeValues {
  const [rows, features] = [inputs.length, inputs[0].length];
  const value = new Float64Array(features * rows);
  for (const [row, input] of inputs.entries()) {
    for (let f = 0; f < features; f++) value[f * rows + row] = input[f];
  }
  const errors = formats.map(({ roundoff, underflow, flushed, largest }) =>
    value.map((x) => {
      if (Math.abs(x) > largest) return Number.POSITIVE_INFINITY;
      const flush = Math.abs(x) < flushed ? flushed : 0;
      const isHeld = roundoff <= IEEE.float64.roundoff || Math.fround(x) === x;
      return isHeld ? flush : flush + roundoff * Math.abs(x) + underflow;
    }),
  );
  return { value, size: value.map(Math.abs), errors };
}

/** The features of all nodes one behind the other. */
export function stacked(nodes: readonly NodeValues[]): NodeValues {
  if (nodes.length === 1) return nodes[0];
  const joined = (parts: readonly Float64Array[]): Float64Array => {
    const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  };
  return {
    value: joined(nodes.map(({ value }) => value)),
    size: joined(nodes.map(({ size }) => size)),
    errors: nodes[0].errors.map((_, format) => joined(nodes.map(({ errors }) => errors[format]))),
  };
}

/** An error that may be relied on: infinite where nothing is known. */
export function known(error: number): number {
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}
