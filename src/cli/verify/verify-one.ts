import type { Backend } from "../../compute/backend.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { formatCounterexample } from "../../formats/vnnlib/write.js";
import { writeFileAtomically } from "../../formats/write-file.js";
import { type WrittenProperty, writePropertyCertificate } from "../../runs/certificates/write-property.js";
import type { Watch } from "../../runs/observer.js";
import { roundingRecord } from "../../runs/rounding-record.js";
import type { Evaluation } from "../../threat/evaluation.js";
import type { CaseProof } from "../../verify/proof.js";
import type { Verdict } from "../../verify/verdict.js";
import { provedInWords } from "../certificate-words.js";
import { CommandBudget, loadedTooLate } from "../command-budget.js";
import { checkDistinctFiles } from "../distinct-files.js";
import type { Io } from "../io.js";
import { openBackend } from "../open-backend.js";
import { checkWritable, Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { printVerdict, verdictInWords } from "../verify-words.js";
import { type Answered, answeredSubject, answerProperty } from "./answer-property.js";
import { LateInterruption } from "./late-interruption.js";
import { SecondsBar } from "./seconds-bar.js";
import { VERIFY_DTYPE, type VerifyFlags } from "./verify-flags.js";

/** Answers one property, prints and writes the answer, and gives the exit code. */
export async function verifyOne(name: string, spec: string, flags: VerifyFlags, io: Io): Promise<number> {
  const output = new Output(io, flags.json);
  const { timeout, counterexample: path, certificate } = flags;
  checkDistinctFiles(
    { "--json": flags.json, "--counterexample": path, "--certificate": certificate },
    { models: [name], spec },
  );
  if (path !== undefined) checkWritable("--counterexample", path);
  if (certificate !== undefined) checkWritable("--certificate", certificate);
  const own = new CommandBudget(flags, io);
  const memory = own.tensors.bytes;
  const { backend, description } = await openBackend({
    ...{ ...flags, memory, dtype: flags.dtype ?? VERIFY_DTYPE },
  });
  const proofs: CaseProof[] = [];
  // Listens from the search on.
  using stopping = new LateInterruption();
  using bar = new SecondsBar(output, timeout);
  const answered = await answerProperty(name, spec, flags, {
    ...{ backend, io, memory, certified: certificate !== undefined },
    deadline: (signal) => own.deadline(timeout, signal),
    listen: () => stopping.listen(),
    begin: () => bar.begin(),
    ...(certificate !== undefined && { onProof: (proof) => proofs.push(proof) }),
  });
  bar.end();
  const asked = { name, spec, flags, own, backend, description };
  const code = answered
    ? await tell(answered, proofs, asked, stopping, output)
    : await tooLate(name, spec, { ...flags, own }, output, backend);
  backend.dispose();
  return code;
}

interface AskedProperty {
  readonly name: string;
  readonly spec: string;
  readonly flags: VerifyFlags;
  readonly own: CommandBudget;
  readonly backend: Backend;
  readonly description: string;
}

/** Prints and writes what was found, with a certificate where one was asked for. */
async function tell(
  { model, spec: read, property, evaluation, ofGraph, verdict }: Answered,
  proofs: readonly CaseProof[],
  { name, spec, flags, own, backend, description }: AskedProperty,
  stopping: LateInterruption,
  output: Output,
): Promise<number> {
  const { timeout, split, counterexample: path, certificate } = flags;
  const found = verdict.counterexample;
  const text = found && formatCounterexample(found.input, found.output);
  output.print(verdict.answer);
  if (text) {
    output.print(text);
    if (path !== undefined) await writeFileAtomically(path, `${text}\n`);
  }
  printVerdict(output, verdict, name, spec, description);
  output.prose(verdictInWords(verdict, property, ofGraph, evaluation));
  const written =
    certificate === undefined
      ? null
      : await stopping.unlessStopped((signal) =>
          certify(
            certificate,
            verdict,
            { model, evaluation, proofs },
            { observer: new TerminalObserver(output), signal },
          ),
        );
  if (certificate !== undefined) output.prose(provedInWords(certificate, written));
  await output.writeJson({
    schema: "autodual/verification/1",
    ...answeredSubject({ model, spec: read }),
    property: { inputs: property.inputs, outputs: property.outputs, cases: property.cases.length },
    arithmetic: backend.dtype,
    bound: roundingRecord(evaluation),
    timeout,
    split,
    answer: verdict.answer,
    counterexample: found && { input: Array.from(found.input), output: Array.from(found.output) },
    cases: verdict.cases,
    seconds: verdict.seconds,
    ...(verdict.outOfMemory && { outOfMemory: verdict.outOfMemory }),
    budget: own.record(backend),
    ...(certificate !== undefined && {
      certificate: written?.refusal === null ? { path: certificate, claims: written.claims } : null,
    }),
  });
  return stopping.exitCode;
}

/** Nothing was found out, and `unknown` says so: the time was over before model and property were read. */
async function tooLate(
  name: string,
  spec: string,
  { timeout, split, own }: Pick<VerifyFlags, "timeout" | "split"> & { readonly own: CommandBudget },
  output: Output,
  backend: Backend,
): Promise<number> {
  output.print("unknown");
  output.prose(`${loadedTooLate(`${name} or ${spec}`, timeout)}: nothing is claimed.`);
  await output.writeJson({
    schema: "autodual/verification/1",
    model: { path: name, sha256: null },
    spec: { path: spec, sha256: null },
    property: null,
    ...{
      arithmetic: backend.dtype,
      bound: null,
      timeout,
      split,
      answer: "unknown",
      counterexample: null,
      cases: [],
    },
    seconds: own.elapsed,
    budget: own.record(backend),
  });
  return 0;
}

/** Writes the certificate of a property that holds. */
async function certify(
  path: string,
  { answer: found }: Verdict,
  {
    proofs,
    ...subject
  }: { readonly model: LoadedModel; readonly evaluation: Evaluation; readonly proofs: readonly CaseProof[] },
  { observer, signal }: Watch,
): Promise<WrittenProperty> {
  if (found !== "holds") return { claims: 0, refusal: `the property is ${found}` };
  return writePropertyCertificate(path, subject, proofs, { observer, signal });
}
