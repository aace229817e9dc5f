import type { Backend } from "../../compute/backend.js";
import type { Deadline } from "../../compute/deadline.js";
import { ShapeError, UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import type { Property } from "../../formats/vnnlib/property.js";
import { readNamedVnnlib } from "../../formats/vnnlib/read.js";
import { openJudge } from "../../library/judge.js";
import { subjectOf } from "../../network/subject.js";
import { arithmeticOfModel, checkWeights } from "../../network/weights.js";
import { checkCertifiable } from "../../runs/certificates/write-certificates.js";
import { checkEvaluation } from "../../runs/models/check-evaluation.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { checkClaimable, checkPropertyWithout } from "../../verify/property-fits.js";
import type { Verdict } from "../../verify/verdict.js";
import { verify } from "../../verify/verify.js";
import type { VerifyOptions } from "../../verify/verify-options.js";
import type { Io } from "../io.js";
import { readModels } from "../read-models.js";
import type { VerifyFlags } from "./verify-flags.js";

/** What answers a property, and what that may take. */
export interface Answering extends Pick<VerifyOptions, "onProof"> {
  readonly backend: Backend;
  readonly io: Io;
  /** Of tensors. */
  readonly memory: number;
  /** Whether the answer is to be certified, so that what cannot be is refused before the work. */
  readonly certified: boolean;
  /** Of the whole, loading included, from when it is called on; a signal ends the search before. */
  deadline(signal?: AbortSignal): Deadline;
  /** Hears a signal from here on: a model is read in one go, and until then Ctrl-C ends the process at once. */
  listen(): AbortSignal;
  /** The search begins, and tells how it goes on. */
  begin?(): NonNullable<VerifyOptions["onProgress"]>;
}

/** What was found of a property, and of what. */
export interface Answered {
  readonly model: LoadedModel;
  /** The property's file, and its checksum. */
  readonly spec: { readonly path: string; readonly sha256: string };
  readonly property: Property;
  readonly evaluation: Evaluation;
  /** Whether counterexamples were judged by the model file's own graph. */
  readonly ofGraph: boolean;
  readonly verdict: Verdict;
}

/**
 * Answers a VNN-LIB property of a model; null where the time was over before both were read. Throws an `AutodualError` for what
 * cannot be read or does not fit.
 */
export async function answerProperty(
  name: string,
  spec: string,
  flags: VerifyFlags,
  { backend, io, memory, certified, deadline: deadlineOf, listen, begin, onProof }: Answering,
): Promise<Answered | null> {
  const loading = deadlineOf();
  const loaded = await loading.unlessPassed(() => readModels([name], flags, { backend, io, stop: loading }));
  if (!loaded) return null;
  const { stages } = loaded;
  if (stages.length > 1) {
    throw new UsageError(
      `${name}: expected one model, found a cascade of ${stages.length} stages; verify a stage, such as ${name}/stage-1`,
    );
  }
  const [model] = stages;
  checkWeights(model.network, model.weights, model.path, backend.dtype);
  checkEvaluation("--evaluation", flags.evaluation, stages);
  const evaluation = flags.evaluation ?? arithmeticOfModel(model);
  if (certified) checkCertifiable({ stages, evaluation });
  const read = await loading.unlessPassed(() => readNamedVnnlib(spec, loading));
  if (!read) return null;
  const { property, sha256 } = read;
  if (certified) checkClaimable(property, "--certificate");
  checkPropertyWithout(model.leftOut, property, model.path);
  const signal = listen();
  const deadline = deadlineOf(signal);
  const judge = await deadline.unlessPassed(() => openJudge(model, backend.dtype, deadline));
  if (!judge) return null;
  const subject = subjectOf(backend, model, judge.evaluate);
  const onProgress = begin?.();
  const { split, seed } = flags;
  try {
    const verdict = await verify(subject, property, {
      timeout: deadline.left,
      ...{ split, seed, evaluation, memoryBytes: memory, signal },
      ...(onProof && { onProof }),
      ...(onProgress && { onProgress }),
    });
    return { model, spec: { path: spec, sha256 }, property, evaluation, ofGraph: judge.ofGraph, verdict };
  } catch (error) {
    if (error instanceof ShapeError) throw new ShapeError(`${spec}: ${error.message}`);
    throw error;
  }
}

/** In the JSON: what the answer is of. */
export function answeredSubject({ model: { path, sha256 }, spec }: Pick<Answered, "model" | "spec">) {
  return { model: { path, sha256 }, spec };
}
