import { Tape } from "../autodiff/index.js";
import { forward } from "../network/forward.js";
import { predict } from "../network/predict.js";
import { sizeOf } from "../network/shape.js";
import { fixedBindings, type PlacedNetwork } from "../network/weights.js";
import { type Batch, countExamples } from "../threat/batch.js";

/** The classes that a network gives examples, unbounded; −1 where logits are not numbers. */
export async function predictions(
  { backend, network, parameters }: PlacedNetwork,
  { x }: Batch,
): Promise<Int32Array> {
  const features = sizeOf(network.inputShape);
  const examples = countExamples({ x }, features);
  using tape = new Tape(backend, { record: false });
  const input = tape.own(backend.upload(features, examples, x));
  const { output } = forward(tape, network, fixedBindings(parameters), input);
  return predict(await backend.read(output.value), examples);
}
