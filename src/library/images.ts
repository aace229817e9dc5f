import type { Split } from "../data/dataset.js";
import { loadDataset } from "../data/load.js";
import type { ReadingOptions } from "../data/reading.js";
import { UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { type Images, type ListedImageOptions, type ListedImages, listedImages } from "./image-list.js";

export { copyOfImages } from "./image-list.js";

/**
 * Images, or whatever the model takes: the name of a data set, a folder or an `.npz` file; a data set in memory; one image or
 * a list of them, each a flat list of numbers in the model's input shape, row-major, in the units of ε.
 */
export type ImagesLike = string | ListedImages;

/** Which images are taken. */
export interface ImageOptions extends ListedImageOptions, ReadingOptions {
  /** Of a named data set. Default `test`. */
  readonly split?: Split;
  /** Where a named data set is looked for first. */
  readonly dataDir?: string;
}

/** Reads images for a network. Throws a `UsageError` or a `ShapeError` that names the call for what are none, and the signal's reason. */
export async function imagesFor(
  call: string,
  network: Network,
  images: ImagesLike,
  options: ImageOptions & { readonly signal?: AbortSignal },
): Promise<Images> {
  if (typeof images !== "string") return listedImages(call, network, images, options);
  const { labels, limit, split = "test", dataDir, layout, label, signal } = options;
  if (labels !== undefined) throw new UsageError(`${call}: labels: the data set has labels of its own`);
  const dataset = await loadDataset(images, { split, limit, dataDir, layout, label, stop: signal });
  return { dataset, labelled: true };
}
