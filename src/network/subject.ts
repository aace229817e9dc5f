import { Tape, type Variable } from "../autodiff/index.js";
import type { Backend, FloatArray } from "../compute/backend.js";
import { forward } from "./forward.js";
import { sizeOf } from "./shape.js";
import {
  arithmeticOfModel,
  type Bindings,
  fixedBindings,
  type Model,
  type PlacedNetwork,
  placeModel,
  uploadWeights,
} from "./weights.js";

/** The network that questions are about, on a backend, beside its own definition. */
export interface Subject extends PlacedNetwork {
  /** The same parameters, fixed. */
  readonly bindings: Bindings;
  /** The outputs in double precision, of the file's own graph where there is one: what counterexamples are judged by. */
  evaluate(input: Float64Array): Float64Array | Promise<Float64Array>;
}

/**
 * Puts a model on a backend as the subject of questions; its `parameters` are the caller's to release. Without an
 * `evaluate` of its own, the network itself judges, in the backend's arithmetic. Throws as `uploadWeights` does.
 */
export function subjectOf(backend: Backend, model: Model, evaluate?: Subject["evaluate"]): Subject {
  const parameters = uploadWeights(backend, model);
  let double: PlacedNetwork | undefined;
  const subject: Subject = {
    backend,
    madeFor: arithmeticOfModel(model),
    // Its tensors are released with the backend.
    inDouble() {
      double ??= placeModel(backend.inDouble(), model);
      return double;
    },
    network: model.network,
    parameters,
    bindings: fixedBindings(parameters),
    evaluate: evaluate ?? (async (input) => Float64Array.from(await outputsAt(subject, input, 1))),
  };
  return subject;
}

/** Outputs `[outputs, points]` at points `[features, points]`. */
export async function outputsAt(
  { backend, network, bindings }: Subject,
  points: Float64Array,
  count: number,
): Promise<FloatArray> {
  using tape = new Tape(backend, { record: false });
  const x = tape.own(backend.upload(sizeOf(network.inputShape), count, points));
  return backend.read(forward(tape, network, bindings, x).output.value);
}

/** Outputs at points, and the gradient in the points of Σ weight·output for weights that the outputs decide. */
export async function outputsAndGradient(
  { backend, network, bindings }: Subject,
  points: Float64Array,
  count: number,
  weightsOf: (outputs: FloatArray) => Float64Array,
  total: (tape: Tape, output: Variable, weights: Variable) => Variable,
): Promise<{ readonly outputs: FloatArray; readonly gradient: FloatArray }> {
  using tape = new Tape(backend, { record: true });
  const value = backend.upload(sizeOf(network.inputShape), count, points);
  const x = tape.leaf(value);
  try {
    const { output } = forward(tape, network, bindings, x);
    const outputs = await backend.read(output.value);
    const weights = tape.own(backend.upload(network.classes, count, weightsOf(outputs)));
    const [gradient] = tape.gradients(total(tape, output, weights), [x]);
    if (!gradient) return { outputs, gradient: new Float64Array(points.length) };
    const values = await backend.read(gradient);
    gradient.dispose();
    return { outputs, gradient: values };
  } finally {
    value.dispose();
  }
}
