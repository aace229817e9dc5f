import type { Deadline } from "../compute/deadline.js";
import { NO_CLASS } from "../network/predict.js";
import { sizeOf } from "../network/shape.js";
import type { PlacedNetwork } from "../network/weights.js";
import { type Batch, countExamples } from "../threat/batch.js";
import { pickColumns } from "../threat/pick.js";
import { type CertifyOptions, certifyBatch } from "./certify.js";
import { predictions } from "./predictions.js";

/** How far and how finely `certifiedRadii` searches. */
export interface RadiusOptions extends Omit<CertifyOptions, "epsilon"> {
  /** No larger ε is tried. */
  readonly most: number;
  /** The search ends when it knows the largest certified ε to this, in ε's own units. */
  readonly tolerance: number;
  /** Ends the search; radii are then the largest that were certified by then. */
  readonly deadline?: Deadline;
}

/** The largest ε found at which an example is certified; 0 where none is. */
export interface ExampleRadius {
  /** The model's answer; −1 where its logits are not numbers. */
  readonly prediction: number;
  /** Certified: no change within it alters the prediction. */
  readonly radius: number;
  /** Not certified by these bounds: the smallest ε that was tried in vain, or null where `most` is certified. */
  readonly open: number | null;
}

/** The first ε that is tried, as a fraction of the largest. */
const FIRST = 1 / 16;

/**
 * The largest certified ε of each example of a batch by doubling and bisection, all examples together. Every radius that is
 * given was certified itself (Corollary 1), so that it holds whether or not bounds are monotone in ε. x is feature-major
 * `[features, examples]`; radii are in the data's units. Throws what `certifyBatch` throws.
 */
export async function certifiedRadii(
  placed: PlacedNetwork,
  { x }: Batch,
  { deadline, ...options }: RadiusOptions,
): Promise<ExampleRadius[]> {
  const { most, tolerance } = options;
  const examples = countExamples({ x }, sizeOf(placed.network.inputShape));
  const states = Array.from({ length: examples }, () => ({
    prediction: NO_CLASS,
    radius: 0,
    open: null as number | null,
    done: false,
  }));
  for (;;) {
    const left = states.flatMap(({ done }, b) => (done ? [] : [b]));
    if (left.length === 0) break;
    const tried = left.map((b) => nextEpsilon(states[b], most));
    const batch = { x: pickColumns(x, examples, left) };
    const certify = () =>
      certifyBatch(placed, batch, {
        ...options,
        epsilon: { perExample: tried },
        ...(deadline && { signal: deadline }),
      });
    const found = await (deadline ? deadline.unlessPassed(certify) : certify());
    if (!found) {
      const known = await predictions(placed, batch);
      for (const [i, b] of left.entries()) states[b].prediction = known[i];
      break;
    }
    const { examples: verdicts } = found;
    for (const [i, b] of left.entries()) {
      const state = states[b];
      state.prediction = verdicts[i].prediction;
      if (verdicts[i].certified) state.radius = tried[i];
      else state.open = tried[i];
      const next = nextEpsilon(state, most);
      // Nothing larger is to be tried, or no number lies between them, however fine the tolerance is.
      const met = next <= state.radius || (state.open !== null && next >= state.open);
      const close = state.open !== null && state.open - state.radius <= tolerance;
      state.done = close || met;
    }
  }
  return states.map(({ prediction, radius, open }) => ({ prediction, radius, open }));
}

/** Twice the largest certified ε until one is not, then the middle. */
export function nextEpsilon({ radius, open }: Pick<ExampleRadius, "radius" | "open">, most: number): number {
  if (open !== null) return (radius + open) / 2;
  return Math.min(most, radius === 0 ? FIRST * most : 2 * radius);
}
