import { FormatError } from "../errors.js";
import type { NpyArray } from "../formats/npz.js";
import { featureCount } from "./dataset.js";
import { arranged, type ReadingOptions } from "./reading.js";

/** Numbers out of a file, row-major. */
export interface ShapedNumbers {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** An array's numbers in double precision. Throws a `FormatError` that begins with `where` for texts. */
export function shapedNumbers({ type, shape, values }: NpyArray, where: string): ShapedNumbers {
  if (type === "text") throw new FormatError(`${where}: expected numbers, found texts`);
  return { shape, values: Float64Array.from(values as Iterable<number | bigint>, Number) };
}

/**
 * A number for each input feature, `[features]`: one for all, one for each channel of images, or one for each feature, as its file has it, in the shape of an
 * example or as a list. `shape` is that of an example as networks take it. Throws a `FormatError` that begins with `where`.
 */
export function spreadOverFeatures(
  { values, shape: own }: ShapedNumbers,
  shape: readonly number[],
  where: string,
  { layout }: ReadingOptions = {},
): Float64Array {
  const features = featureCount(shape);
  const channels = shape.length === 3 ? shape[0]! : 1;
  if (values.length === 1) return new Float64Array(features).fill(values[0]!);
  const isList = withoutOnes(own).length <= 1;
  const inFile = layout === "nhwc" && shape.length === 3 ? [...shape.slice(1), channels] : shape;
  const turned = () => arranged(where, { shape: inFile, pixels: values }, { layout }).pixels;
  // A list of all features stands in the order of the file's examples too.
  if (isList && values.length === features) return turned();
  if (isList && values.length === channels) {
    return Float64Array.from({ length: features }, (_, f) => values[Math.floor((f * channels) / features)]!);
  }
  if (withoutOnes(own).join() === withoutOnes(inFile).join()) return turned();
  const perChannel = channels > 1 ? `${channels} (one a channel) or ` : "";
  throw new FormatError(
    `${where}: expected one number, ${perChannel}${features} in the shape of an example [${inFile.join(", ")}], ` +
      `found ${values.length} of shape [${own.join(", ")}]`,
  );
}

function withoutOnes(shape: readonly number[]): number[] {
  return shape.filter((size) => size !== 1);
}
