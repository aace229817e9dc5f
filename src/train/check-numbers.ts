import { Tape } from "../autodiff/index.js";
import type { Backend } from "../compute/backend.js";
import { forward } from "../network/forward.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import { fixedBindings, type Parameters, type Weights } from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import { DIVERGED_ADVICE, TrainingFailure } from "./training-failure.js";

/** Throws a `TrainingFailure` unless all weights are finite. */
export function checkFiniteWeights(weights: Weights, epoch: number): void {
  for (const [name, values] of weights) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    throw new TrainingFailure(
      `weights are no longer finite numbers in epoch ${epoch}: ${name}[${bad}] is ${values[bad]}`,
      DIVERGED_ADVICE,
    );
  }
}

/** Throws a `TrainingFailure` unless the network's logits of a batch are all finite: weights may be so and too large. */
export async function checkFiniteAnswers(
  backend: Backend,
  network: Network,
  parameters: Parameters,
  { x, labels }: LabelledBatch,
  epoch: number,
): Promise<void> {
  using tape = new Tape(backend, { record: false });
  const input = tape.own(backend.upload(sizeOf(network.inputShape), labels.length, x));
  const logits = await backend.read(forward(tape, network, fixedBindings(parameters), input).output.value);
  if (logits.every((value) => Number.isFinite(value))) return;
  throw new TrainingFailure(`the answers are no longer finite numbers after epoch ${epoch}`, DIVERGED_ADVICE);
}
