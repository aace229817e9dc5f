import type { Backend, Dtype } from "../compute/backend.js";
import type { Stop } from "../compute/deadline.js";
import { createBackend } from "../compute/index.js";
import { graphOfFile, type LoadedModel } from "../formats/model-file.js";
import { type Subject, subjectOf } from "../network/subject.js";
import { type Model, releaseParameters } from "../network/weights.js";

/** What counterexamples are judged by. */
export interface Judge {
  /** Whether it is the file's own graph, rather than the network. */
  readonly ofGraph: boolean;
  /** Undefined where the network on the backend of the bounds is as good. */
  readonly evaluate: Subject["evaluate"] | undefined;
}

/**
 * Outputs in double precision, whatever the arithmetic of bounds: of the file's own graph where there is one. Throws the
 * reason of `stop`, as an evaluation by the graph does.
 */
export async function openJudge(model: LoadedModel, dtype: Dtype, stop?: Stop): Promise<Judge> {
  const graph = await graphOfFile(model, stop);
  if (graph) return { ofGraph: true, evaluate: (input) => graph.run(input, stop) };
  if (dtype === "float64") return { ofGraph: false, evaluate: undefined };
  const backend = await createBackend("portable", { dtype: "float64" });
  return { ofGraph: false, evaluate: subjectOf(backend, model).evaluate };
}

/** A model as the subject of questions, on the backend until it is disposed. */
export function placedSubject(
  backend: Backend,
  model: Model,
  evaluate?: Subject["evaluate"],
): Subject & Disposable {
  const subject = subjectOf(backend, model, evaluate);
  return { ...subject, [Symbol.dispose]: () => releaseParameters(subject.parameters) };
}
