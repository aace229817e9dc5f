import { UsageError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import type { TrainConfig } from "../../train/config.js";

/** Throws a `UsageError` where a batch norm would have a batch of one example to take its statistics from. */
export function checkBatchNorm(
  network: Network,
  { batchSize }: Pick<TrainConfig, "batchSize">,
  count: number,
): void {
  const norm = network.nodes.find(({ layer }) => layer?.kind === "batch-norm");
  if (!norm) return;
  const last = count % batchSize;
  if (batchSize > 1 && last !== 1) return;
  if (count === 1) {
    throw new UsageError(
      `training examples: expected at least 2, as batch norm "${norm.name}" needs them, found 1; hold out fewer by --validation, or ` +
        "raise --limit",
    );
  }
  const found =
    batchSize === 1 ? "batches of 1" : `a last batch of 1, of ${count} examples in batches of ${batchSize}`;
  const mend = batchSize === 1 ? "2 or more" : String(batchWithoutRest(network, batchSize, count));
  throw new UsageError(
    `--batch: expected at least 2 examples in each batch, as batch norm "${norm.name}" needs them, found ${found}; take ${mend}`,
  );
}

/** The batch size itself, or of a network with batch norms the next one that leaves no last batch of one example. */
export function batchWithoutRest(network: Network, batchSize: number, count: number): number {
  if (count === 1 || !network.nodes.some(({ layer }) => layer?.kind === "batch-norm")) return batchSize;
  let size = Math.max(batchSize, 2);
  while (count % size === 1) size += 1;
  return size;
}
