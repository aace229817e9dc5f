import { type CascadeVerdict, certifyCascade } from "../cascade/certify-cascade.js";
import { growCascade } from "../cascade/grow.js";
import { remainingExamples } from "../cascade/remaining.js";
import type { Backend } from "../compute/backend.js";
import { random } from "../compute/random.js";
import { linear, relu } from "../network/build-layer.js";
import { type Network, sequential } from "../network/network.js";
import {
  initialWeights,
  type Model,
  type PlacedNetwork,
  releaseParameters,
  uploadWeights,
  type Weights,
} from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import { pickExamples } from "../threat/pick.js";
import type { TrainConfig } from "../train/config.js";
import { Trainer } from "../train/trainer.js";

/** A point of the plane, each coordinate from 0 to 1, and how the cascade up to a stage answers it. */
export interface Figure5Point {
  readonly x: number;
  readonly y: number;
  readonly label: number;
}

/** One stage: how it answers by itself, and what the cascade up to it is worth. */
export interface Figure5Stage {
  /** The numbers of the points that it was trained on. */
  readonly trainedOn: readonly number[];
  /** Of each point: whether this stage certifies its label by itself. */
  readonly certified: readonly boolean[];
  /** The stage's answer at each cell of the grid, row by row from below. */
  readonly answers: readonly number[];
}

export interface Figure5 {
  readonly points: readonly Figure5Point[];
  readonly epsilon: number;
  /** Cells a side. */
  readonly grid: number;
  readonly stages: readonly Figure5Stage[];
  /** Of each point: the stage that answers, whether certified, and the answer. */
  readonly cascade: readonly {
    readonly stage: number;
    readonly certified: boolean;
    readonly prediction: number;
  }[];
  /** At each cell of the grid: the cascade's answer, and the stage that certifies it, or −1. */
  readonly cascadeAnswers: readonly number[];
  readonly cascadeStages: readonly number[];
}

export interface Figure5Settings {
  readonly points: number;
  readonly epsilon: number;
  readonly hidden: number;
  readonly stages: number;
  readonly grid: number;
  readonly seed: number;
  readonly config: TrainConfig;
}

/** Points of two classes, no two of them within 2ε of each other in the ℓ∞ norm: all could be certified. */
export function planePoints({
  points,
  epsilon,
  seed,
}: Pick<Figure5Settings, "points" | "epsilon" | "seed">): Figure5Point[] {
  const source = random(seed, "figure5");
  const apart = 2.2 * epsilon;
  const found: Figure5Point[] = [];
  for (let tries = 0; found.length < points && tries < 100_000; tries++) {
    const [x, y] = [source.uniform(), source.uniform()];
    if (found.every((other) => Math.max(Math.abs(other.x - x), Math.abs(other.y - y)) > apart)) {
      found.push({ x, y, label: found.length % 2 });
    }
  }
  return found;
}

/**
 * Figure 5 of the paper: a cascade on points of the plane. Each stage is trained on the points that no stage before it
 * certifies (Algorithm 2). Throws the signal's reason.
 */
export async function figure5(
  backend: Backend,
  settings: Figure5Settings,
  onStage: (stage: number) => void | Promise<void> = () => {},
  signal?: AbortSignal,
): Promise<Figure5> {
  const { epsilon, hidden, grid, config, seed } = settings;
  const points = planePoints(settings);
  const ball: BallSpec = { norm: "linf", epsilon, box: null };
  const network = sequential([2], [linear(hidden), relu(), linear(hidden), relu(), linear(2)]);
  const x = Float64Array.from([...points.map((point) => point.x), ...points.map((point) => point.y)]);
  const labels = Int32Array.from(points, ({ label }) => label);
  const cells = gridCentres(grid);
  const placed: PlacedNetwork[] = [];
  const stages: Figure5Stage[] = [];
  try {
    await growCascade<PlacedNetwork>({
      stages: settings.stages,
      begun: [],
      remaining: (own) => remainingExamples(own, [{ x, labels }], ball),
      async train(own, examples) {
        const left = examples ?? points.map((_, b) => b);
        const batch = pickExamples({ x, labels }, points.length, left);
        const weights = await trained(
          backend,
          network,
          { ...config, seed: seed + own.length },
          batch,
          signal,
        );
        const parameters = uploadWeights(backend, { network, weights } satisfies Model);
        const stage: PlacedNetwork = { backend, network, parameters };
        placed.push(stage);
        const alone = await certifyCascade([stage], { x, labels }, { ...ball, against: "label" });
        const answers = await certifyCascade([stage], { x: cells }, { ...ball, epsilon: 0 });
        stages.push({
          trainedOn: left,
          certified: alone.examples.map(({ certified }) => certified),
          answers: answers.examples.map(({ prediction }) => prediction),
        });
        return stage;
      },
      onStage: (own) => onStage(own.length - 1),
    });
    const cascade = await certifyCascade(placed, { x }, ball);
    const everywhere = await certifyCascade(placed, { x: cells }, ball);
    return {
      points,
      epsilon,
      grid,
      stages,
      cascade: cascade.examples.map(({ stage, certified, prediction }) => ({ stage, certified, prediction })),
      cascadeAnswers: everywhere.examples.map(({ prediction }) => prediction),
      cascadeStages: everywhere.examples.map(certifyingStage),
    };
  } finally {
    for (const { parameters } of placed) releaseParameters(parameters);
  }
}

function certifyingStage({ stage, certified }: CascadeVerdict): number {
  return certified ? stage : -1;
}

/** Centres of the cells of a grid over the unit square, `[2, grid²]`, row by row from below. */
function gridCentres(grid: number): Float64Array {
  const count = grid * grid;
  return Float64Array.from({ length: 2 * count }, (_, i) => {
    const cell = i % count;
    return ((i < count ? cell % grid : Math.floor(cell / grid)) + 0.5) / grid;
  });
}

/** Trains on all points at once, an epoch per step. Throws the signal's reason. */
async function trained(
  backend: Backend,
  network: Network,
  config: TrainConfig,
  batch: { readonly x: Float64Array; readonly labels: Int32Array },
  signal?: AbortSignal,
): Promise<Weights> {
  const source = { batchesPerEpoch: 1, batch: () => batch };
  const trainer = new Trainer(
    backend,
    { network, weights: initialWeights(network, config.seed) },
    config,
    source,
  );
  try {
    for await (const _event of trainer.run(signal)) {
      // An epoch is one step here: there is nothing to tell.
    }
    signal?.throwIfAborted();
    return (await trainer.state()).weights;
  } finally {
    trainer.dispose();
  }
}
