import * as z from "zod";
import { UsageError } from "../errors.js";
import type { Property } from "../formats/vnnlib/property.js";
import { readVnnlib } from "../formats/vnnlib/read.js";
import { arithmeticOfModel } from "../network/weights.js";
import { type WrittenProperty, writePropertyCertificate } from "../runs/certificates/write-property.js";
import { checkEvaluation } from "../runs/models/check-evaluation.js";
import type { CaseProof } from "../verify/proof.js";
import { checkClaimable, checkPropertyWithout } from "../verify/property-fits.js";
import type { Verdict } from "../verify/verdict.js";
import { verify as verifySubject } from "../verify/verify.js";
import { SPLITS, type VerifyOptions } from "../verify/verify-options.js";
import { checkCertificateModels } from "./certificate-models.js";
import { COMMON, checkOptions, TEXT } from "./check-options.js";
import { checkedProperty } from "./check-property.js";
import { openJudge, placedSubject } from "./judge.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { type ModelLike, openOn } from "./models.js";

/** How long and by what means `verify` searches; nothing must be given. Arithmetic is `float64` by default. */
export interface VerifyModelOptions
  extends Partial<Omit<VerifyOptions, "memoryBytes" | "onProof">>,
    MachineOptions {
  /** Bytes that branches may take. Default 1 GiB. */
  readonly memory?: number;
  /** A file for what `checkCertificate` needs to prove a property again that holds. Of models from files. */
  readonly certificate?: string;
}

/** What `verify` found. */
export interface VerifyResult extends Verdict {
  /** Where a certificate was asked for: its claims; if there are none, it is not written, and `refusal` says why. */
  readonly written?: WrittenProperty;
}

/**
 * Answers a property of a model: the path of a VNN-LIB file, or a property as `robustness` and `parseVnnlib` make it. An attack
 * first, then bounds of growing strength, then branch and bound, for 60 seconds unless told. A counterexample is judged in double
 * precision, by the file's own graph where there is one. A signal ends the search; what is open by then is `unknown`.
 * Throws an `AutodualError` for what cannot be read or does not fit, and the signal's reason where it ends the writing of a
 * certificate.
 */
export async function verify(
  model: ModelLike,
  property: string | Property,
  options: VerifyModelOptions = {},
): Promise<VerifyResult> {
  checkOptions("verify", options, SHAPE);
  const asked = typeof property === "string" ? await readVnnlib(property) : checkedProperty(property);
  return onBackend({ ...options, dtype: options.dtype ?? "float64" }, async (backend) => {
    const { stages } = await openOn(backend, model, "verify: model");
    if (stages.length > 1) throw new UsageError("verify: model: expected one model, found a cascade");
    checkEvaluation("verify: evaluation", options.evaluation, stages);
    const { timeout = 60, evaluation, seed, memory, split, signal, certificate, onProgress } = options;
    const [own] = stages;
    checkPropertyWithout(own.leftOut, asked, own.path);
    const claimed = evaluation ?? arithmeticOfModel(own);
    if (certificate !== undefined) {
      checkCertificateModels("verify", stages, claimed);
      checkClaimable(asked, "verify: certificate");
    }
    const proofs: CaseProof[] = [];
    const judge = await openJudge(stages[0], backend.dtype);
    using subject = placedSubject(backend, stages[0], judge.evaluate);
    const verdict = await verifySubject(subject, asked, {
      timeout,
      ...(evaluation && { evaluation }),
      ...(seed !== undefined && { seed }),
      ...(memory !== undefined && { memoryBytes: memory }),
      ...(split && { split }),
      ...(signal && { signal }),
      ...(certificate !== undefined && { onProof: (proof) => proofs.push(proof) }),
      ...(onProgress && { onProgress }),
    });
    if (certificate === undefined) return verdict;
    const { answer } = verdict;
    const written =
      answer === "holds"
        ? await writePropertyCertificate(certificate, { model: own, evaluation: claimed }, proofs, options)
        : { claims: 0, refusal: `the property is ${answer}` };
    return { ...verdict, written };
  });
}

const SHAPE = {
  timeout: z.number().positive().optional(),
  evaluation: COMMON.evaluation,
  seed: COMMON.seed,
  memory: COMMON.memory,
  split: z.enum(SPLITS).optional(),
  certificate: TEXT.optional(),
  signal: COMMON.signal,
  onProgress: z.custom<unknown>((value) => typeof value === "function", "expected a function").optional(),
  backend: COMMON.backend,
  dtype: COMMON.dtype,
  threads: COMMON.threads,
};
