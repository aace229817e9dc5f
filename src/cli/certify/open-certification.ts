import { Deadline } from "../../compute/deadline.js";
import { UsageError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import { checkCertifiable } from "../../runs/certificates/write-certificates.js";
import type { CertificationSettings } from "../../runs/certification.js";
import { batchWithin, type Estimation, estimationOf } from "../../runs/estimation.js";
import { arithmeticOfStages, checkEvaluation } from "../../runs/models/check-evaluation.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { CommandBudget, loadedTooLate } from "../command-budget.js";
import { roundingOf } from "../evaluation-options.js";
import { Interruption } from "../interruption.js";
import type { Io } from "../io.js";
import { type OpenedSubject, openSubject } from "../open-subject.js";
import type { CertifyFlags } from "./certify-flags.js";

/** What a certification works on, and what it may take. */
export interface OpenedCertification extends OpenedSubject, Disposable {
  readonly own: CommandBudget;
  readonly interruption: Interruption;
  readonly deadline: Deadline;
  /** For which certificates are written. */
  readonly evaluation: Evaluation;
  readonly estimation: Estimation | null;
  readonly settings: CertificationSettings;
}

/** Opens all that a certification needs, and finds out what does not fit before the long work starts. */
export async function openCertification(
  models: readonly string[],
  flags: CertifyFlags,
  io: Io,
): Promise<OpenedCertification> {
  const rounding = roundingOf(flags);
  const own = new CommandBudget(flags, io);
  const { timeout } = flags;
  const memory = own.tensors.bytes;
  const loading = timeout === undefined ? undefined : own.deadline(timeout);
  const opening = () => openSubject(models, { ...flags, memory }, io, loading);
  const opened = await (loading ? loading.unlessPassed(opening) : opening());
  if (!opened) throw new UsageError(loadedTooLate([...models, flags.data].join(" or "), timeout));
  const { ball, backend, model } = opened;
  checkEvaluation("--evaluation", flags.evaluation, model.stages);
  const { evaluation = arithmeticOfStages(model.stages) } = flags;
  if (flags.certificate !== undefined) checkCertifiable({ stages: model.stages, evaluation });
  const { batch, bound: method, against, margins, each } = flags;
  const [{ network }] = model.stages;
  const estimation = readEstimation(flags, network);
  if (estimation && model.stages.length > 1) {
    throw new UsageError(
      `--projections: expected one model, as certificates of a cascade are deterministic, found ${model.stages.length} stages`,
    );
  }
  // A model is read in one go: until here Ctrl-C ends the process at once.
  const interruption = new Interruption();
  const { signal } = interruption;
  const deadline = timeout === undefined ? Deadline.at(signal) : own.deadline(timeout, signal);
  return {
    ...opened,
    ...{ own, interruption, deadline, evaluation, estimation },
    settings: {
      ...{ ball, method, each, against, margins },
      batch: estimation ? batchWithin(estimation, network, backend, batch, memory) : batch,
      estimation,
      ...rounding,
      budget: own.tensors,
      deadline,
    },
    [Symbol.dispose]: () => interruption[Symbol.dispose](),
  };
}

/** A fault of δ is one of its flag. */
function readEstimation(flags: CertifyFlags, network: Network): Estimation | null {
  try {
    return estimationOf(flags, network);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`--${error.message}`);
    throw error;
  }
}
