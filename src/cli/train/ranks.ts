import { availableParallelism, cpus } from "node:os";
import { Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import type { Communicator } from "../../distributed/communicator.js";
import { launchedBy } from "../../distributed/launcher.js";
import { joinJob } from "../../distributed/mpi.js";
import { explainFailure } from "../failure.js";
import type { Io } from "../io.js";

/** How long ranks leave it to the first to tell what befell all of them: its end is theirs, so that only a fault of their own takes this long. */
const FIRST_TELLS_MS = 5_000;

/**
 * Runs a command's work on every rank that a launcher of MPI started, or on this process alone. The first rank has the streams, the
 * others are silent. An error on any of them is told once and ends all of them, with its exit code.
 */
export async function onRanks(
  io: Io,
  command: string,
  work: (ranks: Communicator, io: Io) => Promise<number>,
): Promise<number> {
  const ranks = joinJob(io.env);
  const { rank, size } = ranks;
  if (size === 1) return await work(ranks, io);
  try {
    const code = await work(ranks, rank === 0 ? io : silent(io));
    // Ranks that are done earlier wait here, where they need no processor.
    await ranks.sum(new Float64Array(1));
    await ranks.leave();
    return code;
  } catch (error) {
    if (rank > 0) await setTimeout(FIRST_TELLS_MS);
    const code = explainFailure(error, io, command);
    ranks.abort(code);
    return code;
  }
}

/**
 * What befalls all ranks before they have joined one another, such as an unknown flag, is left to the first to tell: its end is that of
 * the others.
 */
export async function leaveToFirst({ env }: Pick<Io, "env">): Promise<void> {
  if ((launchedBy(env)?.rank ?? 0) > 0) await setTimeout(FIRST_TELLS_MS);
}

function silent(io: Io): Io {
  const nowhere = () =>
    new Writable({
      write(_chunk, _encoding, done) {
        done();
      },
    });
  return { ...io, stdout: nowhere(), stderr: nowhere() };
}

/** A rank's threads where none are asked for: its share of the machine's, and no more than it is bound to. Undefined alone: all. */
export function threadsOf({ size, localSize }: Communicator, asked: number | undefined): number | undefined {
  if (asked !== undefined || size === 1) return asked;
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpus().length / localSize)));
}

/** How many work together, for the end of a line, and what keeps them from the machine; empty for a process alone. */
export function ranksInWords({ size, localSize }: Communicator): string {
  if (size === 1) return "";
  const [bound, share] = [availableParallelism(), Math.floor(cpus().length / localSize)];
  const note =
    bound < share
      ? `; the launcher binds each to ${bound} of ${cpus().length} processors (Open MPI: mpirun --bind-to none does not)`
      : "";
  return `; ${size} ranks share each batch${note}`;
}
