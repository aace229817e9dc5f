import { random } from "../../compute/random.js";
import { augment } from "../../data/augment.js";
import { batchIndices } from "../../data/batches.js";
import { type Dataset, examples } from "../../data/dataset.js";
import type { TrainConfig } from "../../train/config.js";
import type { BatchSource } from "../../train/training-state.js";

/**
 * The batches of a run. The order of an epoch and its random flips and crops are functions of the seed and the epoch
 * alone, so that a run resumed in the middle of one sees the batches that it would have seen.
 */
export function batchSource(
  dataset: Dataset,
  { batchSize: batch, seed, augmentation }: Pick<TrainConfig, "batchSize" | "seed" | "augmentation">,
): BatchSource {
  let cached: { readonly epoch: number; readonly order: readonly Int32Array[] } | null = null;
  return {
    batchesPerEpoch: Math.ceil(dataset.count / batch),
    batch(epoch, index) {
      if (cached?.epoch !== epoch) {
        cached = { epoch, order: [...batchIndices(dataset.count, { batch, seed, epoch })] };
      }
      const places = cached.order[index];
      const { x, labels } = examples(dataset, places);
      if (!augmentation) return { x, labels, places };
      const stream = random(seed, "augmentation").fork(epoch).fork(index);
      return { x: augment(x, dataset.shape, augmentation, stream), labels, places };
    },
  };
}
