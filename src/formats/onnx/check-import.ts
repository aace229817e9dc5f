import { Tape } from "../../autodiff/index.js";
import type { Backend } from "../../compute/backend.js";
import { type RandomSource, random } from "../../compute/random.js";
import { FormatError } from "../../errors.js";
import { forward } from "../../network/forward.js";
import { fixedBindings, type Model, releaseParameters, uploadWeights } from "../../network/weights.js";
import { GraphEvaluator } from "./evaluate/index.js";
import type { OnnxFile } from "./model-proto.js";

/** Of the largest output: what rounding may make of a deep network. */
const TOLERANCES = { float64: 1e-6, float32: 1e-3 } as const;

/** Inputs of several sizes, so that every piece of an activation has its turn. */
const DRAWS: readonly ((source: RandomSource) => number)[] = [
  (source) => source.uniform(),
  (source) => 2 * source.uniform() - 1,
  (source) => 3 * source.normal(),
];

/** The graph of a file as a function of its own, by definitions of the ONNX standard and in double precision. */
export function graphFunction({ graph, opset, input, output }: OnnxFile, where: string): GraphEvaluator {
  return new GraphEvaluator(graph, {
    opset,
    where,
    inputName: input.name,
    inputShape: input.shape,
    outputName: output,
  });
}

/**
 * Compares a network made of a file with the file's graph, executed another way, on random inputs. A `FormatError` where
 * they differ by more than rounding: a network that is not the file's must not be bounded.
 */
export async function checkImport(
  backend: Backend,
  model: Model,
  file: OnnxFile,
  where: string,
): Promise<void> {
  const graph = graphFunction(file, where);
  const features = file.input.shape.reduce((product, extent) => product * extent, 1);
  const source = random(0, "check-import");
  const inputs = DRAWS.map((draw) =>
    Float64Array.from({ length: features }, () => Math.fround(draw(source))),
  );
  const computed = await networkOutputs(backend, model, inputs);
  for (const [i, input] of inputs.entries()) compare(computed[i], graph.run(input), backend, where);
}

function compare(found: ArrayLike<number>, expected: Float64Array, backend: Backend, where: string): void {
  if (found.length !== expected.length) {
    throw new FormatError(
      `${where}: the network made of this file has ${found.length} outputs, its graph ${expected.length}`,
    );
  }
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = TOLERANCES[backend.dtype] * scale + 1e-12;
  for (const [i, value] of expected.entries()) {
    if (!Number.isFinite(value)) {
      throw new FormatError(
        `${where}: gives ${value} as output ${i} for an ordinary input; nothing can be said of it`,
      );
    }
    if (!(Math.abs(found[i] - value) <= tolerance)) {
      throw new FormatError(
        `${where}: the network made of this file gives ${found[i]} where its graph gives ${value} (output ${i}, random ` +
          "input); it was not imported rightly and is not used: please report the file",
      );
    }
  }
}

async function networkOutputs(
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
