import { IEEE } from "../../compute/arithmetic.js";
import type { Backend, Dtype } from "../../compute/backend.js";
import type { Stop } from "../../compute/deadline.js";
import { FormatError } from "../../errors.js";
import { type RoundingError, roundingErrors } from "../../network/rounding-error.js";
import type { Shape } from "../../network/shape.js";
import type { Model } from "../../network/weights.js";
import { networkOutputs, sampleInputs } from "../sample-outputs.js";
import { checkFinite, compareWithBackend, compareWithGraph, expectDigits } from "./compare-outputs.js";
import { GraphEvaluator } from "./evaluate/index.js";
import { lastSoftmax } from "./last-softmax.js";
import type { OnnxFile } from "./model-proto.js";

/**
 * The graph of a file as a function of its own, by definitions of the ONNX standard and in double precision; without the Softmax
 * that it may end with, as networks are.
 */
export function graphFunction(file: OnnxFile, where: string, stop?: Stop): GraphEvaluator {
  const { graph, opset, input, output } = file;
  return new GraphEvaluator(graph, {
    opset,
    where,
    inputName: input.name,
    inputShape: input.shape,
    outputName: output,
    leftOut: lastSoftmax(file),
    ...(stop && { stop }),
  });
}

/**
 * Compares a network made of a file with the file's graph, see `compareImport`. Gives the largest difference between the
 * backend's outputs and the graph's.
 */
export async function checkImport(
  backend: Backend,
  model: Model,
  file: OnnxFile,
  where: string,
  constants: Dtype = "float64",
): Promise<number> {
  return compareImport(backend, model, graphFunction(file, where), file.input.shape, where, { constants });
}

/** How a comparison goes. */
export interface ImportComparison {
  /**
   * The precision of the numbers that the network and the file do not share: single where one of the two has them rounded.
   */
  readonly constants: Dtype;
  readonly stop?: Stop | undefined;
}

/**
 * Compares a network made of a file with the file's graph, executed another way, on random inputs. Both are executed in double
 * precision, where each output may differ by what rounding can do to it and no more (`roundingErrors`); what the backend makes
 * of the network may differ by what its arithmetic can. A `FormatError` otherwise: a network that is not the file's must not
 * be bounded, and neither one of which the backend's arithmetic leaves nothing but rounding. Gives the largest difference
 * between the backend's outputs and the graph's. `inputShape` is the graph's, with its batch. Throws the reason of `stop`.
 */
export async function compareImport(
  backend: Backend,
  model: Model,
  graph: GraphEvaluator,
  inputShape: Shape,
  where: string,
  { constants, stop }: ImportComparison,
): Promise<number> {
  const inputs = sampleInputs(inputShape);
  const expected = inputs.map((input) => graph.run(input, stop));
  if (expected[0].length !== model.network.classes) {
    throw new FormatError(
      `${where}: the network made of this file has ${model.network.classes} outputs, its graph ${expected[0].length}`,
    );
  }
  for (const outputs of expected) checkFinite(outputs, where);
  const dtypes = [...new Set([constants, backend.dtype])];
  const formats = dtypes.map((dtype) => IEEE[dtype]);
  const inDtype = (dtype: Dtype) => (found: RoundingError) => ({
    ...found,
    errors: found.errors[dtypes.indexOf(dtype)],
  });
  const found = roundingErrors(model, inputs, formats, stop);
  for (const [i, outputs] of found.map(inDtype(constants)).entries()) {
    compareWithGraph(outputs, expected[i], constants, where);
  }
  const onBackend = found.map(inDtype(backend.dtype));
  if (backend.dtype === "float32") expectDigits(onBackend, where);
  const computed = await networkOutputs(backend, model, inputs);
  let largest = 0;
  for (const [i, outputs] of computed.entries()) {
    compareWithBackend(onBackend[i], outputs, backend.dtype, where);
    for (const [j, output] of outputs.entries()) {
      largest = Math.max(largest, Math.abs(output - expected[i][j]));
    }
  }
  return largest;
}
