/** The class of each example: logits `[classes, examples]` → `[examples]`; the first of equal ones. */
export function predict(logits: ArrayLike<number>, examples: number): Int32Array {
  const classes = logits.length / examples;
  return Int32Array.from({ length: examples }, (_, b) => {
    let best = 0;
    for (let j = 1; j < classes; j++) if (logits[j * examples + b] > logits[best * examples + b]) best = j;
    return best;
  });
}
