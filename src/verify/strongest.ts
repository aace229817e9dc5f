import { type BatchVerdict, type CertifyOptions, certifyBatch } from "../certify/certify.js";
import type { Deadline } from "../compute/deadline.js";
import { UsageError } from "../errors.js";
import { sizeOf } from "../network/shape.js";
import { outputsAt, type Subject } from "../network/subject.js";
import { fixedBindings, type PlacedNetwork } from "../network/weights.js";
import { type Batch, countExamples } from "../threat/batch.js";
import { pickBalls, pickColumns, pickExamples } from "../threat/pick.js";
import { isProof } from "../threat/proof.js";
import { robustness } from "./robustness.js";
import { BATCH_RUNGS, better, type ClimbedVerdict, mayBeProved, RUNGS, type Rung } from "./rungs.js";
import type { Verdict } from "./verdict.js";
import { verify } from "./verify.js";

/** Verdicts on a batch, all of them deterministic. */
export interface ClimbedBatch extends BatchVerdict {
  readonly examples: readonly ClimbedVerdict[];
}

/** How long an example may take beyond the bounds of its batch. */
export interface ClimbLimits {
  /** Seconds an example; 0 leaves it at bounds. */
  readonly seconds: number;
  /** Of all together. */
  readonly deadline?: Deadline | undefined;
  readonly memoryBytes?: number | undefined;
}

/**
 * Certifies a batch by whatever proves each example first: interval bounds, the dual network's by the paper's lines and by those of
 * two slopes, then, of ℓ∞ balls, slopes that are optimised for it, and branch and bound. Margins are the best that bounds found; where
 * slopes or branch and bound prove an example, they need not be above 0. Throws what `certifyBatch` and `verify` throw, a `UsageError` for an estimator.
 */
export async function certifyByRungs(
  placed: PlacedNetwork,
  batch: Batch,
  options: CertifyOptions,
  limits: ClimbLimits,
): Promise<ClimbedBatch> {
  if (options.estimator) throw new UsageError("rungs: expected deterministic bounds, got an estimator");
  const count = countExamples(batch, sizeOf(placed.network.inputShape));
  const verdicts: ClimbedVerdict[] = [];
  let open = Array.from({ length: count }, (_, b) => b);
  for (const method of BATCH_RUNGS) {
    if (open.length === 0) break;
    const own = { ...options, method };
    const found =
      open.length === count
        ? await certifyBatch(placed, batch, own)
        : await certifyBatch(placed, pickExamples(batch, count, open), pickBalls(own, open));
    for (const [i, b] of open.entries()) verdicts[b] = better(verdicts[b], found.examples[i], method);
    open = open.filter((b) => !verdicts[b].certified && mayBeProved(verdicts[b]));
  }
  for (const b of open) {
    if (limits.deadline?.passed) {
      verdicts[b] = { ...verdicts[b], isCut: true };
      continue;
    }
    const x = pickColumns(Float64Array.from(batch.x), count, [b]);
    verdicts[b] = await climbed(placed, x, verdicts[b], options, limits);
  }
  return { guarantee: "deterministic", examples: verdicts };
}

/** Branch and bound on the margins that bounds leave open. */
async function climbed(
  placed: PlacedNetwork,
  x: Float64Array,
  before: ClimbedVerdict,
  { norm, epsilon, box, rounding, signal }: CertifyOptions,
  { seconds, deadline, memoryBytes }: ClimbLimits,
): Promise<ClimbedVerdict> {
  const { prediction, marginLower } = before;
  // Without rounding, or in another norm, `verify` proves something else.
  if (norm !== "linf" || rounding === null || seconds <= 0) return before;
  if (typeof epsilon !== "number" && "perExample" in epsilon) return before;
  const { classes } = placed.network;
  const whole = robustness(x, { epsilon, box: box ?? null, prediction, classes });
  const others = Array.from({ length: classes }, (_, j) => j).filter((j) => j !== prediction);
  const cases = whole.cases.filter((_, i) => !isProof(marginLower[others[i]]));
  const timeout = deadline ? Math.min(seconds, deadline.left) : seconds;
  const verdict = await verify(
    // In single precision the bounds' own rounding is more than what is left to prove, and no splitting makes it less.
    subjectOf(placed.inDouble?.() ?? placed),
    { ...whole, cases },
    {
      timeout,
      ...(rounding && { evaluation: rounding }),
      ...(memoryBytes !== undefined && { memoryBytes }),
      ...(signal && { signal: signal as AbortSignal }),
    },
  );
  if (verdict.answer === "holds") return { ...before, certified: true, rung: dearest(verdict) };
  const isCut = verdict.answer === "unknown" && (timeout < seconds || deadline?.aborted === true);
  return isCut ? { ...before, isCut } : before;
}

/** The last step that was needed. */
function dearest({ cases }: Verdict): Rung {
  return RUNGS[Math.max(0, ...cases.map(({ step }) => RUNGS.indexOf(step as Rung)))];
}

/** The network judges itself: what would break a property is only looked for, and proves nothing here. */
function subjectOf(placed: PlacedNetwork): Subject {
  const subject: Subject = {
    ...placed,
    bindings: fixedBindings(placed.parameters),
    evaluate: async (input) => Float64Array.from(await outputsAt(subject, input, 1)),
  };
  return subject;
}
