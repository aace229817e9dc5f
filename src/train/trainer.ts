import type { Backend, Tensor } from "../compute/backend.js";
import { random } from "../compute/random.js";
import { reduceGradients } from "../distributed/reduce-gradients.js";
import { Team } from "../distributed/team.js";
import type { DualOptions } from "../dual/dual-options.js";
import { trainingEstimator } from "../estimators/training.js";
import type { Network } from "../network/network.js";
import {
  downloadWeights,
  type Model,
  type Parameters,
  type PlacedNetwork,
  releaseParameters,
  uploadWeights,
  type Weights,
} from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import { checkFiniteAnswers, checkFiniteWeights } from "./check-numbers.js";
import { clipGradients } from "./clip.js";
import type { EpochRow, TestRow, TrainConfig } from "./config.js";
import { createOptimizer } from "./create-optimizer.js";
import { addOutcome, NO_SUMS, outcomeOfAll } from "./epoch-sums.js";
import { withL1 } from "./l1.js";
import { LOSSES } from "./losses/index.js";
import type { RobustLoss } from "./losses/robust-loss.js";
import { type MutableParameters, type Optimizer, readState } from "./optimizer.js";
import { checkSameWeights } from "./same-weights.js";
import { checkRamp, rampAt, rateAt } from "./schedule.js";
import { type SharedBatch, shareOfBatch } from "./share-of-batch.js";
import { trainingStep } from "./step.js";
import { checkLearning } from "./stuck.js";
import { DIVERGED_ADVICE, TrainingFailure } from "./training-failure.js";
import type { BatchSource, TrainingEvent, TrainingState } from "./training-state.js";
import { WeightAverage } from "./weight-average.js";

/** Where the radius is 0, nothing is divided by it. */
const MIN_EPSILON = Number.MIN_VALUE;

/**
 * Robust training: minimises κ·robust + (1 − κ)·standard loss while ε (and κ) follow their ramps. The numbers depend
 * on the configuration, the data and the starting weights alone, also when a run is stopped and resumed; to rounding not even on how
 * many ranks share each batch. Every rank of a team is given the same, and has the same weights after each step.
 */
export class Trainer {
  readonly network: Network;
  /** As it was given. */
  readonly config: TrainConfig;
  readonly #backend: Backend;
  readonly #parameters: MutableParameters;
  readonly #optimizer: Optimizer;
  readonly #loss: RobustLoss;
  readonly #source: BatchSource;
  readonly #average: WeightAverage;
  readonly #team: Team;
  /** The batch to be done next, where it is at hand. */
  #next: { readonly epoch: number; readonly index: number; readonly batch: SharedBatch } | null = null;
  #epoch = 0;
  #batch = 0;
  #sums = NO_SUMS;
  #rows: EpochRow[] = [];

  /**
   * Puts the weights on the backend. Throws a `UsageError` for a ramp of ε or κ that makes no sense, a `FormatError` for
   * weights that do not fit the network.
   */
  constructor(
    backend: Backend,
    { network, weights }: Model,
    config: TrainConfig,
    source: BatchSource,
    team = new Team(),
  ) {
    checkRamp("epsilon", config.epsilon);
    checkRamp("kappa", config.kappa, 1);
    this.network = network;
    this.config = config;
    this.#backend = backend;
    this.#source = source;
    this.#team = team;
    this.#loss = LOSSES[config.loss].of(config);
    this.#average = new WeightAverage(backend);
    this.#parameters = new Map(uploadWeights(backend, { network, weights }));
    const trained = network.parameters.filter(({ role }) => role === "trained").map(({ name }) => name);
    this.#optimizer = createOptimizer(backend, this.#parameters, trained, config.optimizer);
  }

  /** The weights as they stand; the trainer releases them. */
  get parameters(): Parameters {
    return this.#parameters;
  }

  /** The network with its weights as they stand; the trainer releases them. */
  get placed(): PlacedNetwork {
    const backend = this.#backend;
    return { backend, network: this.network, parameters: this.#parameters, madeFor: backend.dtype };
  }

  /** A row for each epoch that is done. */
  get rows(): readonly EpochRow[] {
    return this.#rows;
  }

  /** Goes on where `state` stopped. The weights are those given to the constructor. */
  restore(state: TrainingState): void {
    this.#epoch = state.epoch;
    this.#batch = state.batch;
    this.#sums = state.sums;
    this.#rows = [...state.rows];
    this.#optimizer.restore(state.optimizer);
    if (state.average) this.#average.restore(state.average, this.#parameters);
  }

  /** Adds to the last epoch's row what was found on test examples. */
  noteTest(test: TestRow): void {
    const row = this.#rows.at(-1);
    if (row) this.#rows[this.#rows.length - 1] = { ...row, test };
  }

  /** A copy of the run's state, between two batches. Throws a `UsageError` with advice if weights are not finite. */
  async state(): Promise<TrainingState> {
    const weights = await this.#weights();
    return {
      epoch: this.#epoch,
      batch: this.#batch,
      sums: this.#sums,
      rows: [...this.#rows],
      weights,
      optimizer: await readState(this.#backend, this.#optimizer),
      average: await this.#average.state(),
    };
  }

  /**
   * Trains until the last epoch is done or the signal aborts, between two batches. Throws a `UsageError` with advice if
   * the loss, the weights or the answers are no numbers any more, or if the loss stays at that of guessing; of a run that
   * goes on from there, at once. The signal of a team is its own, by which all ranks end at once.
   */
  async *run(signal?: AbortSignal): AsyncGenerator<TrainingEvent, void, void> {
    const { epochs } = this.config;
    this.#checkLearning();
    while (this.#epoch < epochs) {
      while (this.#batch < this.#source.batchesPerEpoch) {
        if (signal?.aborted) return;
        await this.#step();
        yield { kind: "batch", epoch: this.#epoch, batch: this.#batch, sums: this.#sums };
      }
      await this.#checkNumbers();
      this.#averageWeights();
      const row = this.#finishEpoch();
      yield { kind: "epoch", row };
      this.#checkLearning();
    }
  }

  /** Releases the weights and what the optimizer remembers. */
  dispose(): void {
    releaseParameters(this.#parameters);
    this.#optimizer.dispose();
    this.#average.dispose();
  }

  /** Puts others in the place of the weights, once training is over. */
  replaceWeights(weights: Weights): void {
    for (const [name, value] of uploadWeights(this.#backend, { network: this.network, weights })) {
      this.#parameters.get(name)?.dispose();
      this.#parameters.set(name, value);
    }
  }

  async #weights(): Promise<Weights> {
    const weights = await downloadWeights(this.#backend, this.#parameters);
    checkFiniteWeights(weights, this.#epoch + 1);
    return weights;
  }

  #checkLearning(): void {
    checkLearning(this.#rows, this.network.classes, this.#source.batchesPerEpoch);
  }

  /** No loss is computed of what an epoch's last step makes of the weights. */
  async #checkNumbers(): Promise<void> {
    await checkSameWeights(this.#team, await this.#weights(), this.#epoch + 1);
    const { batch: last } = this.#batchAt(this.#batch - 1);
    await checkFiniteAnswers(this.#backend, this.network, this.#parameters, last, this.#epoch + 1);
  }

  async #step(): Promise<void> {
    const began = performance.now();
    const { config } = this;
    const { epsilon, kappa } = this.#ramps(this.#batch / this.#source.batchesPerEpoch);
    const { batch, whole } = this.#take();
    const step = trainingStep(this.placed, batch, {
      ball: { norm: config.norm, epsilon: config.overshoot * epsilon, box: config.box },
      kappa,
      loss: this.#loss,
      dual: { method: config.bound, ...this.#projections(batch) },
      // Faded out as ε reaches its end.
      regularization:
        config.regularization * (1 - epsilon / Math.max(config.epsilon.end, epsilon, MIN_EPSILON)),
      stream: random(config.seed, "loss").fork(this.#epoch).fork(this.#batch),
      whole,
    });
    this.#prepare();
    const { outcome: own, gradients: ownGradients, statistics } = await step;
    const outcome = await outcomeOfAll(this.#team, own);
    if (!Number.isFinite(outcome.loss) || !Number.isFinite(outcome.robustLoss)) {
      throw new TrainingFailure(
        `the loss is no longer a number in epoch ${this.#epoch + 1}, batch ${this.#batch + 1}`,
        DIVERGED_ADVICE,
      );
    }
    const found = await reduceGradients(this.#backend, this.#team, ownGradients, this.#shapes());
    const penalized = withL1(this.#backend, this.network, this.#parameters, found, config.l1);
    const gradients =
      config.gradientClip === null
        ? penalized
        : await clipGradients(this.#backend, penalized, config.gradientClip);
    this.#optimizer.update(this.#parameters, gradients, rateAt(config.learningRate, this.#epoch));
    for (const gradient of gradients.values()) gradient.dispose();
    for (const [name, statistic] of statistics) {
      this.#parameters.get(name)?.dispose();
      this.#parameters.set(name, statistic);
    }
    this.#batch += 1;
    this.#sums = addOutcome(this.#sums, outcome, (performance.now() - began) / 1000);
  }

  /** At the end of one of the last epochs; with the last one the mean takes the weights' place. */
  #averageWeights(): void {
    const { epochs, averageEpochs } = this.config;
    if (this.#epoch < epochs - averageEpochs) return;
    this.#average.add(this.#parameters);
    if (this.#epoch === epochs - 1) this.#average.replace(this.#parameters);
  }

  /** Trained parameters in their order. */
  #shapes(): [name: string, shape: Tensor][] {
    return this.network.parameters
      .filter(({ role }) => role === "trained")
      .map(({ name }) => [name, this.#parameters.get(name) as Tensor]);
  }

  /** The batch to be done now. */
  #take(): SharedBatch {
    const next = this.#next;
    if (next?.epoch === this.#epoch && next.index === this.#batch) return next.batch;
    return this.#batchAt(this.#batch);
  }

  /** This rank's share of a batch of this epoch. */
  #batchAt(index: number): SharedBatch {
    return shareOfBatch(this.#source.batch(this.#epoch, index), this.#team);
  }

  /** Makes the next batch of this epoch while the backend is at work. */
  #prepare(): void {
    const index = this.#batch + 1;
    if (index >= this.#source.batchesPerEpoch) return;
    this.#next = { epoch: this.#epoch, index, batch: this.#batchAt(index) };
  }

  /** ε and κ so far into this epoch; while the warm-up lasts, κ is 0. */
  #ramps(part: number): { readonly epsilon: number; readonly kappa: number } {
    const { config } = this;
    const progress = this.#epoch + part - config.warmupEpochs;
    const kappa = progress < 0 ? 0 : rampAt(config.kappa, progress);
    return { epsilon: rampAt(config.epsilon, progress), kappa };
  }

  /** A new sketch each step, which depends on the seed, the step and the example alone. */
  #projections({ places: examples }: LabelledBatch): Pick<DualOptions, "estimator"> {
    const { projections, sketch: form, seed } = this.config;
    const path = ["train", this.#epoch, this.#batch];
    const estimator = trainingEstimator(projections, { form, seed, path, ...(examples && { examples }) });
    return estimator ? { estimator } : {};
  }

  #finishEpoch(): EpochRow {
    const { config } = this;
    const { examples, loss, bounded, robustLoss, wrong, notCertified, seconds } = this.#sums;
    const row: EpochRow = {
      epoch: this.#epoch + 1,
      ...this.#ramps(1),
      learningRate: rateAt(config.learningRate, this.#epoch),
      loss: loss / examples,
      robustLoss: bounded > 0 ? robustLoss / bounded : null,
      error: wrong / examples,
      robustError: bounded > 0 ? notCertified / bounded : null,
      seconds,
      test: null,
    };
    this.#rows.push(row);
    this.#epoch += 1;
    this.#batch = 0;
    this.#sums = NO_SUMS;
    return row;
  }
}
