import { basename } from "node:path";
import { FormatError } from "../errors.js";
import { type NpyArray, npzNames, readNpz } from "../formats/npz.js";
import { shapedNumbers, spreadOverFeatures } from "./by-feature.js";
import { checkClassNames, numberNames, shortList } from "./class-names.js";
import type { Dataset, Split } from "./dataset.js";
import { arranged, type ReadingOptions } from "./reading.js";

/**
 * Reads a data set from an .npz file: `x` [N, ...shape], uint8 (255 times the value) or finite float32 or float64, and `y` [N],
 * integers from 0 or texts. Float64 values are rounded to float32; examples [height, width] are images of one channel. The
 * number of classes is the scalar `classes`, where the file has it, and else the largest label plus one. Texts are names of
 * classes, which are numbered in sorted order, or in that of `classes` where it is a list of texts. `lower` and `upper` are
 * bounds that examples keep: one number, one a channel, or one a feature; in the units that networks take, widened to numbers of
 * single precision.
 *
 * Throws FormatError for missing arrays, wrong element types, shapes or counts, for values that are NaN or infinite and for
 * negative labels, and for bounds that no example can keep.
 */
export async function readNpzDataset(
  path: string,
  split: Split,
  options: ReadingOptions = {},
): Promise<Dataset> {
  const arrays = await readNpz(path, ["x", "y", "classes", "lower", "upper"]);
  const [x, y] = await requireArrays(arrays, path);
  if (x.shape.length < 2 || x.shape.includes(0)) {
    throw new FormatError(`${path}: x: expected shape [N, ...shape] with N > 0, found [${x.shape}]`);
  }
  const [count, ...own] = x.shape as [number, ...number[]];
  if (y.shape.length !== 1 || y.shape[0] !== count) {
    throw new FormatError(
      `${path}: y: expected shape [${count}], one label per example of x, found [${y.shape}]`,
    );
  }
  const { shape, pixels } = arranged(path, { shape: own, pixels: readPixels(x, path) }, options);
  return {
    name: basename(path).replace(/\.npz$/i, ""),
    split,
    shape,
    ...readClasses(arrays.get("classes"), y, path),
    ...readBox(arrays, path, { shape, options, areBytes: x.type === "u1" }),
    count,
    pixels,
    source: path,
  };
}

async function requireArrays(
  arrays: ReadonlyMap<string, NpyArray>,
  path: string,
): Promise<[x: NpyArray, y: NpyArray]> {
  const [x, y] = [arrays.get("x"), arrays.get("y")];
  if (x && y) return [x, y];
  const names = await npzNames(path);
  const others = names.filter((name) => name !== "x" && name !== "y");
  const found = x ? "x" : y ? "y" : "neither";
  const beside =
    others.length === 0 ? "no others" : `${shortList(others)}; np.savez(FILE, x=…, y=…) names them`;
  throw new FormatError(`${path}: expected arrays x and y, found ${found}, and beside it ${beside}`);
}

function readPixels({ type, values, shape }: NpyArray, path: string): Uint8Array | Float32Array {
  if (type === "u1") return values as Uint8Array;
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new FormatError(
      `${path}: x: expected uint8, float32 or float64, found ${type}; astype("uint8") is for pixels from 0 to 255, ` +
        `astype("float32") for values as they are`,
    );
  }
  const single = values instanceof Float32Array ? values : Float32Array.from(values);
  const bad = single.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const example = Math.floor(bad / (values.length / shape[0]!));
    throw new FormatError(
      `${path}: x: example ${example}: expected finite numbers of single precision, found ${values[bad]}`,
    );
  }
  return single;
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

interface BoxedExamples {
  readonly shape: readonly number[];
  readonly options: ReadingOptions;
  /** Whether pixels are bytes, which are divided by 255. */
  readonly areBytes: boolean;
}

/** The bounds that a file has for its examples. */
function readBox(
  arrays: ReadonlyMap<string, NpyArray>,
  path: string,
  { shape, options, areBytes }: BoxedExamples,
): Pick<Dataset, "box"> {
  const [lower, upper] = (["lower", "upper"] as const).map((name) => {
    const array = arrays.get(name);
    if (!array) return null;
    const where = `${path}: ${name}`;
    if (areBytes && !array.type.startsWith("f")) {
      throw new FormatError(
        `${where}: expected floats, as x of bytes is divided by 255, found ${array.type}; astype("float64") / 255`,
      );
    }
    return spreadOverFeatures(shapedNumbers(array, where), shape, where, options);
  });
  if (!lower && !upper) return {};
  if (!lower || !upper) {
    const [found, missing] = lower ? ["lower", "upper"] : ["upper", "lower"];
    throw new FormatError(
      `${path}: expected arrays lower and upper, or neither, found ${found} without ${missing}`,
    );
  }
  const bad = lower.findIndex((low, f) => !(low <= upper[f]! && isSingle(low) && isSingle(upper[f]!)));
  const beyond = areBytes ? [...lower, ...upper].find((value) => value > 1) : undefined;
  if (beyond !== undefined) {
    throw new FormatError(
      `${path}: lower and upper: expected at most 1 beside x of bytes, which is divided by 255, found ${beyond}; divide both by 255`,
    );
  }
  if (bad >= 0) {
    throw new FormatError(
      `${path}: feature ${bad}: expected finite lower of at most upper, found ${lower[bad]} and ${upper[bad]}`,
    );
  }
  // As x is rounded to single precision, so that no example leaves them by that.
  return { box: { lower: lower.map((low) => -singleAbove(-low)), upper: upper.map(singleAbove) } };
}

function isSingle(x: number): boolean {
  return Number.isFinite(Math.fround(x));
}

/** The smallest number of single precision that is not below x. */
function singleAbove(x: number): number {
  const near = Math.fround(x);
  if (near >= x) return near;
  const bits = new Int32Array(Float32Array.of(near).buffer);
  if (near === 0) bits[0] = 1;
  else bits[0]! += near > 0 ? 1 : -1;
  return new Float32Array(bits.buffer)[0]!;
}

/** Labels, classes, and the names of classes where the file has them. */
function readClasses(
  array: NpyArray | undefined,
  y: NpyArray,
  path: string,
): Pick<Dataset, "labels" | "classes" | "classNames"> {
  const order = array?.texts;
  if (order) checkClassNames(`${path}: classes`, order);
  if (y.texts) {
    const named = numberNames(`${path}: y`, y.texts, { order });
    return { ...named, classes: named.classNames.length };
  }
  const labels = readLabels(y, path);
  const fromLabels = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  if (order && order.length >= fromLabels) return { labels, classes: order.length, classNames: order };
  return { labels, classes: array ? countOf(array, fromLabels, path) : fromLabels };
}

function countOf({ values, texts, shape }: NpyArray, fromLabels: number, path: string): number {
  const classes = Number(values[0]);
  if (values.length === 1 && Number.isInteger(classes) && classes >= fromLabels) return classes;
  const found = texts ? `${texts.length} names` : values.length === 1 ? classes : `shape [${shape}]`;
  throw new FormatError(
    `${path}: classes: expected one integer of at least ${fromLabels}, the largest label plus one, or as many names, found ${found}`,
  );
}
