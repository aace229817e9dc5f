import type { Dataset } from "../../data/dataset.js";
import { ShapeError, UsageError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import { formatShape, sizeOf } from "../../network/shape.js";

/**
 * Throws a `ShapeError` unless the network takes inputs of the data's size, and a `UsageError` if a label is not one
 * of its classes. `where` names the model.
 */
export function checkModelFitsData(network: Network, dataset: Dataset, where: string): void {
  const wanted = sizeOf(network.inputShape);
  const found = sizeOf(dataset.shape);
  if (wanted !== found) {
    throw new ShapeError(
      `${where}: the model takes inputs of ${formatShape(network.inputShape)} = ${wanted} numbers, ` +
        `found ${formatShape(dataset.shape)} = ${found} in data set ${dataset.name}`,
    );
  }
  const { classes } = network;
  const outside = dataset.labels.findIndex((label) => label >= classes);
  if (outside >= 0) {
    throw new UsageError(
      `--data ${dataset.name} (${dataset.split}): example ${outside}: expected a label from 0 to ${classes - 1}, ` +
        `as ${where} has ${classes} classes, found ${dataset.labels[outside]}`,
    );
  }
}
