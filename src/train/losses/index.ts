import type { Norm } from "../../threat/ball.js";
import type { TrainingAttack } from "./attacked-point.js";
import { crownIbpLoss } from "./crown-ibp.js";
import { dualLoss } from "./dual.js";
import { ibpLoss } from "./ibp.js";
import { mtlIbpLoss } from "./mtl-ibp.js";
import type { RobustLoss } from "./robust-loss.js";
import { sabrLoss } from "./sabr.js";

/**
 * A line of the table: what a loss is in words, and how it is made of a run's configuration. A loss with settings of its
 * own asks for them by their keys, `of: ({ share }: { share: number }) => …`; that a configuration has them is then
 * checked where the trainer calls it.
 */
interface LossEntry<Needs = never> {
  /** As the help of `--loss` names it. */
  readonly words: string;
  readonly of: (config: Needs) => RobustLoss;
  /** Absent: any. */
  readonly norms?: readonly Norm[];
  /** Flags that speak to this loss, and not to every one. */
  readonly hears: readonly LossFlag[];
}

/** A flag of `train` that some losses alone have an ear for. */
export type LossFlag =
  | "bound"
  | "projections"
  | "sketch"
  | "regularization"
  | "intervalShare"
  | "boxShare"
  | "attackSteps"
  | "attackScale";

/** Robust losses by name. */
export const LOSSES = {
  dual: {
    words: "the paper's",
    of: (_config: object) => dualLoss,
    hears: ["bound", "projections", "sketch"],
  },
  ibp: {
    words: "interval bounds",
    of: (_config: object) => ibpLoss,
    norms: ["linf"],
    hears: ["regularization"],
  },
  "crown-ibp": {
    words: "a dual pass between interval bounds",
    of: (_config: object) => crownIbpLoss,
    norms: ["linf"],
    hears: ["bound", "regularization"],
  },
  "mtl-ibp": {
    words: "interval bounds and the loss at an attacked point",
    of: ({ intervalShare, attack }: { intervalShare: number; attack: TrainingAttack }) =>
      mtlIbpLoss(intervalShare, attack),
    norms: ["linf"],
    hears: ["intervalShare", "attackSteps", "attackScale", "regularization"],
  },
  sabr: {
    words: "interval bounds of a small box at an attacked point",
    of: ({ boxShare, attack }: { boxShare: number; attack: TrainingAttack }) => sabrLoss(boxShare, attack),
    norms: ["linf"],
    hears: ["boxShare", "attackSteps", "attackScale", "regularization"],
  },
} as const satisfies Readonly<Record<string, LossEntry>>;

/** The name of a robust loss. */
export type LossName = keyof typeof LOSSES;

/** Every `LossName`, the paper's first. */
export const LOSS_NAMES = Object.keys(LOSSES) as LossName[];

/** Settings of every loss, as they are where nothing is said. */
export const LOSS_DEFAULTS = { intervalShare: 0.5, boxShare: 0.4, attack: { steps: 8, scale: 1 } } as const;

/** The norms of balls that a loss takes; undefined: any. */
export function normsOf(name: LossName): readonly Norm[] | undefined {
  const entry: LossEntry = LOSSES[name];
  return entry.norms;
}

/** Whether a loss has an ear for a flag that some losses alone have one for. */
export function hears(name: LossName, flag: LossFlag): boolean {
  const entry: LossEntry = LOSSES[name];
  return entry.hears.includes(flag);
}

/** Whether a loss trains for interval bounds: those prove most of what it trains, and other bounds little. */
export function isIntervalLoss(name: LossName): boolean {
  return name !== "dual";
}
