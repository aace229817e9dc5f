import type { Conv2dGeometry } from "../../compute/geometry.js";
import type { Tape, Variable } from "../tape.js";
import { sumAllRows } from "./rows.js";

/** W x (+ b): weight `[m, n]`, x `[n, R]`, bias `[m, 1]` → `[m, R]`. */
export function linear(tape: Tape, weight: Variable, x: Variable, bias?: Variable): Variable {
  const { backend } = tape;
  const value = backend.linear(weight.value, x.value, bias?.value ?? null);
  return tape.record(value, bias ? [weight, x, bias] : [weight, x], (g, needs) => [
    needs[0] ? backend.linearWeightGradient(g, x.value) : null,
    needs[1] ? backend.linearTranspose(weight.value, g) : null,
    needs[2] ? sumAllRows(backend, g) : null,
  ]);
}

/** Wᵀ y: weight `[m, n]`, y `[m, R]` → `[n, R]`. */
export function linearTranspose(tape: Tape, weight: Variable, y: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.linearTranspose(weight.value, y.value), [weight, y], (g, needs) => [
    needs[0] ? backend.linearWeightGradient(y.value, g) : null,
    needs[1] ? backend.linear(weight.value, g, null) : null,
  ]);
}

/** Convolution of x `[in, R]` with weight `[outChannels, inChannels/groups·kh·kw]` → `[out, R]`. */
export function conv2d(
  tape: Tape,
  weight: Variable,
  x: Variable,
  bias: Variable | undefined,
  geometry: Conv2dGeometry,
): Variable {
  const { backend } = tape;
  const value = backend.conv2d(weight.value, x.value, bias?.value ?? null, geometry);
  return tape.record(value, bias ? [weight, x, bias] : [weight, x], (g, needs) => {
    let biasGradient = null;
    if (needs[2]) {
      // Channel-major features: one row per channel is only another view.
      const channels = geometry.outChannels;
      const byChannel = backend.reshape(g, channels, (g.features / channels) * g.rows);
      biasGradient = sumAllRows(backend, byChannel);
      byChannel.dispose();
    }
    return [
      needs[0] ? backend.conv2dWeightGradient(g, x.value, geometry) : null,
      needs[1] ? backend.conv2dTranspose(weight.value, g, geometry) : null,
      biasGradient,
    ];
  });
}

/** The transpose of a convolution: y `[out, R]` → `[in, R]`. */
export function conv2dTranspose(
  tape: Tape,
  weight: Variable,
  y: Variable,
  geometry: Conv2dGeometry,
): Variable {
  const { backend } = tape;
  return tape.record(backend.conv2dTranspose(weight.value, y.value, geometry), [weight, y], (g, needs) => [
    needs[0] ? backend.conv2dWeightGradient(y.value, g, geometry) : null,
    needs[1] ? backend.conv2d(weight.value, g, null, geometry) : null,
  ]);
}

/** The transpose of a convolution applied to unit vectors: output features `index` → `[in, index.length]`. */
export function conv2dSelect(
  tape: Tape,
  weight: Variable,
  index: Int32Array,
  geometry: Conv2dGeometry,
): Variable {
  const { backend } = tape;
  return tape.record(backend.conv2dSelect(weight.value, index, geometry), [weight], (g) => [
    backend.conv2dSelectGradient(g, index, geometry),
  ]);
}

/** out[i] = x[index[i]], 0 where the index is −1. */
export function gather(tape: Tape, x: Variable, index: Int32Array): Variable {
  const { backend } = tape;
  const { features } = x.value;
  return tape.record(backend.gather(x.value, index), [x], (g) => [backend.scatterAdd(g, index, features)]);
}

/** out[index[i]] += y[i]; entries −1 are dropped. The transpose of `gather`. */
export function scatterAdd(tape: Tape, y: Variable, index: Int32Array, features: number): Variable {
  const { backend } = tape;
  return tape.record(backend.scatterAdd(y.value, index, features), [y], (g) => [backend.gather(g, index)]);
}

/** x with feature index[i] replaced by y[i]; indices differ. */
export function replace(tape: Tape, x: Variable, index: Int32Array, y: Variable): Variable {
  const { backend } = tape;
  return tape.record(backend.replace(x.value, index, y.value), [x, y], (g, [needsX, needsY]) => {
    if (!needsX) return [null, needsY ? backend.gather(g, index) : null];
    const none = backend.filled(index.length, g.rows, 0);
    const kept = backend.replace(g, index, none);
    none.dispose();
    return [kept, needsY ? backend.gather(g, index) : null];
  });
}

/** Stacks along features. */
export function concat(tape: Tape, parts: readonly Variable[]): Variable {
  const { backend } = tape;
  const sizes = parts.map((part) => part.value.features);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  return tape.record(backend.concat(parts.map((part) => part.value)), parts, (g, needs) =>
    parts.map((_, i) => (needs[i] ? backend.slice(g, starts[i], sizes[i]) : null)),
  );
}

/** Features start … start + count − 1. */
export function slice(tape: Tape, x: Variable, start: number, count: number): Variable {
  const { backend } = tape;
  const { features } = x.value;
  const index = Int32Array.from({ length: count }, (_, i) => start + i);
  return tape.record(backend.slice(x.value, start, count), [x], (g) => [
    backend.scatterAdd(g, index, features),
  ]);
}
