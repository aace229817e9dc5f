import type { Backend, Dtype } from "../../compute/backend.js";
import { FormatError } from "../../errors.js";
import type { Model } from "../../network/weights.js";
import { networkOutputs, sampleInputs } from "../sample-outputs.js";
import { GraphEvaluator } from "./evaluate/index.js";
import type { OnnxFile } from "./model-proto.js";

/** Of the largest output: what rounding may make of a deep network. */
const TOLERANCES = { float64: 1e-6, float32: 1e-3 } as const;

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
 * they differ by more than rounding: a network that is not the file's must not be bounded. Gives the largest difference.
 *
 * `precision` is that of the numbers that the two do not share: the backend's arithmetic, unless the file rounds more.
 */
export async function checkImport(
  backend: Backend,
  model: Model,
  file: OnnxFile,
  where: string,
  precision: Dtype = backend.dtype,
): Promise<number> {
  const graph = graphFunction(file, where);
  const inputs = sampleInputs(file.input.shape);
  const computed = await networkOutputs(backend, model, inputs);
  const differences = inputs.map((input, i) => compare(computed[i], graph.run(input), precision, where));
  return Math.max(...differences);
}

function compare(found: ArrayLike<number>, expected: Float64Array, precision: Dtype, where: string): number {
  if (found.length !== expected.length) {
    throw new FormatError(
      `${where}: the network made of this file has ${found.length} outputs, its graph ${expected.length}`,
    );
  }
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = TOLERANCES[precision] * scale + 1e-12;
  let largest = 0;
  for (const [i, value] of expected.entries()) {
    if (!Number.isFinite(value)) {
      throw new FormatError(
        `${where}: gives ${value} as output ${i} for an ordinary input; nothing can be said of it`,
      );
    }
    const difference = Math.abs(found[i] - value);
    if (!(difference <= tolerance)) {
      throw new FormatError(
        `${where}: the network made of this file gives ${found[i]} where its graph gives ${value} (output ${i}, random ` +
          "input); it was not imported rightly and is not used: please report the file",
      );
    }
    largest = Math.max(largest, difference);
  }
  return largest;
}
