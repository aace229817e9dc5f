import { afterAll, describe, expect, it } from "vitest";
import type { Backend, Dtype } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { type BallSpec, boxBall, makeBall, type Norm, releaseBall } from "../../src/threat/ball.js";
import {
  isInside,
  leastOffset,
  type Point,
  pointAt,
  randomOffset,
  type StatedBall,
} from "../support/attack/ball-points.js";
import { add, compare, type Dyadic, dyadic, multiply, negate } from "../support/exact/dyadic.js";

const FEATURES = 4;
const EXAMPLES = 3;
const ROUNDS = 150;

/** A computed ball of one example: centre and radius as they lie on the backend. */
interface ComputedBall {
  readonly norm: Norm;
  readonly centre: Float64Array;
  readonly radius: Float64Array;
}

/**
 * Whether a point lies in {centre + radius ⊙ δ : ‖δ‖ ≤ 1}, by exact rationals: with the common denominator of all radii,
 * Σ (|z − c| · Π of the other radii)^p ≤ (Π of all radii)^p.
 */
function encloses({ norm, centre, radius }: ComputedBall, point: Point): boolean {
  const distances = Array.from(centre, (own, f) => {
    const difference = add(add(dyadic(point.centre[f]), dyadic(point.offset[f])), negate(dyadic(own)));
    return difference.mantissa < 0n ? negate(difference) : difference;
  });
  if (norm === "linf") return distances.every((distance, f) => compare(distance, dyadic(radius[f])) <= 0);
  const power = (value: Dyadic) => (norm === "l2" ? multiply(value, value) : value);
  // A feature of no width allows no distance, and is no denominator.
  if (distances.some((distance, f) => radius[f] === 0 && distance.mantissa !== 0n)) return false;
  const wide = Array.from(distances.keys()).filter((f) => radius[f] > 0);
  const one: Dyadic = { mantissa: 1n, exponent: 0 };
  const product = (features: readonly number[]) =>
    features.map((f) => dyadic(radius[f])).reduce(multiply, one);
  const terms = wide.map((f) => power(multiply(distances[f], product(wide.filter((other) => other !== f)))));
  return compare(terms.reduce(add, { mantissa: 0n, exponent: 0 }), power(product(wide))) <= 0;
}

/** Points of the stated ball that lie farthest out: along each feature, and in random directions. */
function farPoints(ball: StatedBall, source: RandomSource): readonly Point[] {
  const axes = Array.from(ball.x, (_, f) =>
    [1, -1].map((sign) => ball.x.map((_, k) => (k === f ? sign : 0))),
  );
  const directions = [...axes.flat(), ball.x.map(() => 1)];
  const offsets = [
    new Float64Array(ball.x.length),
    ...directions.map((direction) => leastOffset(ball, direction, source)),
    ...Array.from({ length: 6 }, () => randomOffset(ball, source)),
  ];
  return offsets.map((offset) => pointAt(ball, offset)).filter((point) => isInside(point, ball));
}

/** Numbers near 1, far from it, tiny and whole. */
function coordinate(source: RandomSource): number {
  const scale = [1, 1, 2 ** 20, 2 ** -40, 2 ** -140][source.integer(5)];
  return source.uniform() < 0.1 ? source.integer(3) : scale * source.uniform();
}

function radius(source: RandomSource): number {
  return [0, 0.1, 1e-7, 1e-30, source.uniform(), 1e-3 * source.uniform()][source.integer(6)];
}

type EpsilonKind = "one" | "per example" | "per feature";

function specOf(norm: Norm, kind: EpsilonKind, source: RandomSource): BallSpec {
  const list = (length: number) => Array.from({ length }, () => radius(source));
  switch (kind) {
    case "one":
      return { norm, epsilon: radius(source) };
    case "per example":
      return { norm, epsilon: { perExample: list(EXAMPLES) } };
    case "per feature":
      return { norm, epsilon: { perFeature: list(FEATURES) } };
    default:
      return kind satisfies never;
  }
}

/** The ball of example b alone. */
function ownSpec(spec: BallSpec, b: number): BallSpec {
  const { epsilon } = spec;
  return typeof epsilon === "object" && "perExample" in epsilon
    ? { ...spec, epsilon: epsilon.perExample[b] }
    : spec;
}

/** How many far points of stated balls the computed ones leave out. */
async function pointsLeftOut(
  backend: Backend,
  norm: Norm,
  kind: EpsilonKind,
  boxed: boolean,
): Promise<number> {
  const source = random(1, `${norm} ${kind} ${boxed}`);
  let left = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const x = Float64Array.from({ length: FEATURES * EXAMPLES }, () =>
      boxed ? Math.min(1, coordinate(source)) : coordinate(source),
    );
    const spec: BallSpec = { ...specOf(norm, kind, source), box: boxed ? [0, 1] : null };
    const ball = makeBall(backend, x, EXAMPLES, spec);
    const [centre, radii] = [await backend.read(ball.centre), await backend.read(ball.radius)];
    releaseBall(ball);
    for (let b = 0; b < EXAMPLES; b++) {
      const own = (values: ArrayLike<number>) =>
        Float64Array.from({ length: FEATURES }, (_, f) => values[f * EXAMPLES + b]);
      const computed = { norm, centre: own(centre), radius: own(radii) };
      const stated = { x: own(x), spec: ownSpec(spec, b) };
      left += farPoints(stated, source).filter((point) => !encloses(computed, point)).length;
    }
  }
  return left;
}

const KINDS: readonly EpsilonKind[] = ["one", "per example", "per feature"];
const PRECISIONS: readonly Dtype[] = ["float32", "float64"];
const ALL = PRECISIONS.flatMap((dtype) =>
  KINDS.flatMap((kind) => [
    ...(["linf", "l2", "l1"] as const).map((norm) => ({ dtype, norm, kind, boxed: false })),
    { dtype, norm: "linf" as const, kind, boxed: true },
  ]),
);

const backends = {
  float32: createPortableBackend({ dtype: "float32" }),
  float64: createPortableBackend({ dtype: "float64" }),
};
afterAll(() => {
  for (const backend of Object.values(backends)) backend.dispose();
});

describe("makeBall", () => {
  const title = "encloses the stated ball: $dtype, $norm, epsilon $kind, box $boxed";
  const leavesNothingOut = async ({ dtype, norm, kind, boxed }: (typeof ALL)[number]) => {
    expect(await pointsLeftOut(backends[dtype], norm, kind, boxed)).toBe(0);
  };

  it.each(ALL)(title, leavesNothingOut);
});

describe("boxBall", () => {
  const leavesNothingOut = async (dtype: Dtype) => {
    const backend = backends[dtype];
    const source = random(2, "box");
    let left = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const lower = Float64Array.from({ length: FEATURES }, () => coordinate(source));
      const upper = lower.map((low) => low + radius(source));
      const ball = boxBall(backend, lower, upper, 1);
      const computed: ComputedBall = {
        norm: "linf",
        centre: Float64Array.from(await backend.read(ball.centre)),
        radius: Float64Array.from(await backend.read(ball.radius)),
      };
      releaseBall(ball);
      const offset = new Float64Array(FEATURES);
      left += [lower, upper].filter((centre) => !encloses(computed, { centre, offset })).length;
    }
    expect(left).toBe(0);
  };

  it("encloses the stated box in double precision", () => leavesNothingOut("float64"));
  // Once the radius is rounded up in the precision that is used.
  it("encloses the stated box in single precision", () => leavesNothingOut("float32"));
});
