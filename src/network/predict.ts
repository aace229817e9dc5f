/** The prediction where there is none, because a logit is not a number. */
export const NO_CLASS = -1;

/**
 * The class of each example: logits `[classes, examples]` → `[examples]`; the first of equal ones, `NO_CLASS` if any
 * logit is NaN.
 */
export function predict(logits: ArrayLike<number>, examples: number): Int32Array {
  const classes = logits.length / examples;
  return Int32Array.from({ length: examples }, (_, b) => {
    let best = 0;
    for (let j = 0; j < classes; j++) {
      const logit = logits[j * examples + b];
      if (Number.isNaN(logit)) return NO_CLASS;
      if (logit > logits[best * examples + b]) best = j;
    }
    return best;
  });
}
