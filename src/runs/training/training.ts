import { existsSync, rmSync } from "node:fs";
import type { Backend } from "../../compute/backend.js";
import { Team } from "../../distributed/team.js";
import { EventFile } from "../../train/event-file.js";
import type { Run } from "../../train/run-folder.js";
import { withRunLock } from "../../train/run-lock.js";
import { Trainer } from "../../train/trainer.js";
import type { Certification } from "../certification-summary.js";
import { isEnded, type Watch } from "../observer.js";
import { batchSource } from "./batch-source.js";
import { saveState, trainEpochs } from "./epochs.js";
import { bestEpoch, evaluateRun, evaluationRecord } from "./evaluation.js";
import { holdOut } from "./hold-out.js";
import type { RunningTraining, TrainingJob } from "./job.js";

/** A run that is finished, with its certification, or interrupted by the signal, without one. */
export interface TrainingOutcome {
  readonly run: Run;
  readonly certification: Certification | null;
}

/**
 * Trains, evaluates by deterministic bounds, and keeps the run folder such that the run can go on from the last state kept
 * whatever happens, and from its last batch after a signal, which does not reject: the run is `interrupted` then. Throws a
 * `UsageError` while another training is under way in the folder.
 *
 * Of a team each rank is given the same job, with a folder that the first alone writes into, and the team's signal. All of them get
 * the same outcome, once the folder is written.
 */
export async function runTraining(
  given: TrainingJob,
  backend: Backend,
  watch: Watch = {},
  team = new Team(undefined, watch.signal),
): Promise<TrainingOutcome> {
  const { path, writes } = given.folder;
  const work = () => trainTogether(given, backend, watch, team);
  const outcome = await (writes ? withRunLock(path, work) : work());
  await team.meet();
  return outcome;
}

async function trainTogether(
  given: TrainingJob,
  backend: Backend,
  watch: Watch,
  team: Team,
): Promise<TrainingOutcome> {
  const job = { ...given, ...holdOut(given.train, given.run.config) };
  const { folder, network, train } = job;
  const { config } = job.run;
  const source = batchSource(train, config);
  const trainer = new Trainer(backend, { network, weights: job.weights }, config, source, team);
  try {
    if (job.state) trainer.restore(job.state);
    const { ranks: _, ...given } = job.run;
    const shared = team.isAlone ? {} : { ranks: team.ranks.size };
    let run: Run = { ...given, ...shared, status: "running", epochs: [...trainer.rows] };
    if (folder.writes) await writeFirst(run, job, trainer);
    const events = folder.writes ? new EventFile(folder.path, trainer.rows) : { add() {} };
    const save = async (changes: Partial<Run>): Promise<Run> => {
      run = {
        ...run,
        ...changes,
        epochs: [...trainer.rows],
        best: bestEpoch(trainer.rows, config)?.epoch ?? null,
      };
      await folder.writeRun(run);
      return run;
    };
    try {
      const course: RunningTraining = { job, trainer, watch, team, events, save };
      const certification = await trainAndEvaluate(course, source.batchesPerEpoch);
      if (certification) {
        const evaluation = evaluationRecord(run, certification);
        const { weights, rows } = await trainer.state();
        await folder.writeOnnx({ network, weights }, config, rows);
        return { run: await save({ status: "finished", evaluation }), certification };
      }
      await folder.writeCheckpoint(network, await trainer.state());
      return { run: await save({ status: "interrupted" }), certification };
    } catch (error) {
      // The fault itself is what the user has to hear, not that the record could not be kept either.
      await save({ status: "interrupted" }).catch(() => {});
      throw error;
    }
  } finally {
    trainer.dispose();
  }
}

/** Null where the signal ended the work. */
async function trainAndEvaluate(
  course: RunningTraining,
  batchesPerEpoch: number,
): Promise<Certification | null> {
  const { job, trainer, watch, team } = course;
  try {
    await trainEpochs(course, batchesPerEpoch);
    watch.signal?.throwIfAborted();
    await takeBest(course);
    return await evaluateRun(trainer, job.test, watch, team);
  } catch (error) {
    if (isEnded(error, watch.signal)) return null;
    throw error;
  }
}

/** The model of the best epoch on held-out examples is the run's. */
async function takeBest({ job, trainer, team }: RunningTraining): Promise<void> {
  const best = job.heldOut ? bestEpoch(trainer.rows, job.run.config) : null;
  if (best === null || best.epoch === trainer.rows.length) return;
  await team.meet();
  const { network, weights } = await job.folder.readModel("best");
  trainer.replaceWeights(weights);
  await job.folder.writeModel(
    "model",
    { network, weights },
    job.run.config,
    trainer.rows.slice(0, best.epoch),
  );
}

/** The first files of this sitting: an unwritable folder is found out here, and a new run then leaves nothing in it. */
async function writeFirst(run: Run, job: TrainingJob, trainer: Trainer): Promise<void> {
  const { folder } = job;
  const isNew = !existsSync(folder.file("run"));
  const absent = (["model", "checkpoint", "run", "metrics"] as const)
    .map((name) => folder.file(name))
    .filter((path) => !existsSync(path));
  try {
    // The record comes last: a folder without one is no run yet.
    await saveState(job, trainer);
    await folder.writeRun(run);
  } catch (error) {
    if (isNew) for (const path of absent) rmSync(path, { force: true });
    throw error;
  }
}
