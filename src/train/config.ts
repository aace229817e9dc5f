import * as z from "zod";
import { RAMP_SHAPES } from "./schedule.js";

/** Where a run's examples came from, so that a resumed run can check that they are the same. */
export const dataConfigSchema = z.strictObject({
  /** As `loadDataset` takes it. */
  name: z.string(),
  count: z.int().positive(),
  /** Of one example. */
  shape: z.array(z.int().positive()),
  classes: z.int().positive(),
  /** The first so many examples only; null for all. */
  limit: z.int().positive().nullable(),
  /** Searched first for files of a published data set. */
  dataDir: z.string().nullable(),
  /** Of generated data. */
  seed: z.int(),
  /** Of pixels and labels of all of them, hexadecimal; null where a run of another version did not say. */
  sha256: z.string().nullable().default(null),
  /** Whether the run trains on the examples that its folder lists alone, of which there are `count`. */
  listed: z.boolean().default(false),
  /** The checksum of the test examples that the run is measured on; absent where a run did not say. */
  testSha256: z.string().optional(),
});

const rampSchema = z.strictObject({
  start: z.number(),
  end: z.number(),
  epochs: z.number(),
  shape: z.enum(RAMP_SHAPES).default("linear"),
});

const optimizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("adam"), weightDecay: z.number().min(0) }),
  z.strictObject({
    kind: z.literal("sgd"),
    momentum: z.number().min(0).lt(1),
    weightDecay: z.number().min(0),
  }),
]);

/** Everything that decides a training run's numbers, as it stands in `run.json`. */
export const trainConfigSchema = z.strictObject({
  data: dataConfigSchema,
  /** The name of an architecture, or the file of a model to begin with. */
  model: z.string(),
  norm: z.enum(["linf", "l2", "l1"]),
  /** The radius, in the units of the data. */
  epsilon: rampSchema,
  /** What the ℓ∞ ball is cut by. */
  box: z.tuple([z.number(), z.number()]).nullable(),
  /** The weight of the robust loss. */
  kappa: rampSchema,
  /** Epochs on the standard loss alone, before the ramps begin. */
  warmupEpochs: z.int().min(0).default(0),
  bound: z.enum(["parallel", "adaptive"]),
  /** See `TrainingProjections`. */
  projections: z.union([z.literal("exact"), z.literal("auto"), z.int().positive()]),
  sketch: z.enum(["joint", "per-term"]).default("joint"),
  epochs: z.int().positive(),
  /** How many test examples are evaluated at the end; null for all. */
  testLimit: z.int().positive().nullable(),
  /** Exact evaluation of the first `limit` test examples (null: all) after every `every`-th epoch; 0 is never. */
  evaluation: z
    .strictObject({ every: z.int().min(0), limit: z.int().positive().nullable() })
    .default({ every: 0, limit: null }),
  batchSize: z.int().positive(),
  /** Random flips, and crops of images padded by so many pixels. */
  augmentation: z
    .strictObject({ flip: z.boolean(), crop: z.int().min(0) })
    .nullable()
    .default(null),
  optimizer: optimizerSchema,
  /** The most that the ℓ2 norm of all gradients together may be. */
  gradientClip: z.number().positive().nullable().default(null),
  /** Multiplied by `factor` every `every` epochs after the first `after`, or with `every` = 0 never. */
  learningRate: z.strictObject({
    rate: z.number().positive(),
    factor: z.number().positive(),
    every: z.int().min(0),
    after: z.int().min(0),
  }),
  seed: z.int(),
  /** `native` or `reference`. */
  backend: z.string(),
  dtype: z.enum(["float32", "float64"]),
});

/** Everything that decides a training run's numbers, as it stands in `run.json`. Made by `configOf`. */
export interface TrainConfig extends z.infer<typeof trainConfigSchema> {}

/** Fractions of test examples at the radius that training ends with, by exact bounds. */
const testRowSchema = z.strictObject({
  examples: z.int().positive(),
  epsilon: z.number(),
  error: z.number(),
  robustError: z.number(),
  /** Whose errors these are: a cascade's of so many stages, with this model as the last. Absent: the model's own. */
  stages: z.int().min(2).optional(),
});

/** Fractions of test examples at the radius that training ends with, by exact bounds. */
export interface TestRow extends z.infer<typeof testRowSchema> {}

/** One epoch of a run; errors are fractions of the training examples seen in it. */
export const epochRowSchema = z.strictObject({
  /** From 1. */
  epoch: z.int().positive(),
  /** At the end of the epoch, as κ is. */
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
