const ITERATIONS = 4_000_000;
const RUNS = 5;
/** Sums in the loop below, two operations each. */
const SUMS = 8;

/** Billions of multiplications and additions per second in plain JavaScript, on one thread: the best of a few runs. */
export function measurePeak(): number {
  let best = 0;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    const sum = multiplyAndAdd(ITERATIONS, 0.999, 0.001);
    const seconds = (performance.now() - began) / 1000;
    // Read, so that the loop is not left out.
    if (Number.isNaN(sum)) return Number.NaN;
    best = Math.max(best, (2 * SUMS * ITERATIONS) / seconds / 1e9);
  }
  return best;
}

/** Eight sums that do not wait for each other. */
function multiplyAndAdd(iterations: number, factor: number, term: number): number {
  let [a, b, c, d] = [0, 1, 2, 3];
  let [e, f, g, h] = [4, 5, 6, 7];
  for (let i = 0; i < iterations; i++) {
    a = a * factor + term;
    b = b * factor + term;
    c = c * factor + term;
    d = d * factor + term;
    e = e * factor + term;
    f = f * factor + term;
    g = g * factor + term;
    h = h * factor + term;
  }
  return a + b + c + d + e + f + g + h;
}
