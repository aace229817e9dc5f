import * as z from "zod";
import { INITIALIZATIONS, type InitializationName } from "../../network/weights.js";
import type { TrainingAttack } from "../losses/attacked-point.js";
import { hears, LOSS_DEFAULTS, LOSS_NAMES, LOSSES, type LossFlag, type LossName } from "../losses/index.js";
import { setting } from "./setting.js";

export interface LossConfig {
  readonly loss: LossName;
  readonly intervalShare: number;
  readonly boxShare: number;
  readonly attack: TrainingAttack;
}

/** What settings say by name, where the loss has an ear for it. */
function heard<T>(loss: LossName, flag: LossFlag, value: T): T | undefined {
  return hears(loss, flag) ? value : undefined;
}

function sharesInWords(
  loss: LossName,
  { intervalShare, boxShare, attack }: Omit<LossConfig, "loss">,
): string {
  if (!hears(loss, "attackSteps")) return "";
  const share = loss === "sabr" ? `a box of ${boxShare}` : `a share of ${intervalShare}`;
  return `, ${share}, attacks of ${attack.steps} steps within ${attack.scale} epsilon`;
}

/** What is minimised. Settings of single losses stand here as well. */
export const LOSS = {
  loss: setting({
    schema: z.enum(LOSS_NAMES).default("dual"),
    flags: {
      loss: {
        argument: "<name>",
        help: `the robust loss: ${LOSS_NAMES.map((name) => `${name} (${LOSSES[name].words})`).join(", ")}`,
        kind: { type: "choice", choices: LOSS_NAMES },
      },
    },
    value: (_given, { loss }) => loss,
    again: ({ loss }: { loss: LossName }) => ({ loss }),
    row: {
      name: "robust loss",
      words: ({ loss, ...config }: LossConfig) =>
        loss === "dual" ? null : `${loss}${sharesInWords(loss, config)}`,
    },
  }),
  /** Of `mtl-ibp`. Their words stand with the loss. */
  intervalShare: setting({
    schema: z.number().min(0).max(1).default(LOSS_DEFAULTS.intervalShare),
    flags: {
      intervalShare: {
        argument: "<a>",
        help:
          "of mtl-ibp: the share of the interval loss, the rest being that at the attacked point (default: " +
          `${LOSS_DEFAULTS.intervalShare}, or the settings')`,
        kind: { type: "number", range: { min: 0, max: 1 }, example: "0.5" },
      },
    },
    value: ({ intervalShare }, { named, loss }) =>
      intervalShare ?? heard(loss, "intervalShare", named.intervalShare) ?? LOSS_DEFAULTS.intervalShare,
    again: ({ intervalShare }: LossConfig) => ({
      intervalShare: intervalShare === LOSS_DEFAULTS.intervalShare ? undefined : intervalShare,
    }),
  }),
  /** Of `sabr`. */
  boxShare: setting({
    schema: z.number().min(0).max(1).default(LOSS_DEFAULTS.boxShare),
    flags: {
      boxShare: {
        argument: "<a>",
        help: `of sabr: the small box's radius by that of the attack (default: ${LOSS_DEFAULTS.boxShare}, or the settings')`,
        kind: { type: "number", range: { min: 0, max: 1 }, example: "0.4" },
      },
    },
    value: ({ boxShare }, { named, loss }) =>
      boxShare ?? heard(loss, "boxShare", named.boxShare) ?? LOSS_DEFAULTS.boxShare,
    again: ({ boxShare }: LossConfig) => ({
      boxShare: boxShare === LOSS_DEFAULTS.boxShare ? undefined : boxShare,
    }),
  }),
  /** Of losses that attack. */
  attack: setting({
    schema: z
      .strictObject({ steps: z.int().positive(), scale: z.number().positive() })
      .default(LOSS_DEFAULTS.attack),
    flags: {
      attackSteps: {
        argument: "<n>",
        help: "of mtl-ibp and sabr: gradient steps of the attack (default: 8, or the settings')",
        kind: { type: "whole number", range: { min: 1 } },
      },
      attackScale: {
        argument: "<s>",
        help: "of mtl-ibp and sabr: the radius of the attack by epsilon (default: 1, or the settings')",
        kind: { type: "number", range: { above: 0 }, example: "2" },
      },
    },
    value: ({ attackSteps, attackScale }, { named, loss }) => {
      const attack = heard(loss, "attackSteps", named.attack) ?? LOSS_DEFAULTS.attack;
      return { steps: attackSteps ?? attack.steps, scale: attackScale ?? attack.scale };
    },
    again: ({ attack: { steps, scale } }: LossConfig) => ({
      attackSteps: steps === LOSS_DEFAULTS.attack.steps ? undefined : steps,
      attackScale: scale === LOSS_DEFAULTS.attack.scale ? undefined : scale,
    }),
  }),
  /** Of interval bounds, while epsilon rises. */
  regularization: setting({
    schema: z.number().min(0).default(0),
    flags: {
      regularization: {
        argument: "<w>",
        help:
          "of all losses but dual: weight of what keeps interval bounds tight and neurons in balance, faded out as epsilon reaches " +
          "its end (default: 0, or the settings')",
        kind: { type: "number", range: { min: 0 }, example: "0.5" },
      },
    },
    value: ({ regularization }, { named, loss }) =>
      regularization ?? heard(loss, "regularization", named.regularization) ?? 0,
    again: ({ regularization }: { regularization: number }) => ({
      regularization: regularization || undefined,
    }),
    row: {
      name: "regularisation of boxes",
      words: ({ regularization }: { regularization: number }) =>
        regularization === 0 ? null : `${regularization}, until epsilon is reached`,
    },
  }),
  /** How weights start. */
  initialization: setting({
    schema: z.enum(INITIALIZATIONS).default("standard"),
    flags: {
      initialization: {
        argument: "<name>",
        help:
          "how the weights of a named architecture start: standard, or ibp, so that boxes keep their width (default: standard, or " +
          "the settings')",
        kind: { type: "choice", choices: INITIALIZATIONS },
      },
    },
    value: ({ initialization }, { named }) =>
      (initialization as InitializationName | undefined) ?? named.initialization ?? "standard",
    again: ({ initialization }: { initialization: InitializationName }) => ({
      initialization: initialization === "standard" ? undefined : initialization,
    }),
    row: {
      name: "starting weights",
      words: ({ initialization }: { initialization: InitializationName }) =>
        initialization === "standard" ? null : "for interval bounds",
    },
  }),
};
