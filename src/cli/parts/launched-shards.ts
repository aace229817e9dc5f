/** What a launcher says of this process: its number from 1, and of how many, where it tells. */
export interface LaunchedShard {
  readonly launcher: string;
  readonly index: number;
  readonly of: number | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What launchers say of this process: arrays of Slurm, Indexed Jobs of Kubernetes, and ranks of MPI or `srun` where there are several.
 */
export function launchedShards(env: Environment): LaunchedShard[] {
  const number = (name: string): number | null => {
    const text = env[name];
    return text !== undefined && /^\d+$/.test(text.trim()) ? Number(text) : null;
  };
  const found: LaunchedShard[] = [];
  const task = number("SLURM_ARRAY_TASK_ID");
  if (task !== null) {
    const from = number("SLURM_ARRAY_TASK_MIN") ?? 1;
    const step = number("SLURM_ARRAY_TASK_STEP") ?? 1;
    found.push({
      launcher: "Slurm's array",
      index: (task - from) / step + 1,
      of: number("SLURM_ARRAY_TASK_COUNT"),
    });
  }
  const completion = number("JOB_COMPLETION_INDEX");
  if (completion !== null)
    found.push({ launcher: "Kubernetes", index: completion + 1, of: number("JOB_COMPLETIONS") });
  const rank = RANKS.map(([launcher, rank, size]) => ({
    launcher,
    rank: number(rank),
    of: number(size),
  })).find(({ rank: own, of }) => own !== null && of !== null && of > 1);
  if (rank) found.push({ launcher: rank.launcher, index: (rank.rank ?? 0) + 1, of: rank.of });
  return found;
}

/** By launcher: the number of a process from 0, and of how many. The first that tells counts. */
const RANKS = [
  ["Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
  ["MPI", "PMI_RANK", "PMI_SIZE"],
  ["Slurm", "SLURM_PROCID", "SLURM_NTASKS"],
] as const;
