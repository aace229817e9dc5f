import { type Command, Option } from "commander";
import { benchKernels, type KernelBench, type KernelFigure } from "../../bench/kernels.js";
import { benchCertify, benchTrainStep, type StepFigure, type StepSubject } from "../../bench/steps.js";
import type { Backend } from "../../compute/backend.js";
import type { BoundMethod, DualOptions } from "../../dual/dual-options.js";
import { SKETCH_FORMS, type SketchForm } from "../../dual/estimator.js";
import { type TrainingProjections, trainingEstimator } from "../../estimators/training.js";
import { oneOf, wholeNumber } from "../arguments.js";
import { benchSubjects, type SubjectsFlags } from "../bench-subjects.js";
import {
  addBallOptions,
  addBoundOption,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  type JsonOptions,
  type MachineFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import type { Progress } from "../progress.js";
import { parseProjections } from "../projection-options.js";
import { NO_SCALING, planScaling, printScaling, runScaling } from "../scaling.js";
import { formatTable } from "../table.js";
import { wrap } from "../wording.js";

const TARGETS = ["kernels", "train-step", "certify", "scaling"] as const;
type BenchTarget = (typeof TARGETS)[number];

const PAPERS_PROJECTIONS: readonly TrainingProjections[] = [50, 10, "exact"];

interface BenchFlags extends SubjectsFlags, JsonOptions, MachineFlags {
  readonly bound: BoundMethod;
  readonly projections: readonly TrainingProjections[];
  readonly sketch: SketchForm;
  readonly most?: number;
}

/** `autodual bench`: how fast kernels, certification and training steps are, beside the machine's own peak. */
export function addBench(program: Command, context: CommandContext): void {
  const command = program
    .command("bench")
    .description("measure kernels, training steps and certification beside the machine's own peak")
    .argument("[target]", `one of ${TARGETS.join(", ")} (default: all but scaling)`, oneOf("target", TARGETS))
    .option("--model <model...>", "architectures or models that steps are measured on", ["small"]);
  addDataOptions(command);
  addBallOptions(command);
  addBoundOption(command);
  command
    .option("--batch <n>", "examples of a step", wholeNumber("--batch", { min: 1 }), 50)
    .addOption(
      new Option("--projections <r...>", "what train-step takes: projection dimensions, auto or exact")
        .argParser<readonly TrainingProjections[]>(addProjections)
        .default(PAPERS_PROJECTIONS, PAPERS_PROJECTIONS.join(" ")),
    )
    .option("--sketch <form>", "form of projections", oneOf<SketchForm>("--sketch", SKETCH_FORMS), "joint")
    .option("--limit <n>", "examples that certify takes", wholeNumber("--limit", { min: 1 }), 200);
  command.option(
    "--most <n>",
    "most hidden units that scaling goes up to (default: 4,200,000)",
    wholeNumber("--most", { min: 1 }),
  );
  addMachineOptions(command);
  addSeedOption(command, "of an architecture's random weights");
  addJsonOption(command).action(async (target: BenchTarget | undefined, flags: BenchFlags) => {
    context.exitCode = await bench(target, flags, context);
  });
}

async function bench(
  target: BenchTarget | undefined,
  flags: BenchFlags,
  { io }: CommandContext,
): Promise<number> {
  const output = new Output(io, flags.json);
  const { backend, description } = await openBackend(flags);
  const wants = (part: BenchTarget) => target === part || (target === undefined && part !== "scaling");
  const stepsOf = async (part: "train-step" | "certify") =>
    wants(part) ? benchSubjects(backend, part, flags) : [];
  // All that is named must be there before anything is measured.
  const training = await stepsOf("train-step");
  const certifying = await stepsOf("certify");
  const scaling = target === "scaling" ? await planScaling(flags) : null;

  const { peakGflops, kernels } = wants("kernels")
    ? await runKernels(backend, output)
    : { peakGflops: await backend.peakGflops(), kernels: [] };
  output.print(`${description}; peak ${formatGflops(peakGflops)} GFLOP/s`);
  if (kernels.length > 0) printKernels(kernels, output);
  const steps: StepFigure[] = [];
  for (const subject of training) {
    for (const projections of flags.projections) {
      steps.push(await runTraining(backend, subject, projections, flags, output));
    }
  }
  for (const subject of certifying) steps.push(await runCertification(backend, subject, flags.bound, output));
  if (steps.length > 0) printSteps(steps, output);
  const { figures, notRun } = scaling ? await runScaling(backend, scaling, output) : NO_SCALING;
  if (scaling) printScaling(figures, notRun, output);
  await output.writeJson({
    schema: "autodual/bench/1",
    backend: { name: backend.name, machine: backend.machine, arithmetic: backend.dtype },
    peakGflops,
    threads: backend.threads,
    kernels,
    steps: [...steps, ...figures],
    ...(scaling && { notRun }),
  });
  backend.dispose();
  return 0;
}

async function runKernels(backend: Backend, output: Output): Promise<KernelBench> {
  let progress: Progress | undefined;
  try {
    return await benchKernels(backend, (done, total, name) => {
      progress ??= output.progress({ label: "kernels", total });
      progress.update(done, name);
    });
  } finally {
    progress?.stop();
  }
}

function printKernels(figures: readonly KernelFigure[], output: Output): void {
  output.print(
    formatTable(
      ["kernel", "shape", "ms", "speed"],
      figures.flatMap((figure) => [...shapeRows(figure), totalRow(figure)]),
    ),
  );
}

function shapeRows(figure: KernelFigure): (readonly (string | number)[])[] {
  if ("nsPerElement" in figure) {
    return figure.shapes.map(({ shape, seconds, nsPerElement }) => [
      figure.name,
      shape,
      formatMs(seconds),
      formatNs(nsPerElement),
    ]);
  }
  return figure.shapes.map(({ shape, seconds, gflops, fractionOfPeak }) => [
    figure.name,
    shape,
    formatMs(seconds),
    formatSpeed(gflops, fractionOfPeak),
  ]);
}

function totalRow(figure: KernelFigure): readonly (string | number)[] {
  const seconds = figure.shapes.reduce((sum, shape) => sum + shape.seconds, 0);
  const speed =
    "nsPerElement" in figure
      ? formatNs(figure.nsPerElement)
      : formatSpeed(figure.gflops, figure.fractionOfPeak);
  return [figure.name, "all", formatMs(seconds), speed];
}

/** Each value of a flag that takes several, after those before it. */
function addProjections(
  text: string,
  before: readonly TrainingProjections[],
): readonly TrainingProjections[] {
  return [...(before === PAPERS_PROJECTIONS ? [] : before), parseProjections(text)];
}

async function runTraining(
  backend: Backend,
  subject: StepSubject,
  projections: TrainingProjections,
  { bound: method, sketch: form, seed }: BenchFlags,
  output: Output,
): Promise<StepFigure> {
  const dimension = typeof projections === "string" ? projections : `r=${projections}`;
  const suffix = projections === "exact" || form === "joint" ? dimension : `${dimension} ${form}`;
  const name = `${subject.name} ${suffix}`;
  const progress = output.progress({ label: `train-step ${name}`, total: 1 });
  const dual = (step: number): DualOptions => {
    const estimator = trainingEstimator(projections, { form, seed, path: ["bench", step] });
    return estimator ? { estimator } : { method };
  };
  try {
    return await benchTrainStep(backend, { ...subject, name }, dual);
  } finally {
    progress.stop();
  }
}

async function runCertification(
  backend: Backend,
  subject: StepSubject,
  method: BoundMethod,
  output: Output,
): Promise<StepFigure> {
  const total = subject.batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const progress = output.progress({ label: `certify ${subject.name}`, total });
  try {
    return await benchCertify(backend, subject, { method }, (done) => progress.update(done, ""));
  } finally {
    progress.stop();
  }
}

function printSteps(steps: readonly StepFigure[], output: Output): void {
  const certified = steps.some(({ robustError }) => robustError !== undefined);
  output.print(
    formatTable(
      [
        "step",
        "batch",
        "ms",
        "ms per example",
        "memory MB",
        ...(certified ? ["robust error", "rounding"] : []),
      ],
      steps.map(({ name, batch, seconds, secondsPerExample, peakMemoryMB, robustError, roundingCost }) => [
        name,
        String(batch),
        formatMs(seconds),
        formatMs(secondsPerExample),
        peakMemoryMB.toFixed(0),
        ...(certified
          ? [
              robustError === undefined ? "" : `${(100 * robustError).toFixed(1)} %`,
              roundingCost === undefined ? "" : `${roundingCost.toFixed(2)} times`,
            ]
          : []),
      ]),
    ),
  );
  output.print(wrap("Milliseconds of a step are the median of its batches; memory is that of all tensors."));
}

function formatMs(seconds: number): string {
  const ms = 1000 * seconds;
  return ms >= 1000 ? ms.toFixed(0) : ms.toPrecision(3);
}

function formatGflops(gflops: number): string {
  return gflops.toFixed(gflops < 10 ? 1 : 0);
}

function formatSpeed(gflops: number, fractionOfPeak: number): string {
  return `${formatGflops(gflops)} GFLOP/s, ${(100 * fractionOfPeak).toFixed(0)} % of peak`;
}

function formatNs(nsPerElement: number): string {
  return `${nsPerElement.toFixed(2)} ns per element per core`;
}
