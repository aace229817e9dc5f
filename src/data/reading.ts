import type { Stop } from "../compute/deadline.js";
import { FormatError, UsageError } from "../errors.js";

/** Where the channels of images stand in a file: first, as networks take them, or last. */
export type DataLayout = "nchw" | "nhwc";
export const DATA_LAYOUTS: readonly DataLayout[] = ["nchw", "nhwc"];

/** How the files of a data set are read, where they do not tell it themselves. */
export interface ReadingOptions {
  /** `nhwc`: images [height, width, channels] of an .npz file are turned into [channels, height, width]. */
  readonly layout?: DataLayout | undefined;
  /** The column of a table that holds the labels, by its name in the header; the last one unless told. */
  readonly label?: string | undefined;
}

/** How files are read, and what ends it. */
export interface ReadingInTime extends ReadingOptions {
  /**
   * Ends the reading between two parts of it, by its reason: rows of a table, images of a folder, files of others. One file of arrays is
   * one part.
   */
  readonly stop?: Stop | undefined;
}

/** Throws a `UsageError` unless the options are such as `loadDataset` takes. */
export function checkReading({ layout, label }: ReadingOptions): void {
  if (layout !== undefined && !DATA_LAYOUTS.includes(layout)) {
    throw new UsageError(`layout: expected ${DATA_LAYOUTS.join(" or ")}, found ${JSON.stringify(layout)}`);
  }
  if (label !== undefined && typeof label !== "string") {
    throw new UsageError(`label: expected a column's name, found ${typeof label}`);
  }
}

/** Throws a `UsageError` for an option that says nothing about data of this kind: what is asked for is never passed over. */
export function refuseReading(
  where: string,
  { layout, label }: ReadingOptions,
  meant: { readonly layout?: boolean; readonly label?: boolean } = {},
): void {
  if (layout === "nhwc" && !meant.layout) {
    throw new UsageError(
      `--layout nhwc: expected with .npz files, found ${where}, whose examples stand as networks take them; leave it out`,
    );
  }
  if (label !== undefined && !meant.label) {
    throw new UsageError(`--label ${label}: expected with tables (.csv), found ${where}; leave it out`);
  }
}

/** Examples without their labels, `pixels` [N, ...shape] row-major. */
interface Arranged<P> {
  readonly shape: readonly number[];
  readonly pixels: P;
}

/**
 * Examples of [height, width] as images of one channel, and those with their channels last as images with channels first. Throws
 * a `FormatError` for `nhwc` where examples are no images.
 */
export function arranged<P extends Uint8Array | Float32Array | Float64Array>(
  where: string,
  { shape, pixels }: Arranged<P>,
  { layout = "nchw" }: ReadingOptions,
): Arranged<P> {
  if (shape.length === 2) return { shape: [1, ...shape], pixels };
  if (layout === "nchw") return { shape, pixels };
  if (shape.length !== 3) {
    throw new FormatError(
      `${where}: x: expected [N, height, width, channels], as --layout nhwc says, found [N, ${shape.join(", ")}]; leave it out`,
    );
  }
  const [height, width, channels] = shape as [number, number, number];
  const area = height * width;
  const turned = pixels.slice() as P;
  for (let first = 0; first < pixels.length; first += area * channels) {
    for (let at = 0; at < area; at++) {
      for (let c = 0; c < channels; c++) {
        turned[first + c * area + at] = pixels[first + at * channels + c]!;
      }
    }
  }
  return { shape: [channels, height, width], pixels: turned };
}
