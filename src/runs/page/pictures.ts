import { type Dataset, examples } from "../../data/dataset.js";
import { formatShape } from "../../network/shape.js";
import { GROUPS, shownExamples } from "../../report/page/margins.js";
import { imageShape, pictureOf } from "../../report/page/picture.js";
import {
  known,
  missing,
  type Part,
  type Picture,
  type RecordedVerdict,
} from "../../report/page/run-record.js";

/** Pictures of the examples that the gallery shows, by number; why there are none, where there are none. */
export function picturesOf(
  dataset: Dataset,
  verdicts: readonly RecordedVerdict[],
): Part<ReadonlyMap<number, Picture>> {
  const why = whyNoPictures(dataset, verdicts);
  if (why) return missing(why);
  const shown = shownExamples(verdicts);
  const pictures = new Map<number, Picture>();
  for (const { verdict } of GROUPS.flatMap((group) => shown[group])) {
    const { x } = examples(dataset, Int32Array.of(verdict.index));
    const picture = pictureOf(inUnitRange(x), dataset.shape);
    if (picture) pictures.set(verdict.index, picture);
  }
  return known(pictures);
}

/** Why examples cannot be shown as images; null where they can. */
export function whyNoPictures(dataset: Dataset, verdicts: readonly RecordedVerdict[]): string | null {
  if (!imageShape(dataset.shape)) {
    return `Not shown: examples of ${dataset.name} are no images, but of shape ${formatShape(dataset.shape)}.`;
  }
  const other = verdicts.find(({ index, label }) => dataset.labels[index] !== label);
  if (!other) return null;
  return (
    `Not shown: ${dataset.name} (${dataset.split}) on this machine holds others than the examples that were certified: ` +
    `example ${other.index} had label ${other.label}, and has ${dataset.labels[other.index] ?? "none"}.`
  );
}

/** Values of any other range, such as normalised ones, moved and shrunk into [0, 1]: by the range of `of`, where given. */
export function inUnitRange(values: Float64Array, of: Float64Array = values): Float64Array {
  let [least, most] = [0, 1];
  for (const value of of) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least === 0 && most === 1
    ? values
    : values.map((value) => value / (most - least) - least / (most - least));
}
