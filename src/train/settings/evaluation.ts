import * as z from "zod";
import { type NumberWords, setting } from "./setting.js";

export interface EvaluationSetting {
  readonly evaluation: { readonly every: number; readonly limit: number | null };
}

/** What a run is measured on, on the way and at the end. */
export const EVALUATION = {
  /** Deterministic evaluation of the first `limit` test examples (null: all) after every `every`-th epoch; 0 is never. */
  evaluation: setting({
    schema: z
      .strictObject({ every: z.int().min(0), limit: z.int().positive().nullable() })
      .default({ every: 0, limit: null }),
    flags: {
      evaluateEvery: {
        argument: "<n>",
        help: "epochs from one evaluation on test examples, by deterministic bounds, to the next; 0 is none",
        kind: { type: "whole number", range: { min: 0 } },
        byDefault: 1,
      },
      evaluateLimit: {
        argument: "<n>",
        help: "the first so many test examples, or all, in each of these",
        kind: { type: "whole number", range: { min: 1 }, words: ["all"], example: "1000" },
        byDefault: 100,
      },
    },
    value: ({ evaluateEvery = 0, evaluateLimit = "all" }) => ({
      every: evaluateEvery,
      limit: countOf(evaluateLimit),
    }),
    again: ({ evaluation: { every, limit } }: EvaluationSetting) => ({
      evaluateEvery: every,
      evaluateLimit: limit ?? "all",
    }),
    row: {
      name: "evaluation of epochs",
      words: (
        { evaluation: { every, limit }, validation }: EvaluationSetting & { validation: number },
        say,
      ) => {
        if (every === 0) return "none";
        if (validation > 0) return `every ${every} once epsilon is reached, on the held-out examples`;
        return `every ${every}, on ${limitInWords(limit, say)} test examples`;
      },
    },
  }),
  /** So many training examples are held out: epochs are evaluated on them, and the best one's model is the run's. */
  validation: setting({
    schema: z.int().min(0).default(0),
    flags: {
      validation: {
        argument: "<n>",
        help:
          "training examples that are held out: epochs are evaluated on all of them in place of test examples, and the best one's " +
          "model is the run's",
        kind: { type: "whole number", range: { min: 0 } },
      },
    },
    value: ({ validation = 0 }) => validation,
    again: ({ validation }: { validation: number }) => ({ validation: validation || undefined }),
    row: {
      name: "held-out training examples",
      words: ({ validation }: { validation: number }, say) =>
        validation === 0 ? null : say.count(validation),
    },
  }),
  /** Epochs without a better one after which training ends; null: never. */
  patience: setting({
    schema: z.int().positive().nullable().default(null),
    flags: {
      patience: {
        argument: "<n>",
        help: "epochs at full epsilon without a lower robust error, held-out if there are such examples, after which training ends",
        kind: { type: "whole number", range: { min: 1 } },
      },
    },
    value: ({ patience }) => patience ?? null,
    again: ({ patience }: { patience: number | null }) => ({ patience: patience ?? undefined }),
    row: {
      name: "early stop",
      words: ({ patience }: { patience: number | null }) =>
        patience === null
          ? null
          : `after ${patience} ${patience === 1 ? "epoch" : "epochs"} without a better one`,
    },
  }),
  /** How many test examples are evaluated at the end; null for all. */
  testLimit: setting({
    schema: z.int().positive().nullable(),
    flags: {
      testLimit: {
        argument: "<n>",
        help: "test examples, or all, certified at the end",
        kind: { type: "whole number", range: { min: 1 }, words: ["all"], example: "1000" },
        byDefault: 100,
      },
    },
    value: ({ testLimit = "all" }) => countOf(testLimit),
    again: ({ testLimit }: { testLimit: number | null }) => ({ testLimit: testLimit ?? "all" }),
    row: {
      name: "test examples at the end",
      words: ({ testLimit }: { testLimit: number | null }, say) => limitInWords(testLimit, say),
    },
  }),
};

function countOf(limit: number | "all"): number | null {
  return limit === "all" ? null : limit;
}

function limitInWords(limit: number | null, say: NumberWords): string {
  return limit === null ? "all" : say.count(limit);
}
