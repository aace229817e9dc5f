import type { Team } from "../distributed/team.js";
import { dividedBatch, undividedBatch, type WholeBatch } from "../distributed/whole-batch.js";
import type { LabelledBatch } from "../threat/batch.js";

/** Examples of a batch, and what they are a share of. */
export interface SharedBatch {
  readonly batch: LabelledBatch;
  readonly whole: WholeBatch;
}

/**
 * A rank's share of a batch, each example with the place that its random numbers go by. Where there are fewer examples than ranks, a
 * rank without one keeps the others company with the first, which does not count.
 */
export function shareOfBatch(batch: LabelledBatch, team: Team): SharedBatch {
  const { x, labels } = batch;
  const examples = labels.length;
  if (team.isAlone) return { batch, whole: undividedBatch(examples) };
  const { first, count } = team.share(examples);
  const [from, taken] = count > 0 ? [first, count] : [0, 1];
  const features = x.length / examples;
  const own = new Float64Array(features * taken);
  for (let f = 0; f < features; f++) {
    own.set(x.subarray(f * examples + from, f * examples + from + taken), f * taken);
  }
  const places = batch.places ?? Int32Array.from({ length: examples }, (_, i) => i);
  return {
    batch: {
      x: own,
      labels: labels.slice(from, from + taken),
      places: places.slice(from, from + taken),
    },
    whole: dividedBatch(team.ranks, examples, count),
  };
}
