import { Tape } from "../autodiff/index.js";
import type { Backend } from "../compute/backend.js";
import { type RandomSource, random } from "../compute/random.js";
import { forward } from "../network/forward.js";
import { type Shape, sizeOf } from "../network/shape.js";
import { fixedBindings, type Model, releaseParameters, uploadWeights } from "../network/weights.js";

/** Inputs of several sizes, so that every piece of an activation has its turn. */
const DRAWS: readonly ((source: RandomSource) => number)[] = [
  (source) => source.uniform(),
  (source) => 2 * source.uniform() - 1,
  (source) => 3 * source.normal(),
];

/** Random inputs on which two forms of a model are compared, in numbers that single precision holds; always the same. */
export function sampleInputs(shape: Shape): Float64Array[] {
  const source = random(0, "check-import");
  return DRAWS.map((draw) => Float64Array.from({ length: sizeOf(shape) }, () => Math.fround(draw(source))));
}

/** What a model makes of each input. */
export async function networkOutputs(
  backend: Backend,
  model: Model,
  inputs: readonly Float64Array[],
): Promise<Float64Array[]> {
  const rows = inputs.length;
  const parameters = uploadWeights(backend, model);
  const values = new Float64Array(inputs[0].length * rows);
  for (const [row, input] of inputs.entries()) {
    for (let f = 0; f < input.length; f++) values[f * rows + row] = input[f];
  }
  const x = backend.upload(inputs[0].length, rows, values);
  const tape = new Tape(backend, { record: false });
  try {
    const { output } = forward(tape, model.network, fixedBindings(parameters), tape.constant(x));
    const result = await backend.read(output.value);
    const count = result.length / rows;
    return inputs.map((_, row) => Float64Array.from({ length: count }, (_, f) => result[f * rows + row]));
  } finally {
    tape.dispose();
    x.dispose();
    releaseParameters(parameters);
  }
}
