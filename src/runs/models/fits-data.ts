import type { Dataset } from "../../data/dataset.js";
import { SINGLE_LOGIT_MEND } from "../../dual/margin.js";
import { ShapeError, UsageError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import { formatShape, type Shape, sameOrder, sameShape, sizeOf } from "../../network/shape.js";

/**
 * Throws a `ShapeError` unless the network takes inputs of the data's shape, and a `UsageError` if a label is not one
 * of its classes. `where` names the model.
 */
export function checkModelFitsData(network: Network, dataset: Dataset, where: string): void {
  const [wanted, found] = [network.inputShape, dataset.shape];
  if (!sameOrder(wanted, found)) {
    throw new ShapeError(
      `${where}: the model takes inputs of ${counted(wanted)} numbers, ` +
        `found ${counted(found)} in data set ${dataset.name}; ${shapeMend(wanted, found)}`,
    );
  }
  const { classes } = network;
  const outside = dataset.labels.findIndex((label) => label >= classes);
  if (outside >= 0) {
    const found = `found ${dataset.labels[outside]}`;
    const label =
      classes > 1
        ? `expected a label from 0 to ${classes - 1}, as ${where} has ${classes} classes, ${found}`
        : `expected label 0 alone, as ${where} has one output, ${found}; ${SINGLE_LOGIT_MEND}`;
    throw new UsageError(`--data ${dataset.name} (${dataset.split}): example ${outside}: ${label}`);
  }
}

/** A shape, and how many numbers that is where it is not plain. */
function counted(shape: Shape): string {
  return shape.length > 1 ? `${formatShape(shape)} = ${sizeOf(shape)}` : formatShape(shape);
}

/** What makes data of one shape such as a network takes. */
function shapeMend(wanted: Shape, found: Shape): string {
  const [first, second, third] = found;
  const sizes = wanted.join(", ");
  if (found.length === 3 && sameShape(wanted, [third, first, second])) {
    return "the channels stand last in it: --layout nhwc reads it channels-first";
  }
  if (found.length === 3 && sameShape(wanted, [second, third, first]) && first < second) {
    return `the model takes channels last: save x as [N, ${sizes}] and leave out --layout nhwc`;
  }
  return sizeOf(wanted) === sizeOf(found)
    ? `reshape x to [N, ${sizes}] if its numbers stand in that order`
    : `x must be [N, ${sizes}]`;
}
