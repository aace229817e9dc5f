import { createHash } from "node:crypto";
import type { Command } from "commander";
import type { Dtype } from "../../compute/backend.js";
import { ShapeError, UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { emptyInput, hasDoubles } from "../../formats/vnnlib/input-box.js";
import type { Property } from "../../formats/vnnlib/property.js";
import { readVnnlib } from "../../formats/vnnlib/read.js";
import { formatCounterexample } from "../../formats/vnnlib/write.js";
import { readFileOrExplain, writeFileAtomically } from "../../formats/write-file.js";
import { openJudge } from "../../library/judge.js";
import { subjectOf } from "../../network/subject.js";
import { arithmeticOfModel, checkWeights } from "../../network/weights.js";
import { evaluationInWords } from "../../report/guarantee.js";
import { checkCertifiable } from "../../runs/certificates/write-certificates.js";
import { type WrittenProperty, writePropertyCertificate } from "../../runs/certificates/write-property.js";
import { checkEvaluation } from "../../runs/models/check-evaluation.js";
import { openStages } from "../../runs/models/open-model.js";
import type { Watch } from "../../runs/observer.js";
import { roundingRecord } from "../../runs/rounding-record.js";
import type { Evaluation } from "../../threat/evaluation.js";
import type { CaseProof } from "../../verify/proof.js";
import type { CaseVerdict, Verdict } from "../../verify/verdict.js";
import { verify } from "../../verify/verify.js";
import { SPLITS, type SplitChoice, type VerifyProgress } from "../../verify/verify-options.js";
import { numberIn, oneOf, someText } from "../arguments.js";
import { provedInWords } from "../certificate-words.js";
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
import { formatTable } from "../table.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatCount, formatDuration, formatNumber, plural, wrap } from "../wording.js";

interface VerifyFlags extends MachineFlags, JsonOptions, Pick<EvaluationFlags, "evaluation"> {
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
  const { timeout, split, seed, memory, counterexample: path, certificate } = flags;
  checkDistinctFiles(
    { "--json": flags.json, "--counterexample": path, "--certificate": certificate },
    { models: [name], spec },
  );
  if (path !== undefined) checkWritable("--counterexample", path);
  if (certificate !== undefined) checkWritable("--certificate", certificate);
  const { backend, description } = await openBackend({ ...flags, dtype: flags.dtype ?? DTYPE });
  const { stages } = await openStages([name], backend);
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
  const proofs: CaseProof[] = [];
  const judge = await openJudge(model, backend.dtype);
  const subject = subjectOf(backend, model, judge.evaluate);

  using interruption = new Interruption();
  const progress = output.progress({ label: "verify", total: Math.ceil(timeout) });
  const began = performance.now();
  let verdict: Verdict;
  try {
    verdict = await verify(subject, property, {
      timeout,
      split,
      seed,
      evaluation,
      ...(memory !== undefined && { memoryBytes: memory }),
      signal: interruption.signal,
      ...(certificate !== undefined && { onProof: (proof) => proofs.push(proof) }),
      onProgress: (state) =>
        progress.update(
          Math.min(Math.ceil(timeout), Math.round((performance.now() - began) / 1000)),
          inWords(state),
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
  output.print(figures(verdict, name, spec, description));
  output.print(wrap(meaning(verdict, property, judge.ofGraph, evaluation)));
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
  if (certificate !== undefined) output.print(provedInWords(certificate, written));
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
    ...(certificate !== undefined && {
      certificate: written?.refusal === null ? { path: certificate, claims: written.claims } : null,
    }),
  });
  backend.dispose();
  return interruption.aborted ? interruption.exitCode : 0;
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

function inWords({ step, settled, cases, bounded, bound }: VerifyProgress): string {
  const parts = [`${settled} of ${cases} settled`, step];
  if (bounded !== undefined) parts.push(plural(bounded, "branch", "branches"));
  if (bound !== undefined && Number.isFinite(bound)) parts.push(`lowest bound ${formatNumber(bound)}`);
  return parts.join("  ");
}

/** Cases by what settled them. */
function figures({ cases, seconds }: Verdict, model: string, spec: string, machine: string): string {
  const groups = new Map<string, CaseVerdict[]>();
  for (const own of cases) {
    const key = `${own.answer} ${own.step}`;
    groups.set(key, [...(groups.get(key) ?? []), own]);
  }
  const rows = [...groups.values()].map((own) => {
    const bounds = own.flatMap(({ bound }) => (bound === null ? [] : [bound]));
    return [
      own[0].answer,
      own[0].step,
      String(own.length),
      formatCount(own.reduce((sum, { branches }) => sum + branches, 0)),
      bounds.length === 0 ? "" : formatNumber(Math.min(...bounds)),
    ];
  });
  return [
    formatTable(["cases that", "by", "number", "branches", "lowest bound"], rows),
    `${model}, ${spec}: ${formatDuration(seconds)}; ${machine}`,
  ].join("\n");
}

function meaning(
  { answer, cases }: Verdict,
  property: Property,
  ofGraph: boolean,
  evaluation: Evaluation,
): string {
  switch (answer) {
    case "holds": {
      const empty = cases.filter(({ step }) => step === "empty box").length;
      if (empty === cases.length) return `${nothingAsked(property)} Nothing is claimed of the network.`;
      const proved =
        `No input of the property's boxes gives outputs that it forbids, ${evaluationInWords(evaluation)}: ` +
        `${plural(cases.length - empty, "case")} proved by dual bounds that count all rounding.`;
      return empty === 0 ? proved : `${proved} ${plural(empty, "case")} with an empty set of inputs.`;
    }
    case "violated":
      return (
        "The input above gives outputs that the property forbids, evaluated in double precision on " +
        (ofGraph ? "the file's own graph." : "the network.")
      );
    case "unknown":
      return (
        "Neither proved nor broken within the time: nothing is claimed. A longer --timeout may settle it." +
        (cases.some((own) => own.answer === "unknown" && !hasDoubles(property.cases[own.case].box))
          ? " Some bounds of inputs have no double between them, so that no counterexample could be shown."
          : "")
      );
    default:
      return answer satisfies never;
  }
}

/** Why a property whose boxes are all empty holds. */
function nothingAsked({ cases }: Property): string {
  const [{ box }] = cases;
  return `The property's set of inputs is empty, since no number meets all bounds of X_${emptyInput(box)}: it holds whatever the network does.`;
}
