import type { BatchVerdict, CertifyOptions, ExampleVerdict } from "../../../src/certify/certify.js";
import type { Backend } from "../../../src/compute/backend.js";
import {
  type Model,
  type PlacedNetwork,
  releaseParameters,
  uploadWeights,
} from "../../../src/network/weights.js";
import type { BallSpec } from "../../../src/threat/ball.js";
import type { Batch } from "../../../src/threat/batch.js";
import { neighbour32, neighbour64 } from "../float-orders/rounding.js";
import type { OpenBall } from "./random-case.js";
import { LAST } from "./random-structure.js";

/** What certifies: `certifyBatch`, or what takes its place. */
export type Certifier = (
  placed: PlacedNetwork,
  batch: Batch,
  options: CertifyOptions,
) => Promise<BatchVerdict>;

/** How certificates are made: on what, by what, with which options beside the ball. */
export interface Certification {
  readonly backend: Backend;
  readonly certify: Certifier;
  readonly options: Omit<CertifyOptions, keyof BallSpec>;
}

/** A certificate that only just stands. */
export interface Certified {
  readonly model: Model;
  readonly spec: BallSpec;
  readonly verdict: ExampleVerdict;
}

/** Radii that are tried at once. */
const AT_ONCE = 8;
/** The first radii: a ladder of powers of two below the largest, and 0. */
const LADDER = [0, -2, -4, -7, -10, -14, -19, -25, -32, -40, -60, Number.NEGATIVE_INFINITY];

function specOf({ norm, box, weights }: OpenBall, epsilon: number): BallSpec {
  return { norm, box, epsilon: weights ? { perFeature: weights.map((own) => own * epsilon) } : epsilon };
}

/** Verdicts on the same example within several radii. */
async function verdictsAt(
  { backend, certify, options }: Certification,
  placed: PlacedNetwork,
  x: Float64Array,
  ball: OpenBall,
  radii: readonly number[],
): Promise<readonly ExampleVerdict[]> {
  if (ball.weights || radii.length === 1) {
    const verdicts: ExampleVerdict[] = [];
    for (const radius of radii) {
      const { examples } = await certify(
        { ...placed, backend },
        { x },
        { ...options, ...specOf(ball, radius) },
      );
      verdicts.push(examples[0]);
    }
    return verdicts;
  }
  const repeated = new Float64Array(x.length * radii.length);
  for (const [f, value] of x.entries()) repeated.fill(value, f * radii.length, (f + 1) * radii.length);
  const { norm, box } = ball;
  const all = { ...options, norm, box, epsilon: { perExample: radii } };
  return (await certify(placed, { x: repeated }, all)).examples;
}

/**
 * The largest ε up to `most` at which the model's answer at x is certified, to about so many binary digits; null where
 * it is not certified even at 0.
 */
export async function largestCertified(
  certification: Certification,
  model: Model,
  x: Float64Array,
  ball: OpenBall,
  digits: number,
): Promise<Certified | null> {
  const { backend } = certification;
  const parameters = uploadWeights(backend, model);
  try {
    const placed = { backend, network: model.network, parameters };
    let best: { epsilon: number; verdict: ExampleVerdict } | null = null;
    let open = Number.POSITIVE_INFINITY;
    const attempt = async (radii: readonly number[]): Promise<void> => {
      const verdicts = await verdictsAt(certification, placed, x, ball, radii);
      for (const [i, verdict] of verdicts.entries()) {
        if (verdict.certified && (best === null || radii[i] > best.epsilon))
          best = { epsilon: radii[i], verdict };
      }
      for (const [i, verdict] of verdicts.entries()) {
        if (!verdict.certified && radii[i] > (best?.epsilon ?? -1)) open = Math.min(open, radii[i]);
      }
    };
    await attempt(LADDER.map((exponent) => ball.most * 2 ** exponent));
    for (let known = 0; known < digits; known += Math.log2(AT_ONCE + 1)) {
      const from: number = (best as { epsilon: number } | null)?.epsilon ?? Number.NaN;
      if (!(open - from > 0) || open === Number.POSITIVE_INFINITY) break;
      const radii = Array.from(
        { length: AT_ONCE },
        (_, i) => from + ((i + 1) / (AT_ONCE + 1)) * (open - from),
      );
      const between = [...new Set(radii)].filter((radius) => radius > from && radius < open);
      if (between.length === 0) break;
      await attempt(between);
    }
    const found = best as { epsilon: number; verdict: ExampleVerdict } | null;
    return found && { model, spec: specOf(ball, found.epsilon), verdict: found.verdict };
  } finally {
    releaseParameters(parameters);
  }
}

/** A model whose last bias is another for one class. */
function withBias(model: Model, reference: number, bias: number): Model {
  const name = `${LAST}.bias`;
  const values = (model.weights.get(name) as Float64Array).slice();
  values[reference] = bias;
  return { ...model, weights: new Map([...model.weights, [name, values]]) };
}

/**
 * The least bias of its class, as far as a search by bounds goes, with which the model's answer at x is certified at ε =
 * `most`: margins move with it, so that the bound is next to 0. Null where no bias was found.
 */
export async function leastCertifiedBias(
  certification: Certification,
  model: Model,
  x: Float64Array,
  ball: OpenBall,
): Promise<Certified | null> {
  const spec = specOf(ball, ball.most);
  const biases = model.weights.get(`${LAST}.bias`) as Float32Array | Float64Array;
  const single = biases instanceof Float32Array;
  const kept = (value: number) => (single ? Math.fround(value) : value);
  const verdictOf = async (own: Model): Promise<ExampleVerdict> => {
    const parameters = uploadWeights(certification.backend, own);
    try {
      const placed = { backend: certification.backend, network: own.network, parameters };
      const [verdict] = await verdictsAt(certification, placed, x, ball, [ball.most]);
      return verdict;
    } finally {
      releaseParameters(parameters);
    }
  };
  const first = await verdictOf(model);
  const { reference } = first;
  const margin = Math.min(...first.marginLower.filter((_, j) => j !== reference));
  if (!Number.isFinite(margin)) return null;
  const guess = kept(biases[reference] - margin);
  const next = single ? neighbour32 : neighbour64;
  const unit = Math.max(Math.abs(next(guess, 1) - guess), Math.abs(margin) * 2 ** -52);
  const tried = async (bias: number): Promise<Certified | null> => {
    if (!Number.isFinite(bias)) return null;
    const own = withBias(model, reference, bias);
    const verdict = await verdictOf(own);
    return verdict.certified && verdict.reference === reference ? { model: own, spec, verdict } : null;
  };
  // Up from the guess until it is certified, then back by halves.
  let [low, high] = [guess, Number.NaN];
  let best = await tried(guess);
  if (best) {
    high = guess;
    low = kept(guess - 64 * unit);
  } else {
    for (let step = 1; step <= 2 ** 40 && !best; step *= 16) {
      high = kept(guess + step * unit);
      best = await tried(high);
      if (!best) low = high;
    }
  }
  for (let i = 0; best && i < 12; i++) {
    const middle = kept(low + (high - low) / 2);
    if (middle === low || middle === high) break;
    const found = await tried(middle);
    if (found) [best, high] = [found, middle];
    else low = middle;
  }
  return best;
}
