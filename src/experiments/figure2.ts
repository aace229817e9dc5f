import { certifiedErrors } from "../cascade/errors.js";
import type { Backend } from "../compute/backend.js";
import type { Network } from "../network/network.js";
import { initialWeights } from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import type { TrainConfig } from "../train/config.js";
import { Trainer } from "../train/trainer.js";
import type { BatchSource } from "../train/training-state.js";

/** One epoch of one curve. Errors on test examples are by deterministic bounds at the radius that training ends with. */
export interface Figure2Point {
  readonly epoch: number;
  readonly epsilon: number;
  readonly trainRobustLoss: number;
  readonly testError: number;
  readonly testRobustError: number;
  /** Of training alone. */
  readonly seconds: number;
}

/** Training with one kind of bounds. */
export interface Figure2Curve {
  readonly projections: TrainConfig["projections"];
  readonly points: readonly Figure2Point[];
}

/** What every curve of the figure shares; curves differ in the bounds that they train with. */
export interface Figure2Settings {
  readonly network: Network;
  readonly config: Omit<TrainConfig, "projections">;
  readonly source: BatchSource;
  /** Certified after every epoch. */
  readonly test: readonly LabelledBatch[];
}

/**
 * Figure 2 of the paper: robust training with projections of several dimensions and with deterministic bounds, from the same
 * weights and batches. Calls `onPoint` after every epoch. Throws the signal's reason.
 */
export async function figure2(
  backend: Backend,
  settings: Figure2Settings,
  projections: readonly TrainConfig["projections"][],
  onPoint: (curve: TrainConfig["projections"], point: Figure2Point) => void = () => {},
  signal?: AbortSignal,
): Promise<Figure2Curve[]> {
  const curves: Figure2Curve[] = [];
  for (const kind of projections) {
    const points = await curveOf(backend, settings, kind, (point) => onPoint(kind, point), signal);
    curves.push({ projections: kind, points });
  }
  return curves;
}

async function curveOf(
  backend: Backend,
  { network, config, source, test }: Figure2Settings,
  projections: TrainConfig["projections"],
  onPoint: (point: Figure2Point) => void,
  signal?: AbortSignal,
): Promise<Figure2Point[]> {
  const own: TrainConfig = { ...config, projections };
  const trainer = new Trainer(
    backend,
    { network, weights: initialWeights(network, config.seed) },
    own,
    source,
  );
  const points: Figure2Point[] = [];
  try {
    for await (const event of trainer.run(signal)) {
      if (event.kind !== "epoch") continue;
      const { epoch, epsilon, robustLoss, seconds } = event.row;
      const ball = { norm: own.norm, epsilon: own.epsilon.end, box: own.box };
      const { error, robustError } = await certifiedErrors([trainer.placed], test, {
        ...ball,
        method: own.bound,
      });
      const trainRobustLoss = robustLoss ?? Number.NaN;
      const point = {
        epoch,
        epsilon,
        trainRobustLoss,
        testError: error,
        testRobustError: robustError,
        seconds,
      };
      points.push(point);
      onPoint(point);
    }
  } finally {
    trainer.dispose();
  }
  signal?.throwIfAborted();
  return points;
}
