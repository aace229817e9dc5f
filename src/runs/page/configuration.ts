import type { TrainConfig } from "../../train/config.js";
import { formatBall, formatCount, formatEpsilon, formatNumber } from "../../report/wording.js";

type Rows = readonly (readonly [name: string, value: string])[];

/** A training's configuration in words. */
export function configurationRows(config: TrainConfig): Rows {
  const { data, norm, epsilon, kappa, box, optimizer, learningRate, augmentation, evaluation } = config;
  const { rate, factor, every, after } = learningRate;
  return [
    ["data", `${data.name}, ${formatCount(data.count)} training examples of ${data.shape.join(" × ")}`],
    ...(data.sha256 === null ? [] : [["checksum of the data", data.sha256] as const]),
    ["model", config.model],
    ["ball", formatBall({ norm, epsilon: epsilon.end, box })],
    [
      "epsilon",
      `from ${formatNumber(epsilon.start)} to ${formatEpsilon(epsilon.end)} in ${epsilon.epochs} epochs, ${epsilon.shape}`,
    ],
    [
      "weight of the robust loss",
      kappa.start === kappa.end ? String(kappa.end) : `${kappa.start} to ${kappa.end}`,
    ],
    ["bounds in training", `${config.bound}, ${projectionsInWords(config)}`],
    [
      "epochs",
      `${config.epochs}${config.warmupEpochs > 0 ? `, ${config.warmupEpochs} of them warm-up` : ""}`,
    ],
    ["batch", String(config.batchSize)],
    [
      "optimizer",
      optimizer.kind === "sgd"
        ? `sgd, momentum ${optimizer.momentum}, weight decay ${optimizer.weightDecay}`
        : `adam, weight decay ${optimizer.weightDecay}`,
    ],
    [
      "learning rate",
      every === 0 ? String(rate) : `${rate}, times ${factor} every ${every} epochs after ${after}`,
    ],
    ["gradient clip", config.gradientClip === null ? "none" : String(config.gradientClip)],
    [
      "augmentation",
      augmentation === null ? "none" : `${augmentation.flip ? "flips, " : ""}crops by ${augmentation.crop}`,
    ],
    [
      "evaluation of epochs",
      evaluation.every === 0
        ? "none"
        : `every ${evaluation.every}, on ${limitInWords(evaluation.limit)} test examples`,
    ],
    ["test examples at the end", limitInWords(config.testLimit)],
    ["seed", String(config.seed)],
    ["backend", `${config.backend}, ${config.dtype}`],
  ];
}

function projectionsInWords({ projections, sketch }: TrainConfig): string {
  if (projections === "exact") return "exact";
  return `${projections === "auto" ? "random projections where cheaper" : `r = ${projections} random projections`}, ${sketch}`;
}

function limitInWords(limit: number | null): string {
  return limit === null ? "all" : formatCount(limit);
}

/** Versions and machine, as they stand in `run.json`. */
export function circumstanceRows(
  versions: Readonly<Record<string, string>>,
  machine: Readonly<Record<string, string | number>>,
): Rows {
  const names: Readonly<Record<string, string>> = { memoryGB: "memory, GB", arch: "architecture" };
  return [
    ...Object.entries(versions),
    ...Object.entries(machine).map(([name, value]) => [names[name] ?? name, String(value)] as const),
  ];
}
