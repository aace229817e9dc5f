import { benchTrainStep } from "../../bench/steps.js";
import { nextTurn } from "../../compute/deadline.js";
import { type TrainingProjections, trainingEstimator } from "../../estimators/training.js";
import { benchSubjects } from "../bench-subjects.js";
import type { TableContent } from "../table.js";
import { formatCount } from "../wording.js";
import type { Target } from "./target.js";

/** One network of the table; the seconds of an epoch are a step's median times the steps of an epoch. */
interface EpochCost {
  readonly data: string;
  readonly model: string;
  readonly hiddenUnits: number;
  readonly parameters: number;
  readonly secondsAStep: number;
  readonly secondsAnEpoch: number;
  readonly peakMemoryMB: number;
}

/** With the training examples of an epoch. */
const DATA = [
  { data: "mnist", examples: 60_000 },
  { data: "cifar10", examples: 50_000 },
];
/** The paper's. */
const MODELS = ["small", "large", "resnet"];
const BATCH = 50;
const PROJECTIONS: TrainingProjections = 50;

/** Hidden units, parameters and the time of an epoch of robust training, for each of the paper's networks (Table 1). */
export const table1Target: Target = {
  name: "table1",
  flags: ["model", "dataDir", "projections"],
  async run(
    { model: models = MODELS, dataDir, projections = [PROJECTIONS], seed },
    { backend },
    output,
    signal,
  ) {
    const peakGflops = await backend.peakGflops();
    const costs: EpochCost[] = [];
    const progress = output.progress({
      label: "networks",
      unit: "networks",
      total: DATA.length * models.length,
    });
    const [first] = projections;
    try {
      for (const { data, examples } of DATA) {
        const flags = { data, dataDir, norm: "linf", batch: BATCH, limit: BATCH, seed } as const;
        const subjects = await benchSubjects(backend, "train-step", { ...flags, model: models });
        for (const [i, subject] of subjects.entries()) {
          const dual = (step: number) => {
            const estimator = trainingEstimator(first, { form: "joint", seed, path: ["table1", step] });
            return estimator ? { estimator } : {};
          };
          const options = { warmup: 1, least: 3, seconds: 3 };
          const { seconds, batch, peakMemoryMB } = await benchTrainStep(backend, subject, dual, options);
          const { hiddenUnits, parameterCount } = subject.model.network;
          costs.push({
            data,
            model: models[i],
            hiddenUnits,
            parameters: parameterCount,
            secondsAStep: seconds,
            secondsAnEpoch: (seconds * examples) / batch,
            peakMemoryMB,
          });
          progress.update(costs.length, subject.name);
          await nextTurn();
          if (signal.aborted) return null;
        }
      }
    } finally {
      progress.stop();
    }
    return {
      record: { peakGflops, threads: backend.threads, batch: BATCH, projections: first, networks: costs },
      figure: null,
      table: tableOf(costs),
      words:
        `A robust training step of ${BATCH} examples, ${boundsInWords(first)}, ` +
        "with random weights; an epoch is its median times the steps of an epoch.",
    };
  },
};

function boundsInWords(projections: TrainingProjections): string {
  if (projections === "exact") return "deterministic bounds";
  return projections === "auto" ? projections : `r = ${projections}`;
}

function tableOf(costs: readonly EpochCost[]): TableContent {
  return {
    head: ["data", "model", "hidden units", "parameters", "s per epoch", "memory MB"],
    rows: costs.map(({ data, model, hiddenUnits, parameters, secondsAnEpoch, peakMemoryMB }) => [
      data,
      model,
      formatCount(hiddenUnits),
      formatCount(parameters),
      secondsAnEpoch.toFixed(0),
      peakMemoryMB.toFixed(0),
    ]),
  };
}
