import * as z from "zod";
import { UsageError } from "../../errors.js";
import type { OptimizerSettings } from "../optimizer.js";
import type { StepDecay } from "../schedule.js";
import { setting } from "./setting.js";

const optimizerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("adam"), weightDecay: z.number().min(0) }),
  z.strictObject({
    kind: z.literal("sgd"),
    momentum: z.number().min(0).lt(1),
    weightDecay: z.number().min(0),
  }),
]);

/** What a step takes, and what it does with its gradients. */
export const OPTIMIZER = {
  batchSize: setting({
    schema: z.int().positive(),
    flags: {
      batch: {
        argument: "<n>",
        help: "examples of a step (default: the settings', 50 or 96)",
        kind: { type: "whole number", range: { min: 1 } },
      },
    },
    value: ({ batch }, { named }) => batch ?? named.batchSize,
    again: ({ batchSize }: { batchSize: number }) => ({ batch: batchSize }),
    row: { name: "batch", words: ({ batchSize }: { batchSize: number }) => String(batchSize) },
  }),
  optimizer: setting({
    schema: optimizerSchema,
    flags: {
      optimizer: {
        argument: "<name>",
        help: "adam or sgd (default: the settings')",
        kind: { type: "choice", choices: ["adam", "sgd"] },
      },
      momentum: {
        argument: "<m>",
        help: "of sgd (default: 0.9)",
        kind: { type: "number", range: { min: 0, max: 0.999 }, example: "0.9" },
      },
      weightDecay: {
        argument: "<w>",
        help: "added to gradients, times the weights (default: the settings')",
        kind: { type: "number", range: { min: 0 }, example: "5e-4" },
      },
    },
    value: ({ optimizer, momentum, weightDecay }, { named: { optimizer: named } }) => {
      const kind = optimizer ?? named.kind;
      const decay = weightDecay ?? named.weightDecay;
      if (kind === "sgd") {
        const own = momentum ?? (named.kind === "sgd" ? named.momentum : 0.9);
        return { kind, momentum: own, weightDecay: decay };
      }
      if (momentum === undefined) return { kind, weightDecay: decay };
      throw new UsageError("--momentum: expected with --optimizer sgd alone, found with adam");
    },
    again: ({ optimizer }: { optimizer: OptimizerSettings }) => ({
      optimizer: optimizer.kind,
      momentum: optimizer.kind === "sgd" ? optimizer.momentum : undefined,
      weightDecay: optimizer.weightDecay || undefined,
    }),
    row: {
      name: "optimizer",
      words: ({ optimizer }: { optimizer: OptimizerSettings }) =>
        optimizer.kind === "sgd"
          ? `sgd, momentum ${optimizer.momentum}, weight decay ${optimizer.weightDecay}`
          : `adam, weight decay ${optimizer.weightDecay}`,
    },
  }),
  /** Weight of Σ|w| over matrices and kernels. */
  l1: setting({
    schema: z.number().min(0).default(0),
    flags: {
      l1: {
        argument: "<w>",
        help: "weight of the l1 norm of matrices and kernels (default: 0, or the settings')",
        kind: { type: "number", range: { min: 0 }, example: "1e-6" },
      },
    },
    value: ({ l1 }, { named }) => l1 ?? named.l1 ?? 0,
    again: ({ l1 }: { l1: number }) => ({ l1 }),
    row: { name: "l1 of weights", words: ({ l1 }: { l1: number }) => (l1 === 0 ? null : String(l1)) },
  }),
  /** Of so many last epochs the mean of the weights is the model; 0: none. */
  averageEpochs: setting({
    schema: z.int().min(0).default(0),
    flags: {
      averageEpochs: {
        argument: "<n>",
        help: "the model's weights are the mean of those of the last n epochs (default: 0, or the settings')",
        kind: { type: "whole number", range: { min: 0 } },
      },
    },
    value: ({ averageEpochs }, { named }) => averageEpochs ?? named.averageEpochs ?? 0,
    again: ({ averageEpochs }: { averageEpochs: number }) => ({ averageEpochs }),
    row: {
      name: "weights averaged",
      words: ({ averageEpochs }: { averageEpochs: number }) =>
        averageEpochs === 0 ? null : `over the last ${averageEpochs} epochs`,
    },
  }),
  /** Multiplied by `factor` every `every` epochs after the first `after`, or with `every` = 0 never. */
  learningRate: setting({
    schema: z.strictObject({
      rate: z.number().positive(),
      factor: z.number().positive(),
      every: z.int().min(0),
      after: z.int().min(0),
    }),
    flags: {
      rate: {
        argument: "<r>",
        help: "learning rate (default: the settings')",
        kind: { type: "number", range: { above: 0 }, example: "0.001" },
        after: "optimizer",
      },
      rateDecayFactor: {
        argument: "<f>",
        help: "what the rate is multiplied by (default: 0.5)",
        kind: { type: "number", range: { above: 0 }, example: "0.5" },
      },
      rateDecayEvery: {
        argument: "<n>",
        help: "epochs from one decay to the next; 0 is none (default: 10, or in proportion to --epochs)",
        kind: { type: "whole number", range: { min: 0 } },
      },
      rateDecayAfter: {
        argument: "<n>",
        help: "epochs before the first decay counts (default: until epsilon is reached)",
        kind: { type: "whole number", range: { min: 0 } },
      },
    },
    value: ({ rate, rateDecayFactor, rateDecayEvery, rateDecayAfter }, { named, course }) => ({
      rate: rate ?? named.learningRate,
      factor: rateDecayFactor ?? named.decayFactor,
      every: rateDecayEvery ?? named.decayEvery(course.epochs),
      after: rateDecayAfter ?? course.warmupEpochs + course.scheduleEpochs,
    }),
    again: ({ learningRate: { rate, factor, every, after } }: { learningRate: StepDecay }) => ({
      rate,
      rateDecayFactor: factor,
      rateDecayEvery: every,
      rateDecayAfter: after,
    }),
    row: {
      name: "learning rate",
      words: ({ learningRate: { rate, factor, every, after } }: { learningRate: StepDecay }) =>
        every === 0 ? String(rate) : `${rate}, times ${factor} every ${every} epochs after ${after}`,
    },
  }),
  /** The most that the ℓ2 norm of all gradients together may be. */
  gradientClip: setting({
    schema: z.number().positive().nullable().default(null),
    flags: {
      clip: {
        argument: "<c>",
        help: "the most that the l2 norm of all gradients together may be, or none (default: the settings')",
        kind: { type: "number", range: { above: 0 }, words: ["none"], example: "1, or none" },
        after: "weightDecay",
      },
    },
    value: ({ clip }, { named }) => (clip === "none" ? null : (clip ?? named.gradientClip)),
    again: ({ gradientClip }: { gradientClip: number | null }) => ({ clip: gradientClip ?? undefined }),
    row: {
      name: "gradient clip",
      words: ({ gradientClip }: { gradientClip: number | null }) =>
        gradientClip === null ? "none" : String(gradientClip),
    },
  }),
};
