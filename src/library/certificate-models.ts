import { UsageError } from "../errors.js";
import type { LoadedModel } from "../formats/model-file.js";
import { checkCertifiable } from "../runs/certificates/write-certificates.js";
import type { Evaluation } from "../threat/evaluation.js";

/**
 * A certificate names its models by the checksums of their files. Throws a `UsageError` for a model in memory, and what
 * `checkCertifiable` does for one that the checker does not know what to do with.
 */
export function checkCertificateModels(
  call: string,
  stages: readonly LoadedModel[],
  evaluation: Evaluation,
): void {
  if (stages.some(({ sha256 }) => sha256 === "")) {
    throw new UsageError(`${call}: certificate: expected a model of a file, found one in memory`);
  }
  checkCertifiable({ stages, evaluation });
}
