import * as z from "zod";
import { SETTING_SCHEMAS } from "./settings/index.js";
import { SUBJECT_SCHEMAS } from "./settings/subject.js";

const SCHEMAS = { ...SUBJECT_SCHEMAS, ...SETTING_SCHEMAS };

/** The order of `run.json` as its first version had it. Settings that came later follow. */
const KEY_ORDER: readonly (keyof typeof SCHEMAS)[] = [
  ...(["data", "model", "norm", "epsilon", "box", "kappa", "warmupEpochs", "bound"] as const),
  ...(["projections", "sketch", "epochs", "testLimit", "evaluation", "batchSize"] as const),
  ...(["augmentation", "optimizer", "gradientClip", "learningRate", "seed", "backend", "dtype"] as const),
];

function inOrder<T extends object>(keys: readonly (keyof T)[], record: T): T {
  const ordered: Partial<T> = {};
  for (const key of keys) ordered[key] = record[key];
  return { ...ordered, ...record };
}

/** Everything that decides a training run's numbers, as it stands in `run.json`. */
export const trainConfigSchema = z.strictObject(inOrder(KEY_ORDER, SCHEMAS));

/** Everything that decides a training run's numbers, as it stands in `run.json`. Made by `configOf`. */
export interface TrainConfig extends z.infer<typeof trainConfigSchema> {}

/** Fractions of test examples, or held-out ones, at the radius that training ends with, by deterministic bounds. */
const testRowSchema = z.strictObject({
  examples: z.int().positive(),
  epsilon: z.number(),
  error: z.number(),
  robustError: z.number(),
  /** Whose errors these are: a cascade's of so many stages, with this model as the last. Absent: the model's own. */
  stages: z.int().min(2).optional(),
  /** Whether these are training examples that were held out, and not test examples. */
  heldOut: z.literal(true).optional(),
});

/** Fractions of test examples at the radius that training ends with, by deterministic bounds. */
export interface TestRow extends z.infer<typeof testRowSchema> {}

/** One epoch of a run; errors are fractions of the training examples seen in it. */
export const epochRowSchema = z.strictObject({
  /** From 1. */
  epoch: z.int().positive(),
  /** At the end of the epoch, as κ is; training's own ball is `overshoot` times as large. */
  epsilon: z.number(),
  kappa: z.number(),
  learningRate: z.number(),
  /** The mean standard loss. */
  loss: z.number(),
  /** Null where no bounds were computed: standard training. */
  robustLoss: z.number().nullable(),
  error: z.number(),
  robustError: z.number().nullable(),
  seconds: z.number(),
  /** Null where this epoch was not evaluated. */
  test: testRowSchema.nullable().default(null),
});

/** One epoch of a run; errors are fractions of the training examples seen in it. */
export interface EpochRow extends z.infer<typeof epochRowSchema> {}
