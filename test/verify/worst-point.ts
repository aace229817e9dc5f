import { dot, sumRows, Tape } from "../../src/autodiff/index.js";
import { OWN, SHARED } from "../../src/compute/owners.js";
import { random } from "../../src/compute/random.js";
import type { Bounds } from "../../src/dual/dual-layer.js";
import { forward } from "../../src/network/forward.js";
import type { Subject } from "../../src/network/subject.js";

const STARTS = 32;
const STEPS = 50;

/** An attack that shares nothing with the one under test: the least c·y over a box by descent with momentum, and where. */
export async function worstPoint(
  { backend, network, bindings }: Subject,
  { lower, upper }: Bounds<Float64Array>,
  c: readonly number[],
  seed: number,
): Promise<{ readonly least: number; readonly most: number; readonly point: Float64Array }> {
  const source = random(seed, "worst-point");
  const features = lower.length;
  const points = new Float64Array(features * STARTS);
  const velocity = new Float64Array(points.length);
  for (let at = 0; at < points.length; at++) {
    const f = Math.floor(at / STARTS);
    const place = at % 3 === 0 ? source.integer(2) : source.uniform();
    points[at] = lower[f] + place * (upper[f] - lower[f]);
  }
  const weights = Float64Array.from({ length: c.length * STARTS }, (_, i) => c[Math.floor(i / STARTS)]);
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let point = points.slice(0, features);
  for (let step = 0; step < STEPS; step++) {
    using tape = new Tape(backend, { record: true });
    const x = tape.leaf(backend.upload(features, STARTS, points));
    const value = dot(
      tape,
      forward(tape, network, bindings, x).output,
      tape.own(backend.upload(c.length, STARTS, weights)),
      OWN,
    );
    const values = await backend.read(value.value);
    for (let i = 0; i < STARTS; i++) {
      most = Math.max(most, values[i]);
      if (!(values[i] < least)) continue;
      least = values[i];
      point = Float64Array.from({ length: features }, (_, f) => points[f * STARTS + i]);
    }
    const [slope] = tape.gradients(sumRows(tape, value, SHARED, 1), [x]);
    const gradient = slope ? await backend.read(slope) : new Float64Array(points.length);
    for (let at = 0; at < points.length; at++) {
      const f = Math.floor(at / STARTS);
      velocity[at] = 0.7 * velocity[at] + Math.sign(gradient[at]);
      const moved = points[at] - (0.15 / (1 + step / 6)) * (upper[f] - lower[f]) * velocity[at];
      points[at] = Math.min(upper[f], Math.max(lower[f], moved));
    }
  }
  return { least, most, point };
}
