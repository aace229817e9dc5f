import * as z from "zod";
import { UsageError } from "../errors.js";
import type { Property } from "../formats/vnnlib/property.js";
import { readVnnlib } from "../formats/vnnlib/read.js";
import { checkEvaluation } from "../runs/models/check-evaluation.js";
import type { Verdict } from "../verify/verdict.js";
import { verify as verifySubject } from "../verify/verify.js";
import { SPLITS, type VerifyOptions } from "../verify/verify-options.js";
import { COMMON, checkOptions } from "./check-options.js";
import { checkedProperty } from "./check-property.js";
import { openJudge, placedSubject } from "./judge.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { type ModelLike, openOn } from "./models.js";

/** How long and by what means `verify` searches; nothing must be given. Arithmetic is `float64` by default. */
export interface VerifyModelOptions extends Partial<Omit<VerifyOptions, "memoryBytes">>, MachineOptions {
  /** Bytes that branches may take. Default 1 GiB. */
  readonly memory?: number;
}

/**
 * Answers a property of a model: the path of a VNN-LIB file, or a property as `robustness` and `parseVnnlib` make it. An attack
 * first, then bounds of growing strength, then branch and bound, for 60 seconds unless told. A counterexample is judged in double
 * precision, by the file's own graph where there is one. A signal ends the search; what is open by then is `unknown`.
 * Throws an `AutodualError` for what cannot be read or does not fit.
 */
export async function verify(
  model: ModelLike,
  property: string | Property,
  options: VerifyModelOptions = {},
): Promise<Verdict> {
  checkOptions("verify", options, SHAPE);
  const asked = typeof property === "string" ? await readVnnlib(property) : checkedProperty(property);
  return onBackend({ ...options, dtype: options.dtype ?? "float64" }, async (backend) => {
    const { stages } = await openOn(backend, model, "verify: model");
    if (stages.length > 1) throw new UsageError("verify: model: expected one model, found a cascade");
    checkEvaluation("verify: evaluation", options.evaluation, stages);
    const judge = await openJudge(stages[0], backend.dtype);
    using subject = placedSubject(backend, stages[0], judge.evaluate);
    const { timeout = 60, evaluation, seed, memory, split, signal, onProgress } = options;
    return await verifySubject(subject, asked, {
      timeout,
      ...(evaluation && { evaluation }),
      ...(seed !== undefined && { seed }),
      ...(memory !== undefined && { memoryBytes: memory }),
      ...(split && { split }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
  });
}

const SHAPE = {
  timeout: z.number().positive().optional(),
  evaluation: COMMON.evaluation,
  seed: COMMON.seed,
  memory: COMMON.memory,
  split: z.enum(SPLITS).optional(),
  signal: COMMON.signal,
  onProgress: z.custom<unknown>((value) => typeof value === "function", "expected a function").optional(),
  backend: COMMON.backend,
  dtype: COMMON.dtype,
  threads: COMMON.threads,
};
