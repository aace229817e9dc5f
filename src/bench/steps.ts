import type { Backend } from "../compute/backend.js";
import type { DualOptions } from "../dual/dual-options.js";
import { type Model, releaseParameters, uploadWeights } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";
import { dualLoss } from "../train/losses/dual.js";
import type { RobustLoss } from "../train/losses/robust-loss.js";
import { trainingStep } from "../train/step.js";
import { type MeasureOptions, measure } from "./measure.js";

/** How long a step takes, and the memory for it. */
export interface StepFigure {
  readonly name: string;
  readonly batch: number;
  /** Of a batch: the median. */
  readonly seconds: number;
  /** Of an example: all batches together. */
  readonly secondsPerExample: number;
  /** Examples that were measured, each time a batch was. */
  readonly examples: number;
  /** The most that tensors took at once. */
  readonly peakMemoryMB: number;
}

/** What a step is measured on. */
export interface StepSubject {
  readonly name: string;
  readonly model: Model;
  readonly ball: BallSpec;
  readonly batches: readonly LabelledBatch[];
}

export const MEBIBYTE = 2 ** 20;

/**
 * A robust training step without the optimizer's update: bounds, loss and all gradients. `dual` gives the options of each
 * step, so that projections are new ones each time; another loss than the paper's may do without.
 */
export async function benchTrainStep(
  backend: Backend,
  { name, model, ball, batches }: StepSubject,
  dual: (step: number) => DualOptions,
  options: MeasureOptions = { warmup: 3, least: 3, seconds: 3 },
  loss: RobustLoss = dualLoss,
): Promise<StepFigure> {
  const parameters = uploadWeights(backend, model);
  let next = 0;
  const { seconds, runs, peakBytes, times } = await measure(
    backend,
    async () => {
      const step = next++;
      const { gradients, statistics } = await trainingStep(
        { backend, network: model.network, parameters },
        batches[step % batches.length],
        { ball, kappa: 1, loss, dual: dual(step) },
      );
      for (const tensor of [...gradients.values(), ...statistics.values()]) tensor.dispose();
    },
    options,
  );
  releaseParameters(parameters);
  const batch = batches[0].labels.length;
  const examples = runs * batch;
  return {
    name,
    batch,
    seconds,
    secondsPerExample: times.reduce((sum, time) => sum + time, 0) / examples,
    examples,
    peakMemoryMB: peakBytes / MEBIBYTE,
  };
}
