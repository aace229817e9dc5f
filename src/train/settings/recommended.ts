import type { Norm } from "../../threat/ball.js";
import type { TrainOverrides } from "./index.js";

/** Named settings for a training that asks for none, and why; `why` is null where nothing was measured that speaks for others. */
export interface Recommendation {
  readonly settings: string;
  readonly why: string | null;
}

/** What trainings of one data set and of ℓ∞ balls from some ε on came to, in results/. */
interface MeasuredTraining {
  readonly data: readonly string[];
  readonly from: number;
  /** Radii from here on are too far from the one that was measured; absent: none is. */
  readonly below?: number;
  readonly settings: string;
  readonly why: string;
}

const MEASURED: readonly MeasuredTraining[] = [
  {
    data: ["mnist"],
    from: 0.2,
    settings: "ibp-mnist",
    why: "at epsilon 0.3 the paper's loss leaves three times as many errors of the small network possible",
  },
  {
    data: ["cifar10"],
    from: 1 / 255,
    below: 4 / 255,
    settings: "mtl-ibp-cifar10",
    why:
      "at epsilon 2/255, with --model cnn5-16 and then certify --each 20, they leave four fifths of the errors possible that the paper's " +
      "loss leaves of the small network",
  },
  {
    data: ["cifar10"],
    from: 6 / 255,
    settings: "ibp-cifar10",
    why:
      "at epsilon 8/255, with --model cnn5-16, they leave seven eighths of the errors possible that the paper's loss leaves of the " +
      "small network",
  },
];

const DEFAULT = "plain";

/** The settings that were asked for, or, where neither settings nor a loss nor projections were, those that measured results speak for. */
export function recommendedSettings(
  subject: { readonly data: string; readonly norm: Norm; readonly epsilon: number },
  given: Pick<TrainOverrides, "loss" | "projections"> & { readonly settings?: string | undefined },
): Recommendation {
  if (given.settings !== undefined) return { settings: given.settings, why: null };
  if (given.loss !== undefined || given.projections !== undefined || subject.norm !== "linf") {
    return { settings: DEFAULT, why: null };
  }
  const best = MEASURED.findLast(
    ({ data, from, below = Number.POSITIVE_INFINITY }) =>
      data.includes(subject.data) && subject.epsilon >= from && subject.epsilon < below,
  );
  return best ?? { settings: DEFAULT, why: null };
}
