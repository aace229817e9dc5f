import { expectFinite, expectNumbers, expectOptions, kindOf, UsageError } from "../errors.js";
import type { Property, PropertyCase } from "../formats/vnnlib/property.js";
import { checkBallSpec, type EpsilonByFeature } from "../threat/ball.js";
import { type Box, type BoxByFeature, boxReader, isByFeature } from "../threat/box.js";
import { differenceDown, sumUp } from "../threat/outward.js";

/** A case each: more are no classifier. */
const MOST_CLASSES = 1_000_000;

/** The neighbourhood of an input that `robustness` is about, and the answer that it is to keep. */
export interface Neighbourhood {
  /** In ℓ∞, in the data's units: one for all features, or one for each. */
  readonly epsilon: number | EpsilonByFeature;
  /** What inputs keep within; null or absent for nothing. */
  readonly box?: Box | BoxByFeature | null;
  /** The class that x has. */
  readonly prediction: number;
  /** How many classes there are. */
  readonly classes: number;
}

/**
 * The property that no input within ε of x in any feature, kept within the box, gets another class than `prediction`: one
 * case for each other class, whose output is at least as large. The box is closed, its bounds x ± ε rounded to the nearest
 * doubles. x `[features]`. Throws a `UsageError` for what is no such neighbourhood.
 */
export function robustness(x: ArrayLike<number>, neighbourhood: Neighbourhood): Property {
  expectNumbers("robustness: x", x);
  expectOptions("robustness: neighbourhood", neighbourhood, ["epsilon", "box", "prediction", "classes"]);
  const { epsilon, box = null, prediction, classes } = neighbourhood;
  expectRadii(x.length, epsilon);
  expectBox(box);
  checkBallSpec({ norm: "linf", epsilon, box });
  if (!Number.isInteger(classes) || classes < 2 || classes > MOST_CLASSES) {
    throw new UsageError(
      `robustness: classes: expected a whole number from 2 to ${MOST_CLASSES}, found ${kindOf(classes)}`,
    );
  }
  if (!Number.isInteger(prediction) || prediction < 0 || prediction >= classes) {
    throw new UsageError(
      `robustness: prediction: expected a class from 0 to ${classes - 1}, found ${kindOf(prediction)}`,
    );
  }
  const boundsAt = boxReader(box, x.length);
  const radiusAt = (f: number) => (typeof epsilon === "number" ? epsilon : epsilon.perFeature[f]);
  const region = {
    lower: Float64Array.from(x, (value, f) => Math.max(boundsAt(f)[0], differenceDown(value, radiusAt(f)))),
    upper: Float64Array.from(x, (value, f) => Math.min(boundsAt(f)[1], sumUp(value, radiusAt(f)))),
  };
  const empty = region.lower.findIndex((low, f) => !(low <= region.upper[f]));
  if (empty >= 0) {
    throw new UsageError(
      `robustness: x: expected numbers within epsilon of the box, found ${x[empty]} at ${empty}`,
    );
  }
  const cases: PropertyCase[] = [];
  for (let other = 0; other < classes; other++) {
    if (other === prediction) continue;
    const terms = [
      { output: prediction, coefficient: 1 },
      { output: other, coefficient: -1 },
    ];
    cases.push({ box: region, constraints: [{ terms, bound: 0, strict: false }] });
  }
  return { inputs: x.length, outputs: classes, cases };
}

function expectRadii(features: number, epsilon: Neighbourhood["epsilon"]): void {
  if (typeof epsilon !== "object" || epsilon === null) {
    expectFinite("robustness: epsilon", epsilon);
    return;
  }
  const { perFeature } = epsilon;
  expectNumbers("robustness: epsilon", perFeature);
  if (perFeature.length === features) return;
  throw new UsageError(
    `robustness: epsilon: expected ${features} numbers, one for each of x, found ${perFeature.length}`,
  );
}

function expectBox(box: Box | BoxByFeature | null): void {
  if (box === null) return;
  if (typeof box === "object" && isByFeature(box)) {
    expectNumbers("robustness: box: lower", box.lower);
    expectNumbers("robustness: box: upper", box.upper);
  } else expectNumbers("robustness: box", box);
}
