import { mean, softmaxCrossEntropy, Tape } from "../../autodiff/index.js";
import type { Backend, Tensor } from "../../compute/backend.js";
import type { RandomSource } from "../../compute/random.js";
import { forward } from "../../network/forward.js";
import type { Bindings } from "../../network/weights.js";
import type { Ball } from "../../threat/ball.js";
import type { LossInputs } from "./robust-loss.js";

/** How a loss attacks. */
export interface TrainingAttack {
  /** Gradient steps, the first from a random point. */
  readonly steps: number;
  /** The radius of the attack by that of the step. */
  readonly scale: number;
}

/** Together, steps may go so often from the middle of a box to its side. */
const REACH = 2.5;

/**
 * The point of an ℓ∞ ball where projected gradient descent finds the largest loss (Madry et al. 2018), of the network as it stands in
 * this step, batch norms by the clean batch's statistics: `[features, examples]`, which the caller releases.
 */
export function attackedPoint(inputs: LossInputs, { centre, radius }: Ball, steps: number): Tensor {
  const { tape, network, batch, stream } = inputs;
  const { backend } = tape;
  const bindings: Bindings = new Map(
    [...inputs.bindings].map(([name, variable]) => [name, tape.stop(variable)]),
  );
  using random = someDirection(backend, centre, stream, batch.places);
  using lower = backend.combine(1, centre, -1, radius);
  using upper = backend.combine(1, centre, 1, radius);
  let point = moved(backend, centre, 1, radius, random);
  for (let step = 0; step < steps; step++) {
    using own = new Tape(backend, { record: true });
    const x = own.leaf(point);
    const { output } = forward(own, network, bindings, x);
    const [gradient] = own.gradients(mean(own, softmaxCrossEntropy(own, output, batch.labels)), [x]);
    if (!gradient) break;
    using direction = backend.apply({ kind: "sign" }, gradient);
    gradient.dispose();
    using far = moved(backend, point, REACH / steps, radius, direction);
    using below = backend.minimum(far, upper);
    point.dispose();
    point = backend.maximum(below, lower);
  }
  return point;
}

/** Tanh of so many normals is close to uniform in [−1, 1]: within 0.01, by their distribution. */
const TO_UNIFORM = 0.851;

/** Of the same shape, about uniform in [−1, 1], by the backend's own random numbers, which go by the examples' places. */
function someDirection(
  backend: Backend,
  { features, rows }: Tensor,
  stream: RandomSource,
  examples: Int32Array | undefined,
): Tensor {
  const [key, start] = [
    [stream.bits(), stream.bits()],
    [stream.bits(), stream.bits()],
  ] as const;
  using scale = backend.filled(features, rows, TO_UNIFORM);
  const noise = { distribution: "normal", key, stream: start, ...(examples && { examples }) } as const;
  using normals = backend.addNoise(null, null, scale, 1, noise);
  return backend.apply({ kind: "tanh" }, normals);
}

/** x + a · radius ⊙ direction. */
function moved(backend: Backend, x: Tensor, a: number, radius: Tensor, direction: Tensor): Tensor {
  using step = backend.multiply(radius, direction);
  return backend.combine(1, x, a, step);
}
