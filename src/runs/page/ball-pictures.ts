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
import type { Norm } from "../../threat/ball.js";
import { inUnitRange, whyNoPictures } from "./pictures.js";

interface PicturedBall {
  readonly norm: Norm;
  readonly epsilon: number;
  readonly box: readonly number[] | null;
}

/**
 * What the ball of an example looks like: of the attacked one, where there is one, else of the first certified with its
 * label, else of the first; or why there are no pictures.
 */
export function ballPicturesOf(
  dataset: Dataset,
  verdicts: readonly RecordedVerdict[],
  ball: PicturedBall,
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
function withNoise(x: Float64Array, { norm, epsilon, box }: PicturedBall, index: number): Float64Array {
  const source = random(0, "noise").fork(index);
  const sizes = { linf: epsilon, l2: epsilon / Math.sqrt(x.length), l1: epsilon / x.length };
  const [least, most] = box ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return x.map((value) => {
    const moved = value + (source.uniform() < 0.5 ? -sizes[norm] : sizes[norm]);
    return Math.min(Math.max(moved, least), most);
  });
}
