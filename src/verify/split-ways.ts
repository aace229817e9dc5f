import type { DualOptions } from "../dual/dual-options.js";
import { crownBounds } from "../dual/slopes/tighten.js";
import { countUnstable, unstableNeurons } from "../dual/slopes/unstable-neurons.js";
import type { Subject } from "../network/subject.js";
import type { Question } from "./question.js";
import type { SplitChoice } from "./verify-options.js";

/** Inputs up to which the box itself is split. */
const FEW_INPUTS = 20;
/** Unstable neurons up to which they are split before the inputs. */
const FEW_NEURONS = 60;
/** Of the time that is left, the share of what is split first of two. */
const FIRST_SHARE = 0.6;

/**
 * What is split, one after the other, and the share of the time that is left: inputs where they are few; before them neurons,
 * where those are few as well; else neurons alone. Throws the reason of the limits' signal.
 */
export async function waysToSplit(
  subject: Subject,
  question: Question,
  split: SplitChoice,
  limits: Pick<DualOptions, "budget" | "signal">,
): Promise<readonly { split: "inputs" | "neurons"; share: number }[]> {
  if (split !== "auto") return [{ split, share: 1 }];
  if (question.lower.length > FEW_INPUTS) return [{ split: "neurons", share: 1 }];
  const { bounds } = await crownBounds(subject, question, null, limits);
  const [first, second] =
    countUnstable(unstableNeurons(subject, bounds)) <= FEW_NEURONS
      ? (["neurons", "inputs"] as const)
      : (["inputs", "neurons"] as const);
  return [
    { split: first, share: FIRST_SHARE },
    { split: second, share: 1 },
  ];
}
