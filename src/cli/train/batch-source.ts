import { batchIndices } from "../../data/batches.js";
import { type Dataset, examples } from "../../data/dataset.js";
import type { BatchSource } from "../../train/trainer.js";

/**
 * The batches of a run. The order of an epoch is a function of the seed and the epoch alone, so that a run resumed in
 * the middle of one sees the batches that it would have seen.
 */
export function batchSource(dataset: Dataset, batch: number, seed: number): BatchSource {
  let cached: { readonly epoch: number; readonly order: readonly Int32Array[] } | null = null;
  return {
    batchesPerEpoch: Math.ceil(dataset.count / batch),
    batch(epoch, index) {
      if (cached?.epoch !== epoch) {
        cached = { epoch, order: [...batchIndices(dataset.count, { batch, seed, epoch })] };
      }
      return examples(dataset, cached.order[index]);
    },
  };
}
