import { type Command, Option } from "commander";
import { benchCertify, type CertifyFigure } from "../../bench/certify.js";
import { benchGrowth, GROWTH_AXES, type GrowthFigure, growthSizes } from "../../bench/growth.js";
import { benchKernels, type KernelBench } from "../../bench/kernels.js";
import { benchTrainStep, type StepFigure, type StepSubject } from "../../bench/steps.js";
import type { Backend } from "../../compute/backend.js";
import type { BoundMethod, DualOptions } from "../../dual/dual-options.js";
import { SKETCH_FORMS, type SketchForm } from "../../dual/estimator.js";
import { UsageError } from "../../errors.js";
import { type TrainingProjections, trainingEstimator } from "../../estimators/training.js";
import { LOSS_DEFAULTS, LOSS_NAMES, LOSSES, type LossName } from "../../train/losses/index.js";
import { oneOf, wholeNumber } from "../arguments.js";
import { benchSubjects, type SubjectsFlags } from "../bench-subjects.js";
import {
  formatGflops,
  printCertification,
  printGrowth,
  printKernels,
  printTraining,
} from "../bench-tables.js";
import { deadlineOf, loadWithin } from "../command-budget.js";
import {
  addBallOptions,
  addBoundOption,
  addDataOptions,
  addJsonOption,
  addMachineOptions,
  addSeedOption,
  addTimeoutOption,
  type JsonOptions,
  type MachineFlags,
} from "../common-options.js";
import type { CommandContext } from "../context.js";
import { openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import type { Progress } from "../progress.js";
import { parseProjections } from "../projection-options.js";
import { NO_SCALING, planScaling, printScaling, runScaling } from "../scaling.js";

const TARGETS = ["kernels", "train-step", "certify", "scaling"] as const;
type BenchTarget = (typeof TARGETS)[number];

const SMALL = ["small"];
const PAPERS_SKETCH: SketchForm = "joint";
const PAPERS_LOSS: readonly LossName[] = ["dual"];
const PAPERS_PROJECTIONS: readonly TrainingProjections[] = [50, 10, "exact"];

interface BenchFlags extends SubjectsFlags, JsonOptions, MachineFlags {
  readonly bound: BoundMethod;
  readonly loss: readonly LossName[];
  readonly projections: readonly TrainingProjections[];
  readonly sketch: SketchForm;
  readonly most?: number;
  readonly timeout?: number;
}

/** `autodual bench`: how fast kernels, certification and training steps are, beside the machine's own peak. */
export function addBench(program: Command, context: CommandContext): void {
  const command = program
    .command("bench")
    .description("measure kernels, training steps and certification beside the machine's own peak")
    .argument("[target]", `one of ${TARGETS.join(", ")} (default: all but scaling)`, oneOf("target", TARGETS))
    .option("--model <model...>", "architectures or models that steps are measured on", SMALL);
  addDataOptions(command);
  addBallOptions(command);
  addBoundOption(command);
  command
    .option("--batch <n>", "examples of a step", wholeNumber("--batch", { min: 1 }), 50)
    .addOption(
      new Option("--loss <name...>", `what train-step takes: ${LOSS_NAMES.join(", ")}`)
        .argParser<readonly LossName[]>(addLoss)
        .default(PAPERS_LOSS, PAPERS_LOSS.join(" ")),
    )
    .addOption(
      new Option("--projections <r...>", "what train-step takes: projection dimensions, auto or exact")
        .argParser<readonly TrainingProjections[]>(addProjections)
        .default(PAPERS_PROJECTIONS, PAPERS_PROJECTIONS.join(" ")),
    )
    .option(
      "--sketch <form>",
      "form of projections",
      oneOf<SketchForm>("--sketch", SKETCH_FORMS),
      PAPERS_SKETCH,
    )
    .option("--limit <n>", "examples that certify takes", wholeNumber("--limit", { min: 1 }), 200);
  command.option(
    "--most <n>",
    "most hidden units that scaling goes up to (default: 4200000)",
    wholeNumber("--most", { min: 1 }),
  );
  addTimeoutOption(command, "seconds that reading models and data may take");
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
  if (target === "scaling" && flags.model !== SMALL) {
    throw new UsageError(
      `--model: expected none with scaling, which makes its own, found ${flags.model.join(" ")}`,
    );
  }
  if (target !== undefined && target !== "train-step") refuseTrainingFlags(target, flags);
  const { backend, description } = await openBackend(flags);
  const wants = (part: BenchTarget) => target === part || (target === undefined && part !== "scaling");
  const reading = deadlineOf(flags, io);
  const stepsOf = async (part: "train-step" | "certify") =>
    wants(part)
      ? loadWithin(reading, [...flags.model, flags.data ?? []].flat().join(" or "), flags, (stop) =>
          benchSubjects(backend, part, flags, stop),
        )
      : [];
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
    for (const loss of flags.loss) {
      // Only the paper's has a pass of rows that projections could take the place of.
      for (const projections of loss === "dual" ? flags.projections : [null]) {
        steps.push(await runTraining(backend, subject, loss, projections, flags, output));
      }
    }
  }
  if (steps.length > 0) printTraining(steps, output);
  const certified: CertifyFigure[] = [];
  for (const subject of certifying) {
    certified.push(await runCertification(backend, subject, flags.bound, output));
  }
  if (certified.length > 0) printCertification(certified, output);
  const { figures, notRun } = scaling ? await runScaling(backend, scaling, output) : NO_SCALING;
  if (scaling) printScaling(figures, notRun, output);
  const growth = scaling ? await runGrowth(backend, flags, output) : [];
  printGrowth(growth, output);
  await output.writeJson({
    schema: "autodual/bench/1",
    backend: { name: backend.name, machine: backend.machine, arithmetic: backend.dtype },
    peakGflops,
    threads: backend.threads,
    kernels,
    steps: [...steps, ...certified, ...figures],
    ...(scaling && { notRun, growth }),
  });
  backend.dispose();
  return 0;
}

/** What only training steps take would be passed over by the others. */
function refuseTrainingFlags(target: BenchTarget, { loss, projections, sketch }: BenchFlags): void {
  const found =
    projections !== PAPERS_PROJECTIONS
      ? `--projections ${projections.join(" ")}`
      : loss !== PAPERS_LOSS
        ? `--loss ${loss.join(" ")}`
        : sketch !== PAPERS_SKETCH
          ? `--sketch ${sketch}`
          : null;
  if (found === null) return;
  throw new UsageError(`${found}: expected with train-step, or without a target, found beside ${target}`);
}

async function runKernels(backend: Backend, output: Output): Promise<KernelBench> {
  let progress: Progress | undefined;
  try {
    return await benchKernels(backend, (done, total, name) => {
      progress ??= output.progress({ label: "kernels", unit: "kernels", total });
      progress.update(done, name);
    });
  } finally {
    progress?.stop();
  }
}

/** Each value of a flag that takes several, after those before it. */
function addProjections(
  text: string,
  before: readonly TrainingProjections[],
): readonly TrainingProjections[] {
  return [...(before === PAPERS_PROJECTIONS ? [] : before), parseProjections(text)];
}

function addLoss(text: string, before: readonly LossName[]): readonly LossName[] {
  return [...(before === PAPERS_LOSS ? [] : before), oneOf<LossName>("--loss", LOSS_NAMES)(text)];
}

async function runTraining(
  backend: Backend,
  subject: StepSubject,
  loss: LossName,
  projections: TrainingProjections | null,
  { bound: method, sketch: form, seed }: BenchFlags,
  output: Output,
): Promise<StepFigure> {
  const dimension = typeof projections === "number" ? `r=${projections}` : (projections ?? loss);
  const isPlain = typeof projections !== "number" || form === "joint";
  const name = `${subject.name} ${isPlain ? dimension : `${dimension} ${form}`}`;
  const progress = output.progress({ label: `train-step ${name}`, unit: "models", total: 1 });
  const dual = (step: number): DualOptions => {
    const estimator =
      projections !== null && trainingEstimator(projections, { form, seed, path: ["bench", step] });
    return estimator ? { estimator } : { method };
  };
  try {
    return await benchTrainStep(
      backend,
      { ...subject, name },
      dual,
      undefined,
      LOSSES[loss].of(LOSS_DEFAULTS),
    );
  } finally {
    progress.stop();
  }
}

async function runCertification(
  backend: Backend,
  subject: StepSubject,
  method: BoundMethod,
  output: Output,
): Promise<CertifyFigure> {
  const total = subject.batches.reduce((sum, { labels }) => sum + labels.length, 0);
  const progress = output.progress({ label: `certify ${subject.name}`, unit: "batches", total });
  try {
    return await benchCertify(backend, subject, { method }, (done) => progress.update(done, ""));
  } finally {
    progress.stop();
  }
}

/** Every size along each axis, one after the other. */
async function runGrowth(
  backend: Backend,
  { most, seed }: BenchFlags,
  output: Output,
): Promise<GrowthFigure[]> {
  const sizes = GROWTH_AXES.flatMap((axis) => growthSizes(axis, most).map((size) => ({ axis, size })));
  const progress = output.progress({ label: "growth", unit: "networks", total: sizes.length });
  const figures: GrowthFigure[] = [];
  try {
    for (const { axis, size } of sizes) {
      figures.push(await benchGrowth(backend, axis, size, seed));
      progress.update(figures.length, figures[figures.length - 1].name);
    }
    return figures;
  } finally {
    progress.stop();
  }
}
