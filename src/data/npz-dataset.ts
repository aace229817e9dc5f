import { basename } from "node:path";
import { FormatError } from "../errors.js";
import { type NpyArray, readNpz } from "../formats/npz.js";
import type { Dataset, Split } from "./dataset.js";

/**
 * Reads a data set from an .npz file: `x` [N, ...shape], uint8 (255 times the value) or float32 or float64 in
 * [0, 1], and `y` [N], integers from 0. Float64 pixels are rounded to float32. The number of classes is the
 * scalar `classes`, where the file has it, and else the largest label plus one.
 *
 * Throws FormatError for wrong element types, shapes or counts, for pixels that are NaN or outside [0, 1] and for
 * negative labels.
 */
export async function readNpzDataset(path: string, split: Split): Promise<Dataset> {
  const arrays = await readNpz(path, ["x", "y", "classes"]);
  const x = requireArray(arrays, "x", path);
  const y = requireArray(arrays, "y", path);
  if (x.shape.length < 2 || x.values.length === 0) {
    throw new FormatError(`${path}: x: expected shape [N, ...shape] with N > 0, found [${x.shape}]`);
  }
  const [count, ...shape] = x.shape as [number, ...number[]];
  if (y.shape.length !== 1 || y.shape[0] !== count) {
    throw new FormatError(
      `${path}: y: expected shape [${count}], one label per example of x, found [${y.shape}]`,
    );
  }
  const labels = readLabels(y, path);
  return {
    name: basename(path, ".npz"),
    split,
    shape,
    classes: readClasses(arrays.get("classes"), labels, path),
    count,
    pixels: readPixels(x, path),
    labels,
    source: path,
  };
}

function requireArray(arrays: ReadonlyMap<string, NpyArray>, name: string, path: string): NpyArray {
  const array = arrays.get(name);
  if (!array) {
    const found = [...arrays.keys()].join(", ") || "neither";
    throw new FormatError(`${path}: expected arrays x and y, found ${found}`);
  }
  return array;
}

function readPixels({ type, values, shape }: NpyArray, path: string): Uint8Array | Float32Array {
  if (values instanceof Uint8Array) return values;
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new FormatError(`${path}: x: expected uint8, float32 or float64, found ${type}`);
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0 && value <= 1)) {
      const example = Math.floor(i / (values.length / shape[0]!));
      throw new FormatError(`${path}: x: example ${example}: expected pixels in [0, 1], found ${value}`);
    }
  }
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

const LARGEST_LABEL = 2 ** 31 - 2;

function readLabels({ type, values }: NpyArray, path: string): Int32Array {
  if (type.startsWith("f")) throw new FormatError(`${path}: y: expected integers, found ${type}`);
  const labels = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const label = Number(values[i]);
    if (label < 0 || label > LARGEST_LABEL) {
      throw new FormatError(`${path}: y: example ${i}: expected a label from 0, found ${values[i]}`);
    }
    labels[i] = label;
  }
  return labels;
}

function readClasses(array: NpyArray | undefined, labels: Int32Array, path: string): number {
  const fromLabels = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  if (!array) return fromLabels;
  const classes = Number(array.values[0]);
  if (array.values.length !== 1 || !Number.isInteger(classes) || classes < fromLabels) {
    throw new FormatError(
      `${path}: classes: expected one integer of at least ${fromLabels}, the largest label plus one, found ${array.values.length === 1 ? classes : `shape [${array.shape}]`}`,
    );
  }
  return classes;
}
