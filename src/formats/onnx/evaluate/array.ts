import { ShapeError } from "../../../errors.js";

/** A tensor: values in C order as doubles; `type` decides integer arithmetic (Div truncates, as in ONNX). */
export interface NdArray {
  readonly type: "float" | "int" | "bool";
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** More elements than this point to a broken file rather than to a network. */
const MOST_ELEMENTS = 2 ** 28;

/** The same for what is made of less: it costs a file nothing to ask for it. No value of a network may be larger. */
const MOST_GROWN = 2 ** 22;

/** How many elements something may have that is made of arrays of these sizes by repeating or padding. */
export function mostGrown(...sizes: readonly number[]): number {
  return Math.max(MOST_GROWN, ...sizes);
}

export function formatExtents(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** How many elements an array of that shape has; a `ShapeError` if it is none that an array can have. */
export function checkedCount(shape: readonly number[], label: string, most = MOST_ELEMENTS): number {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new ShapeError(`${label}: a result of shape ${formatExtents(shape)} is not possible`);
  }
  const count = elementCount(shape);
  if (count > most) {
    throw new ShapeError(`${label}: a result of shape ${formatExtents(shape)} is too large`);
  }
  return count;
}

/** An array of zeros. */
export function zeros(
  type: NdArray["type"],
  shape: readonly number[],
  label: string,
  most = MOST_ELEMENTS,
): NdArray {
  return { type, shape, values: new Float64Array(checkedCount(shape, label, most)) };
}

/** The same values under another shape; a `ShapeError` if it does not have as many. */
export function reshaped(array: NdArray, shape: readonly number[], label: string): NdArray {
  if (checkedCount(shape, label) !== array.values.length) {
    throw new ShapeError(
      `${label}: cannot turn shape ${formatExtents(array.shape)} into ${formatExtents(shape)}`,
    );
  }
  return { ...array, shape };
}

/** Integers as a vector. */
export function intVector(values: readonly number[]): NdArray {
  return { type: "int", shape: [values.length], values: Float64Array.from(values) };
}

/** How far apart neighbours along each axis lie. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}
