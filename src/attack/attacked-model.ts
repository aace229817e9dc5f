import { mean, softmaxCrossEntropy, Tape } from "../autodiff/index.js";
import type { FloatArray } from "../compute/backend.js";
import { forward } from "../network/forward.js";
import { sizeOf } from "../network/shape.js";
import { fixedBindings, type PlacedNetwork } from "../network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import type { AttackSet } from "./perturbation.js";

/** Runs something on the balls of a batch x `[features, examples]` feature-major, as an attack sees them. */
export async function inBall<T>(
  { backend }: Pick<PlacedNetwork, "backend">,
  x: Float64Array,
  examples: number,
  spec: BallSpec,
  run: (set: AttackSet) => Promise<T>,
): Promise<T> {
  const ball = makeBall(backend, x, examples, spec, "nearest");
  try {
    const centre = await backend.read(ball.centre);
    const radius = await backend.read(ball.radius);
    return await run({ ball, centre, radius, features: x.length / examples, examples });
  } finally {
    releaseBall(ball);
  }
}

/** The network's outputs at points x `[features, examples]`: `[classes, examples]`. */
export async function logitsAt(
  { backend, network, parameters }: PlacedNetwork,
  x: Float64Array,
  examples: number,
): Promise<FloatArray> {
  using tape = new Tape(backend, { record: false });
  const input = tape.own(backend.upload(sizeOf(network.inputShape), examples, x));
  const { output } = forward(tape, network, fixedBindings(parameters), input);
  return backend.read(output.value);
}

/** The derivative of the cross-entropy in the input, scaled alike for all examples: `[features, examples]`. */
export async function lossGradient(
  { backend, network, parameters }: PlacedNetwork,
  x: Float64Array,
  labels: Int32Array,
): Promise<FloatArray> {
  using tape = new Tape(backend, { record: true });
  const value = backend.upload(sizeOf(network.inputShape), labels.length, x);
  const input = tape.leaf(value);
  const { output } = forward(tape, network, fixedBindings(parameters), input);
  const [gradient] = tape.gradients(mean(tape, softmaxCrossEntropy(tape, output, labels)), [input]);
  value.dispose();
  if (!gradient) return new Float64Array(x.length);
  const values = await backend.read(gradient);
  gradient.dispose();
  return values;
}
