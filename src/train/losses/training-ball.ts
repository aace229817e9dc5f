import type { Backend, Tensor } from "../../compute/backend.js";
import { UsageError } from "../../errors.js";
import { type Ball, type BallSpec, checkBallSpec, dualOrderOf, makeBall } from "../../threat/ball.js";
import type { LabelledBatch } from "../../threat/batch.js";
import { isByFeature } from "../../threat/box.js";

/** A batch that is on a backend as well: `values` are `x`, `[features, examples]`. */
export interface PlacedBatch extends LabelledBatch {
  readonly values: Tensor;
}

/**
 * The ball around a batch for what proves nothing, a training step or its attack: `makeBall` to the nearest numbers, and for ℓ∞ and one
 * ε computed by the backend, in its arithmetic. Release it by `releaseBall`.
 * Throws `UsageError` for a bad ε or box, or an example so far outside the box that nothing is left of its ball.
 */
export function trainingBall(backend: Backend, batch: PlacedBatch, spec: BallSpec): Ball {
  const { epsilon, box } = spec;
  const examples = batch.labels.length;
  if (spec.norm !== "linf" || typeof epsilon !== "number" || (box && isByFeature(box)))
    return makeBall(backend, batch.x, examples, spec, "nearest");
  checkBallSpec(spec);
  const own = { spec, dualOrder: dualOrderOf(spec.norm), examples, mostEpsilon: epsilon };
  const { values } = batch;
  if (!box)
    return {
      ...own,
      centre: backend.reshape(values, values.features, values.rows),
      radius: backend.filled(values.features, values.rows, epsilon),
    };
  expectWithin(batch.x, examples, epsilon, box);
  const cut = { kind: "hardtanh", minimum: box[0], maximum: box[1] } as const;
  using below = backend.scaleBy(values, 1, -epsilon);
  using above = backend.scaleBy(values, 1, epsilon);
  using lower = backend.apply(cut, below);
  using upper = backend.apply(cut, above);
  return {
    ...own,
    centre: backend.combine(0.5, lower, 0.5, upper),
    radius: backend.combine(-0.5, lower, 0.5, upper),
  };
}

function expectWithin(
  x: Float64Array,
  examples: number,
  epsilon: number,
  [least, most]: readonly [number, number],
): void {
  for (let i = 0; i < x.length; i++) {
    if (x[i] + epsilon >= least && x[i] - epsilon <= most) continue;
    const [feature, example] = [Math.floor(i / examples), i % examples];
    throw new UsageError(
      `box: example ${example} has feature ${feature} = ${x[i]}, farther than epsilon outside ${least},${most}`,
    );
  }
}
