import type { Deadline } from "../../compute/deadline.js";
import {
  type CertifiedSubject,
  type WrittenCertificates,
  writeCertificates,
} from "../../runs/certificates/write-certificates.js";
import type { CertifiedExample } from "../../runs/certification-summary.js";
import type { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";

/**
 * Ctrl-C, and the end of the time, end the writing between two certificates; the verdicts stand, and what there was before stays in the
 * file's place.
 */
export function writeUnlessStopped(
  path: string,
  subject: CertifiedSubject,
  examples: readonly CertifiedExample[],
  output: Output,
  deadline: Deadline,
): Promise<WrittenCertificates | null> {
  const watch = { observer: new TerminalObserver(output) };
  return deadline.unlessPassed(() => writeCertificates(path, subject, examples, watch, deadline));
}
