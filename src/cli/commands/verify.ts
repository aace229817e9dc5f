import { createHash } from "node:crypto";
import type { Command } from "commander";
import type { Backend, Dtype } from "../../compute/backend.js";
import { ShapeError, UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { readVnnlib } from "../../formats/vnnlib/read.js";
import { formatCounterexample } from "../../formats/vnnlib/write.js";
import { readFileOrExplain, writeFileAtomically } from "../../formats/write-file.js";
import { openJudge } from "../../library/judge.js";
import { subjectOf } from "../../network/subject.js";
import { arithmeticOfModel, checkWeights } from "../../network/weights.js";
import { checkCertifiable } from "../../runs/certificates/write-certificates.js";
import { type WrittenProperty, writePropertyCertificate } from "../../runs/certificates/write-property.js";
import { checkEvaluation } from "../../runs/models/check-evaluation.js";
import type { Watch } from "../../runs/observer.js";
import { roundingRecord } from "../../runs/rounding-record.js";
import type { Evaluation } from "../../threat/evaluation.js";
import type { CaseProof } from "../../verify/proof.js";
import { checkClaimable, checkPropertyWithout } from "../../verify/property-fits.js";
import type { Verdict } from "../../verify/verdict.js";
import { verify } from "../../verify/verify.js";
import { SPLITS, type SplitChoice } from "../../verify/verify-options.js";
import { numberIn, oneOf, someText } from "../arguments.js";
import { provedInWords } from "../certificate-words.js";
import { CommandBudget, loadedTooLate } from "../command-budget.js";
import {
  addJsonOption,
  addMachineOptions,
  addMemoryOption,
  addSeedOption,
  type JsonOptions,
  type MachineFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { checkDistinctFiles } from "../distinct-files.js";
import { addEvaluationOption, type EvaluationFlags } from "../evaluation-options.js";
import { Interruption } from "../interruption.js";
import { openBackend } from "../open-backend.js";
import { checkWritable, Output } from "../output.js";
import { addOutputOption, type OutputFlags, readModels } from "../read-models.js";
import { TerminalObserver } from "../terminal-observer.js";
import { printVerdict, progressInWords, verdictInWords } from "../verify-words.js";

interface VerifyFlags extends MachineFlags, JsonOptions, OutputFlags, Pick<EvaluationFlags, "evaluation"> {
  readonly timeout: number;
  readonly split: SplitChoice;
  readonly seed: number;
  readonly counterexample?: string;
  readonly certificate?: string;
}

const NOTES = `
The first line of the output is holds, violated or unknown. SPEC is a VNN-LIB property, whose assertions describe
what must not happen; MODEL and SPEC may be packed by gzip.
A property that no input meets the bounds of holds, and the output says that the set of inputs is empty.`;

/** Bounds are proofs here, so that they are computed in double precision unless another is asked for. */
const DTYPE: Dtype = "float64";

/** `autodual verify`: answers a VNN-LIB property of a model. */
export function addVerify(program: Command, context: CommandContext): void {
  const command = program
    .command("verify")
    .description("answer a VNN-LIB property: attack, bounds of growing strength, branch and bound")
    .argument("<model>", "an .onnx or .safetensors file, a run folder, or a model of the package")
    .argument("<spec>", "a .vnnlib file")
    .option(
      "--timeout <s>",
      "seconds after which the answer is unknown",
      numberIn("--timeout", { above: 0 }, "60"),
      60,
    )
    .option(
      "--split <what>",
      "what branch and bound halves: inputs, neurons, or auto (inputs where they are few, then neurons)",
      oneOf<SplitChoice>("--split", SPLITS),
      "auto",
    )
    .option(
      "--counterexample <file>",
      "write the counterexample there",
      someText("--counterexample", "a file"),
    )
    .option(
      "--certificate <file>",
      "of a property that holds, write what autodual check needs to prove it again",
      someText("--certificate", "a file such as certificate.json"),
    )
    .addHelpText("after", NOTES);
  addEvaluationOption(command);
  addMemoryOption(command);
  addMachineOptions(command, DTYPE);
  addSeedOption(command, "of the attack's starts");
  addOutputOption(command);
  addJsonOption(command).action(async (model: string, spec: string, flags: VerifyFlags) => {
    context.exitCode = await answer(model, spec, flags, context);
  });
}

async function answer(
  name: string,
  spec: string,
  flags: VerifyFlags,
  { io }: CommandContext,
): Promise<number> {
  const output = new Output(io, flags.json);
  const { timeout, split, seed, counterexample: path, certificate } = flags;
  checkDistinctFiles(
    { "--json": flags.json, "--counterexample": path, "--certificate": certificate },
    { models: [name], spec },
  );
  if (path !== undefined) checkWritable("--counterexample", path);
  if (certificate !== undefined) checkWritable("--certificate", certificate);
  const own = new CommandBudget(flags, io);
  const memory = own.tensors.bytes;
  const { backend, description } = await openBackend({ ...flags, memory, dtype: flags.dtype ?? DTYPE });
  const loading = own.deadline(timeout);
  const loaded = await loading.unlessPassed(() => readModels([name], flags, { backend, io, stop: loading }));
  if (!loaded) return tooLate(name, spec, { ...flags, own }, output, backend);
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
  if (certificate !== undefined) checkCertifiable({ stages, evaluation });
  const property = await readVnnlib(spec);
  if (certificate !== undefined) checkClaimable(property, "--certificate");
  checkPropertyWithout(model.leftOut, property, model.path);
  const proofs: CaseProof[] = [];
  using interruption = new Interruption();
  const deadline = own.deadline(timeout, interruption.signal);
  const judge = await deadline.unlessPassed(() => openJudge(model, backend.dtype, deadline));
  if (!judge) return tooLate(name, spec, { ...flags, own }, output, backend);
  const subject = subjectOf(backend, model, judge.evaluate);

  const progress = output.progress({ label: "verify", unit: "seconds", total: Math.ceil(timeout) });
  const began = performance.now();
  let verdict: Verdict;
  try {
    verdict = await verify(subject, property, {
      timeout: deadline.left,
      split,
      seed,
      evaluation,
      memoryBytes: memory,
      signal: interruption.signal,
      ...(certificate !== undefined && { onProof: (proof) => proofs.push(proof) }),
      onProgress: (state) =>
        progress.update(
          Math.min(Math.ceil(timeout), Math.round((performance.now() - began) / 1000)),
          progressInWords(state),
        ),
    });
  } catch (error) {
    if (error instanceof ShapeError) throw new ShapeError(`${spec}: ${error.message}`);
    throw error;
  } finally {
    progress.stop();
  }
  const found = verdict.counterexample;
  const text = found && formatCounterexample(found.input, found.output);
  output.print(verdict.answer);
  if (text) {
    output.print(text);
    if (path !== undefined) await writeFileAtomically(path, `${text}\n`);
  }
  printVerdict(output, verdict, name, spec, description);
  output.prose(verdictInWords(verdict, property, judge.ofGraph, evaluation));
  const written =
    certificate === undefined
      ? null
      : await interruption.unlessStopped(() =>
          certify(
            certificate,
            verdict,
            { model, evaluation, proofs },
            {
              observer: new TerminalObserver(output),
              signal: interruption.signal,
            },
          ),
        );
  if (certificate !== undefined) output.prose(provedInWords(certificate, written));
  await output.writeJson({
    schema: "autodual/verification/1",
    ...(await subjectRecord(model, spec)),
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
  backend.dispose();
  return interruption.aborted ? interruption.exitCode : 0;
}

/** Nothing was found out, and `unknown` says so: the time was over before there was a network. */
async function tooLate(
  name: string,
  spec: string,
  { timeout, split, own }: Pick<VerifyFlags, "timeout" | "split"> & { readonly own: CommandBudget },
  output: Output,
  backend: Backend,
): Promise<number> {
  output.print("unknown");
  output.prose(`${loadedTooLate(name, timeout)}: nothing is claimed.`);
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
  backend.dispose();
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

async function subjectRecord({ path, sha256 }: LoadedModel, spec: string) {
  const bytes = await readFileOrExplain(spec);
  return {
    model: { path, sha256 },
    spec: { path: spec, sha256: createHash("sha256").update(bytes).digest("hex") },
  };
}
