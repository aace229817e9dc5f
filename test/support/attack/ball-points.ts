import type { RandomSource } from "../../../src/compute/random.js";
import type { BallSpec } from "../../../src/threat/ball.js";
import { boxReader } from "../../../src/threat/box.js";
import { add, compare, type Dyadic, dyadic, multiply, negate } from "../exact/dyadic.js";
import { errorOfSum } from "../float-orders/rounding.js";

/** The point centre + offset, a sum of two numbers in each feature that is not rounded. */
export interface Point {
  readonly centre: Float64Array;
  readonly offset: Float64Array;
}

/** The ball around one example, as it is stated: in real numbers. */
export interface StatedBall {
  readonly x: Float64Array;
  readonly spec: BallSpec;
}

/** The stated radius of each feature, of example 0. */
export function radiiOf({ x, spec: { epsilon } }: StatedBall): Float64Array {
  if (typeof epsilon === "number") return new Float64Array(x.length).fill(epsilon);
  if ("perFeature" in epsilon) return Float64Array.from(epsilon.perFeature);
  return new Float64Array(x.length).fill(epsilon.perExample[0]);
}

const ZERO: Dyadic = { mantissa: 0n, exponent: 0 };

function size(a: Dyadic): Dyadic {
  return a.mantissa < 0n ? negate(a) : a;
}

/** Whether a point lies in the ball, and in the box, by exact rationals. */
export function isInside(point: Point, ball: StatedBall): boolean {
  const { x, spec } = ball;
  const radii = radiiOf(ball);
  const uniform = radii.every((radius) => radius === radii[0]);
  const coordinates = Array.from(x, (_, f) => add(dyadic(point.centre[f]), dyadic(point.offset[f])));
  if (spec.box) {
    const boundsAt = boxReader(spec.box, x.length);
    const isWithin = (value: Dyadic, f: number): boolean => {
      const [lower, upper] = boundsAt(f).map(dyadic);
      return compare(value, lower) >= 0 && compare(value, upper) <= 0;
    };
    if (!coordinates.every(isWithin)) return false;
  }
  const distances = coordinates.map((value, f) => size(add(value, negate(dyadic(x[f])))));
  switch (spec.norm) {
    case "linf":
      return distances.every((distance, f) => compare(distance, dyadic(radii[f])) <= 0);
    case "l1":
      if (uniform) return compare(distances.reduce(add, ZERO), dyadic(radii[0])) <= 0;
      return sumOfRatios(distances, radii, (value) => value);
    case "l2":
      if (uniform) {
        const sum = distances.map((distance) => multiply(distance, distance)).reduce(add, ZERO);
        return compare(sum, multiply(dyadic(radii[0]), dyadic(radii[0]))) <= 0;
      }
      return sumOfRatios(distances, radii, (value) => multiply(value, value));
    default:
      return spec.norm satisfies never;
  }
}

/** Whether Σ f(distance)/f(radius) ≤ 1, each quotient rounded up: what lies within by less than that is turned down. */
function sumOfRatios(
  distances: readonly Dyadic[],
  radii: Float64Array,
  f: (value: Dyadic) => Dyadic,
): boolean {
  const places = 400n;
  let sum = 0n;
  for (const [i, distance] of distances.entries()) {
    const [above, below] = [f(distance), f(dyadic(radii[i]))];
    if (above.mantissa === 0n) continue;
    if (below.mantissa === 0n) return false;
    const shift = BigInt(above.exponent - below.exponent) + places;
    const dividend = shift >= 0n ? above.mantissa << shift : above.mantissa;
    const divisor = shift >= 0n ? below.mantissa : below.mantissa << -shift;
    sum += (dividend + divisor - 1n) / divisor;
  }
  return sum <= 1n << places;
}

/** The point of the ball with these offsets from x, each cut to the box; at a side of the box exactly. */
export function pointAt({ x, spec: { box } }: StatedBall, offset: Float64Array): Point {
  if (!box) return { centre: x, offset };
  const boundsAt = boxReader(box, x.length);
  const centre = Float64Array.from(x);
  const own = Float64Array.from(offset);
  for (let f = 0; f < x.length; f++) {
    const [lower, upper] = boundsAt(f);
    const sum = x[f] + own[f];
    const error = errorOfSum(x[f], own[f]);
    const side =
      sum < lower || (sum === lower && error < 0)
        ? lower
        : sum > upper || (sum === upper && error > 0)
          ? upper
          : null;
    if (side === null) continue;
    centre[f] = side;
    own[f] = 0;
  }
  return { centre, offset: own };
}

/** The sum as it is rounded: where gradients are taken. */
export function roundedPoint({ centre, offset }: Point): Float64Array {
  return centre.map((value, f) => value + offset[f]);
}

/** Short of the sphere by so little that no rounding leads out. */
const WITHIN = 1 - 2 ** -50;

/** The offset at which gradientᵀz is least over the ball (but for the box, which cuts it); any corner where it is 0. */
export function leastOffset(ball: StatedBall, gradient: Float64Array, source: RandomSource): Float64Array {
  const radii = radiiOf(ball);
  const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const steep = gradient.map((value) =>
    largest > 0 && Number.isFinite(largest) ? value / largest : source.normal(),
  );
  switch (ball.spec.norm) {
    case "linf":
      return radii.map((radius, f) =>
        steep[f] === 0 ? radius * (source.uniform() < 0.5 ? 1 : -1) : -Math.sign(steep[f]) * radius,
      );
    case "l2": {
      const widest = radii.reduce((most, radius) => Math.max(most, radius), 0);
      if (widest === 0) return radii;
      const reach = radii.map((radius, f) => (radius / widest) * steep[f]);
      const length = Math.hypot(...reach);
      return reach.map((value, f) => (length === 0 ? 0 : -radii[f] * (value / length) * WITHIN));
    }
    case "l1": {
      const reach = radii.map((radius, f) => Math.abs(radius * steep[f]));
      const best = reach.indexOf(Math.max(...reach));
      return radii.map((radius, f) => (f === best ? -Math.sign(steep[f]) * radius : 0));
    }
    default:
      return ball.spec.norm satisfies never;
  }
}

/** The offset of a random corner, or of a random point of the sphere. */
export function randomOffset(ball: StatedBall, source: RandomSource): Float64Array {
  const direction = Float64Array.from(ball.x, () => source.normal());
  return leastOffset(ball, direction, source);
}
