import { random } from "../../src/compute/random.js";
import type { Examples } from "../../src/data/dataset.js";

/**
 * The best accuracy on `held`, over all epochs, of multinomial logistic regression trained on `train` by
 * stochastic gradient descent with momentum and a falling rate: an upper estimate, as it picks the best epoch.
 */
export function linearAccuracy(
  train: Examples,
  held: Examples,
  { classes, epochs }: { classes: number; epochs: number },
): number {
  const features = train.x.length / train.labels.length;
  const rows = transpose(train.x, features);
  const heldRows = transpose(held.x, features);
  const width = features + 1;
  const weights = new Float64Array(classes * width);
  const velocity = new Float64Array(classes * width);
  const gradient = new Float64Array(classes * width);
  const batch = 20;
  let best = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 0.02 * (1 - epoch / epochs);
    const order = random(0, "linear").fork(epoch).permutation(train.labels.length);
    for (let start = 0; start < order.length; start += batch) {
      gradient.fill(0);
      for (const i of order.subarray(start, start + batch)) {
        const x = rows.subarray(i * features, (i + 1) * features);
        const scores = score(weights, x, classes);
        const top = Math.max(...scores);
        const exponentials = scores.map((value) => Math.exp(value - top));
        const sum = exponentials.reduce((total, value) => total + value, 0);
        for (let c = 0; c < classes; c++) {
          const error = (exponentials[c]! / sum - (c === train.labels[i] ? 1 : 0)) / batch;
          const at = c * width;
          for (let f = 0; f < features; f++) gradient[at + f]! += error * x[f]!;
          gradient[at + features]! += error;
        }
      }
      for (let w = 0; w < weights.length; w++) {
        velocity[w] = 0.9 * velocity[w]! - rate * gradient[w]!;
        weights[w]! += velocity[w]!;
      }
    }
    let right = 0;
    for (let i = 0; i < held.labels.length; i++) {
      const scores = score(weights, heldRows.subarray(i * features, (i + 1) * features), classes);
      if (scores.indexOf(Math.max(...scores)) === held.labels[i]) right += 1;
    }
    best = Math.max(best, right / held.labels.length);
  }
  return best;
}

/** Feature-major [features, examples] to [examples, features]. */
function transpose(x: Float64Array, features: number): Float64Array {
  const count = x.length / features;
  const rows = new Float64Array(x.length);
  for (let f = 0; f < features; f++)
    for (let i = 0; i < count; i++) rows[i * features + f] = x[f * count + i]!;
  return rows;
}

function score(weights: Float64Array, x: Float64Array, classes: number): number[] {
  const width = x.length + 1;
  const scores: number[] = [];
  for (let c = 0; c < classes; c++) {
    let sum = weights[c * width + x.length]!;
    for (let f = 0; f < x.length; f++) sum += weights[c * width + f]! * x[f]!;
    scores.push(sum);
  }
  return scores;
}
