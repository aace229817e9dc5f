import { type CertifyOptions, certifyBatch } from "../certify/certify.js";
import type { Backend } from "../compute/backend.js";
import type { DualOptions } from "../dual/dual-options.js";
import { type Model, placeModel, releaseParameters, uploadWeights } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";
import { trainingStep } from "../train/step.js";
import { type MeasureOptions, measure, median } from "./measure.js";

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
  /** Fraction of the examples not certified, for `certify`. */
  readonly robustError?: number;
  /** For `certify`: how many times as long outward bounds take as bounds without rounding, the median over pairs of batches. */
  readonly roundingCost?: number;
}

/** What a step is measured on. */
export interface StepSubject {
  readonly name: string;
  readonly model: Model;
  readonly ball: BallSpec;
  readonly batches: readonly LabelledBatch[];
}

const MEBIBYTE = 2 ** 20;

/**
 * A robust training step without the optimizer's update: bounds, loss and all gradients. `dual` gives the options of each
 * step, so that projections are new ones each time.
 */
export async function benchTrainStep(
  backend: Backend,
  { name, model, ball, batches }: StepSubject,
  dual: (step: number) => DualOptions,
  options: MeasureOptions = { warmup: 3, least: 3, seconds: 3 },
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
        { ball, kappa: 1, dual: dual(step) },
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

/** Certification of every batch once, with rounding and without it in turn, after a first that does not count. */
export async function benchCertify(
  backend: Backend,
  { name, model, ball, batches }: StepSubject,
  options: Omit<CertifyOptions, keyof BallSpec>,
  onBatch: (done: number) => void = () => {},
): Promise<StepFigure> {
  using placed = placeModel(backend, model);
  const certify = (batch: LabelledBatch, rounding: { readonly rounding?: null } = {}) =>
    certifyBatch(placed, batch, { ...ball, ...options, ...rounding });
  const timed = async <T>(
    run: () => Promise<T>,
  ): Promise<{ readonly seconds: number; readonly result: T }> => {
    const began = performance.now();
    const result = await run();
    return { seconds: (performance.now() - began) / 1000, result };
  };
  if (batches.length > 1) {
    await certify(batches[0]);
    await certify(batches[0], { rounding: null });
  }
  backend.memory(true);
  const times: number[] = [];
  const ratios: number[] = [];
  let [examples, robust] = [0, 0];
  for (const [i, batch] of batches.entries()) {
    const outward = () => timed(() => certify(batch));
    const plain = () => timed(() => certify(batch, { rounding: null }));
    // The first of two finds caches colder: they take turns.
    const first = i % 2 === 0 ? await outward() : await plain();
    const second = i % 2 === 0 ? await plain() : await outward();
    const [own, other] = i % 2 === 0 ? [first, second] : [second, first];
    const verdict = own.result;
    times.push(own.seconds);
    ratios.push(own.seconds / other.seconds);
    examples += batch.labels.length;
    robust += verdict.examples.filter(
      ({ certified, prediction }, b) => certified && prediction === batch.labels[b],
    ).length;
    onBatch(examples);
  }
  const { peakBytes } = backend.memory();
  return {
    name,
    batch: batches[0].labels.length,
    seconds: median(times),
    secondsPerExample: times.reduce((sum, time) => sum + time, 0) / examples,
    examples,
    peakMemoryMB: peakBytes / MEBIBYTE,
    robustError: 1 - robust / examples,
    roundingCost: median(ratios),
  };
}
