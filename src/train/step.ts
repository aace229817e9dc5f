import { scaleBy, Tape, type Variable } from "../autodiff/index.js";
import type { Backend, Tensor } from "../compute/backend.js";
import { type RandomSource, random } from "../compute/random.js";
import { undividedBatch, type WholeBatch } from "../distributed/whole-batch.js";
import type { DualOptions } from "../dual/dual-options.js";
import { foldOnTape } from "../network/fold-on-tape.js";
import { forwardOfShare } from "../network/forward.js";
import { updatedStatistic } from "../network/layers/batch-norm.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import { type Bindings, type PlacedNetwork, trainedBindings } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";
import { isProof } from "../threat/proof.js";
import { standardLoss } from "./losses/cross-entropy.js";
import { dualLoss } from "./losses/dual.js";
import { mixedLoss } from "./losses/mixed.js";
import type { LossOutcome, RobustLoss } from "./losses/robust-loss.js";

export interface StepSettings {
  readonly ball: BallSpec;
  /** Weight of the robust loss; 0 is standard training. */
  readonly kappa: number;
  /** Default the paper's, `dualLoss`. */
  readonly loss?: RobustLoss;
  readonly dual?: DualOptions;
  /** Weight of what regularises interval bounds. Default 0. */
  readonly regularization?: number;
  /** Random numbers of losses that attack. Default those of seed 0, the same in each step. */
  readonly stream?: RandomSource;
  /** What the batch is a share of. Default: all of it. */
  readonly whole?: WholeBatch;
}

/** What a step found, as sums over its examples, so that batches of different size add up. */
export interface StepOutcome {
  readonly examples: number;
  readonly loss: number;
  readonly wrong: number;
  /** Examples for which bounds were computed: all, or with κ = 0 none. The next two count among these. */
  readonly bounded: number;
  readonly robustLoss: number;
  /** Examples not certified with their label. */
  readonly notCertified: number;
}

export interface StepResult {
  readonly outcome: StepOutcome;
  /** By parameter name; the caller releases them. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** New running statistics by parameter name; the caller releases them. */
  readonly statistics: ReadonlyMap<string, Tensor>;
}

/**
 * The loss of one batch and its gradient through every term of the bound. Of a share of a batch, the outcome and the gradient are this
 * share's part of the whole batch's: added up over all shares they are those of a step on the whole batch, to rounding. The statistics
 * are the whole batch's.
 */
export async function trainingStep(
  { backend, network, parameters }: PlacedNetwork,
  batch: LabelledBatch,
  {
    ball,
    kappa,
    dual,
    loss: robustLoss = dualLoss,
    regularization = 0,
    stream = random(0, "step"),
    whole = undividedBatch(batch.labels.length),
  }: StepSettings,
): Promise<StepResult> {
  const { labels } = batch;
  const examples = labels.length;
  using tape = new Tape(backend, { record: true });
  const bindings = trainedBindings(network, parameters);
  const x = tape.own(backend.upload(sizeOf(network.inputShape), examples, batch.x));
  // Batch norms take the clean batch's statistics, in the forward pass and in the dual network alike.
  const pass = await forwardOfShare(tape, network, bindings, x, {
    examples: whole.examples,
    total: async (own) => (await whole.sums(tape, [own]))[0],
  });
  const standard = standardLoss(tape, pass.output, labels);
  let total = standard;
  let robust: LossOutcome | undefined;
  if (kappa > 0) {
    const { output: logits, bindings } = pass;
    const placed = { ...batch, values: x.value };
    robust = await robustLoss({
      ...foldOnTape(tape, { network, bindings }),
      ...{ tape, batch: placed, ball, logits, dual, regularization, stream, whole },
    });
    total = mixedLoss(tape, robust.loss, standard, kappa);
  }
  const trained = network.parameters.filter(({ role }) => role === "trained").map(({ name }) => name);
  const found = await tape.gradientsAwaited(
    whole.weight === 1 ? total : scaleBy(tape, total, whole.weight),
    trained.map((name) => bindings.get(name) as Variable),
  );
  const gradients = new Map<string, Tensor>();
  found.forEach((gradient, i) => {
    if (gradient) gradients.set(trained[i], gradient);
  });
  const statistics = newStatistics(tape, network, bindings, pass.bindings, whole.examples);
  const outcome = await outcomeOf(tape.backend, { standard, robust, logits: pass.output, labels });
  return { outcome: whole.counted === 0 ? NO_OUTCOME : outcome, gradients, statistics };
}

/** Of no examples. */
export const NO_OUTCOME: StepOutcome = {
  examples: 0,
  loss: 0,
  bounded: 0,
  robustLoss: 0,
  wrong: 0,
  notCertified: 0,
};

async function outcomeOf(
  backend: Backend,
  found: {
    readonly standard: Variable;
    readonly robust: LossOutcome | undefined;
    readonly logits: Variable;
    readonly labels: Int32Array;
  },
): Promise<StepOutcome> {
  const { standard, robust, logits, labels } = found;
  const examples = labels.length;
  const read = (variable: Variable | undefined) => (variable ? backend.read(variable.value) : undefined);
  // Asked for together: the backend waits for no answer of ours.
  const [loss, robustLoss, outputs, margins] = await Promise.all([
    backend.read(standard.value),
    read(robust?.loss),
    backend.read(logits.value),
    read(robust?.margins),
  ]);
  return {
    examples,
    loss: loss[0] * examples,
    bounded: robust ? examples : 0,
    robustLoss: robustLoss ? robustLoss[0] * examples : 0,
    wrong: countWrong(outputs, labels),
    notCertified: margins ? countNotCertified(margins, labels) : 0,
  };
}

function newStatistics(
  tape: Tape,
  network: Network,
  before: Bindings,
  batch: Bindings,
  examples: number,
): Map<string, Tensor> {
  const statistics = new Map<string, Tensor>();
  for (const { name, role, node } of network.parameters) {
    const { layer, shape } = network.nodes[node];
    if (role !== "statistic" || layer?.kind !== "batch-norm") continue;
    const count = (sizeOf(shape) / shape[0]) * examples;
    const unbiased = name.endsWith(".variance") && count > 1 ? count / (count - 1) : 1;
    const running = tape.stop(before.get(name) as Variable);
    const updated = updatedStatistic(tape, layer, running, tape.stop(batch.get(name) as Variable), unbiased);
    statistics.set(name, tape.release(updated));
  }
  return statistics;
}

/** Examples whose largest logit is not their label's; logits `[classes, examples]`. NaN is wrong. */
export function countWrong(logits: ArrayLike<number>, labels: Int32Array): number {
  return countFailing(logits, labels, (own, other) => own > other);
}

/** Examples with a margin that is not above 0; margins `[classes, examples]`. NaN is not certified. */
export function countNotCertified(margins: ArrayLike<number>, labels: Int32Array): number {
  return countFailing(margins, labels, (_own, other) => isProof(other));
}

function countFailing(
  values: ArrayLike<number>,
  labels: Int32Array,
  holds: (own: number, other: number) => boolean,
): number {
  const examples = labels.length;
  const classes = values.length / examples;
  let failing = 0;
  for (let b = 0; b < examples; b++) {
    const own = values[labels[b] * examples + b];
    for (let j = 0; j < classes; j++) {
      if (j !== labels[b] && !holds(own, values[j * examples + b])) {
        failing += 1;
        break;
      }
    }
  }
  return failing;
}
