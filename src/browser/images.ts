import { type Dataset, type Examples, examples } from "../data/dataset.js";
import { type ListedImageOptions, type ListedImages, listedImages } from "../library/image-list.js";
import { checkModel, type Model } from "../network/weights.js";
import { checkModelFitsData } from "../runs/models/fits-data.js";

/** Images of a call, and whether their labels are known. */
export interface CalledImages {
  readonly dataset: Dataset;
  readonly labelled: boolean;
  /** All as one batch. */
  readonly all: Examples;
}

/** The images of a call, copied and checked against the model; an `AutodualError` that names the call otherwise. */
export function imagesOf(
  call: string,
  model: Model,
  images: ListedImages,
  options: ListedImageOptions,
): CalledImages {
  checkModel(call, model);
  const found = listedImages(call, model.network, images, options);
  checkModelFitsData(model.network, found.dataset, `${call}: model`);
  return {
    ...found,
    all: examples(
      found.dataset,
      Array.from({ length: found.dataset.count }, (_, b) => b),
    ),
  };
}
