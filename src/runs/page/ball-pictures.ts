import { random } from "../../compute/random.js";
import { type Dataset, examples } from "../../data/dataset.js";
import { pictureOf } from "../../report/page/picture.js";
import {
  type BallPictures,
  known,
  missing,
  type Part,
  type RecordedVerdict,
  type ShownAttack,
} from "../../report/page/run-record.js";
import type { BallInWords } from "../../report/wording.js";
import { boxReader } from "../../threat/box.js";
import { inUnitRange, whyNoPictures } from "./pictures.js";

/**
 * What the ball of an example looks like: of the attacked one, where there is one, else of the first certified with its
 * label, else of the first; or why there are no pictures.
 */
export function ballPicturesOf(
  dataset: Dataset,
  verdicts: readonly RecordedVerdict[],
  ball: BallInWords,
  shown: ShownAttack | undefined,
): Part<BallPictures> {
  const why = whyNoPictures(dataset, verdicts);
  if (why) return missing(why);
  const own = verdicts.find(({ index, label, prediction }) => {
    return index === shown?.index && label === shown.label && prediction === label;
  });
  const verdict =
    own ??
    verdicts.find(({ certified, label, prediction }) => certified && label === prediction) ??
    verdicts[0];
  const { index, label, prediction, certified } = verdict;
  const { x } = examples(dataset, Int32Array.of(index));
  const picture = (values: Float64Array) => pictureOf(inUnitRange(values, x), dataset.shape);
  const [original, noisy] = [picture(x), picture(withNoise(x, ball, index))];
  if (!original || !noisy) return missing("Not shown: examples are no images.");
  const attacked = own && shown?.x.length === x.length ? picture(Float64Array.from(shown.x)) : null;
  return known({
    ...{ index, label, prediction, certified, original, noisy },
    attacked: attacked && shown ? { picture: attacked, prediction: shown.prediction } : null,
  });
}

/** Every number up or down at random, all by the same and by as much as the ball allows, then cut to its box. */
function withNoise(x: Float64Array, { norm, epsilon, box }: BallInWords, index: number): Float64Array {
  const source = random(0, "noise").fork(index);
  const shares = { linf: 1, l2: 1 / Math.sqrt(x.length), l1: 1 / x.length };
  const boundsAt = boxReader(box, x.length);
  return x.map((value, feature) => {
    const size = shares[norm] * (typeof epsilon === "number" ? epsilon : epsilon.perFeature[feature]);
    const [least, most] = boundsAt(feature);
    const moved = value + (source.uniform() < 0.5 ? -size : size);
    return Math.min(Math.max(moved, least), most);
  });
}
