import { type ExampleRadius, nextEpsilon } from "../certify/radius.js";
import { Deadline } from "../compute/deadline.js";
import type { Subject } from "../network/subject.js";
import type { Box, BoxByFeature } from "../threat/box.js";
import type { Evaluation } from "../threat/evaluation.js";
import { robustness } from "./robustness.js";
import { verify } from "./verify.js";

export interface SearchRadiusOptions {
  readonly box: Box | BoxByFeature | null;
  /** No larger ε is tried. */
  readonly most: number;
  readonly tolerance: number;
  /** Of the whole example, in seconds. */
  readonly timeout: number;
  readonly seed: number;
  /** The evaluation of the network that radii are to hold for. Default: that of its own numbers. */
  readonly evaluation?: Evaluation;
  readonly memoryBytes?: number;
  readonly signal?: AbortSignal;
}

/** What attack and branch and bound make of an example's radius. */
export interface SearchedRadius {
  readonly radius: number;
  /** An ε within which an input of another class was found; null where none was. */
  readonly broken: number | null;
}

/** Of the time that is left, what one ε may take. */
const SHARE = 0.4;

/**
 * Widens a certified ℓ∞ radius by the ladder of `verify`: attacks bring the smallest broken ε down, proofs bring the radius
 * up, until they meet, no ε between can be settled, or time runs out.
 */
export async function searchRadius(
  subject: Subject,
  x: Float64Array,
  { prediction, radius: start }: ExampleRadius,
  options: SearchRadiusOptions,
): Promise<SearchedRadius> {
  const { box, most, tolerance, timeout, seed, evaluation, memoryBytes, signal } = options;
  const deadline = Deadline.in(timeout, signal);
  let radius = start;
  let broken: number | null = null;
  // The smallest ε that could be neither proved nor broken in the time that it was given.
  let open: number | null = null;
  while (!deadline.passed && radius < most) {
    const end = Math.min(open ?? Number.POSITIVE_INFINITY, broken ?? Number.POSITIVE_INFINITY);
    if (end - radius <= tolerance) break;
    const tried = nextEpsilon({ radius, open: Number.isFinite(end) ? end : null }, most);
    const { answer } = await verify(
      subject,
      robustness(x, { epsilon: tried, box, prediction, classes: subject.network.classes }),
      {
        timeout: SHARE * deadline.left,
        seed,
        ...(evaluation && { evaluation }),
        ...(memoryBytes !== undefined && { memoryBytes }),
        ...(signal && { signal }),
      },
    );
    if (answer === "holds") radius = tried;
    else if (answer === "violated") broken = tried;
    else open = tried;
  }
  return { radius, broken };
}
