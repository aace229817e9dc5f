import * as z from "zod";

/** Where a run's examples came from, so that a resumed run can check that they are the same. */
export const dataConfigSchema = z.strictObject({
  name: z.string(),
  count: z.int().positive(),
  shape: z.array(z.int().positive()),
  classes: z.int().positive(),
  limit: z.int().positive().nullable(),
  dataDir: z.string().nullable(),
  seed: z.int(),
});

const rampSchema = z.strictObject({ start: z.number(), end: z.number(), epochs: z.number() });

/** Everything that decides a training run's numbers, as it stands in `run.json`. */
export const trainConfigSchema = z.strictObject({
  data: dataConfigSchema,
  model: z.string(),
  norm: z.enum(["linf", "l2", "l1"]),
  epsilon: rampSchema,
  box: z.tuple([z.number(), z.number()]).nullable(),
  kappa: rampSchema,
  bound: z.enum(["parallel", "adaptive"]),
  /** Exact bounds, or the dimension of random projections wherever a layer is wider than that. */
  projections: z.union([z.literal("exact"), z.int().positive()]),
  sketch: z.enum(["joint", "per-term"]).default("joint"),
  epochs: z.int().positive(),
  /** How many test examples are evaluated at the end. */
  testLimit: z.int().positive(),
  batchSize: z.int().positive(),
  optimizer: z.strictObject({ kind: z.literal("adam"), weightDecay: z.number().min(0) }),
  learningRate: z.strictObject({
    rate: z.number().positive(),
    factor: z.number().positive(),
    every: z.int().min(0),
    after: z.int().min(0),
  }),
  seed: z.int(),
  backend: z.string(),
  dtype: z.enum(["float32", "float64"]),
});

export type TrainConfig = z.infer<typeof trainConfigSchema>;

/** One epoch of a run; errors are fractions of the training examples seen in it. */
export const epochRowSchema = z.strictObject({
  epoch: z.int().positive(),
  epsilon: z.number(),
  kappa: z.number(),
  learningRate: z.number(),
  loss: z.number(),
  /** Null where no bounds were computed: standard training. */
  robustLoss: z.number().nullable(),
  error: z.number(),
  robustError: z.number().nullable(),
  seconds: z.number(),
});

export type EpochRow = z.infer<typeof epochRowSchema>;
