import {
  apply,
  crop,
  scaleShift,
  select,
  spread,
  type Tape,
  type Variable,
  weightedSum,
} from "../../autodiff/index.js";
import type { Tensor } from "../../compute/backend.js";
import { type Conv2dGeometry, outFeatures } from "../../compute/geometry.js";
import { OWN, SHARED } from "../../compute/owners.js";
import type { Patch, Viewers } from "../dual-layer.js";
import { cropWindow } from "../patch.js";
import { windowsOverPatch } from "./window-patch.js";

/**
 * The input that each window chose, as rows find it that see patches: from features of images, `[out, examples]`, to features
 * of what a patch of the output sees of the input, `[out of the patch, viewers]`; −1 where the patch lies on padding, or where a
 * window chose none.
 *
 * A choice lies some way behind the beginning of its window. In a patch lines are shorter, but the way is the same for all who look, and
 * so it is found once for each example, and cropped. Whole numbers, exact where the choices are. No gradient passes.
 */
export function choiceInPatch(
  tape: Tape,
  choice: Tensor,
  geometry: Conv2dGeometry,
  patch: Patch,
  viewers: Viewers,
): Tensor {
  const { backend } = tape;
  const { outChannels, outHeight, outWidth } = geometry;
  const local = windowsOverPatch(geometry, patch.height, patch.width);
  const line = local.inWidth;
  const begins = beginnings(geometry, line, 0);
  const result = tape.aside((aside) => {
    const column = (values: Float64Array): Variable => aside.own(backend.upload(values.length, 1, values));
    const places = spread(aside, column(placesOf(geometry, line)), SHARED, choice.rows);
    const nowhere = begins.reduce((least, place) => Math.min(least, place), 0) - 1;
    const chosen = select(aside, places, choice, OWN, nowhere);
    // From 1 on, so that 0 is left for none.
    const way = scaleShift(aside, chosen, undefined, column(begins.map((place) => 1 - place)), SHARED);
    const known = apply(aside, { kind: "relu" }, way);
    const seen = crop(aside, known, viewers.examples, cropWindow([outChannels, outHeight, outWidth], patch));
    const isChosen = apply(aside, { kind: "sign" }, seen);
    const windows = column(beginnings(local, line, local.inHeight * line));
    const begin = scaleShift(aside, isChosen, windows, undefined, SHARED);
    return weightedSum(
      aside,
      [begin, seen].map((x) => ({ weight: 1, x })),
      -1,
    );
  });
  return result.value;
}

/** Where each feature of the input lies in its channel, were lines so long. */
function placesOf({ inChannels, inHeight, inWidth }: Conv2dGeometry, line: number): Float64Array {
  const places = new Float64Array(inChannels * inHeight * inWidth);
  for (let i = 0; i < places.length; i++) {
    places[i] = (Math.floor(i / inWidth) % inHeight) * line + (i % inWidth);
  }
  return places;
}

/** Where the window of each output begins, were lines and channels of the input so long. */
function beginnings(geometry: Conv2dGeometry, line: number, channel: number): Float64Array {
  const { outHeight, outWidth, strideHeight, strideWidth, padTop, padLeft } = geometry;
  const places = new Float64Array(outFeatures(geometry));
  for (let i = 0; i < places.length; i++) {
    const y = (Math.floor(i / outWidth) % outHeight) * strideHeight - padTop;
    const x = (i % outWidth) * strideWidth - padLeft;
    places[i] = Math.floor(i / (outHeight * outWidth)) * channel + y * line + x;
  }
  return places;
}
