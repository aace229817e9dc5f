/** What the environment tells of a launcher of parallel jobs. */
export interface Launched {
  /** The launcher, or how it speaks to its processes. */
  readonly by: string;
  /** How many processes it started; null where only the library of MPI knows. */
  readonly size: number | null;
  /** Which of them this one is, from 0; null where the launcher's number is none. */
  readonly rank: number | null;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether this process is one of several that a launcher of MPI started: `mpirun` of Open MPI or of MPICH and its kin, or Slurm's
 * `srun` where that speaks PMI or PMIx to its tasks. Null elsewhere, and where it started one alone.
 */
export function launchedBy(env: Environment): Launched | null {
  const size = (name: string): number | null => {
    const value = Number(env[name]);
    return env[name] && Number.isInteger(value) && value > 0 ? value : null;
  };
  const rank = (name: string): number | null => {
    const text = env[name];
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
  };
  const found = ((): Launched | null => {
    if (env.OMPI_COMM_WORLD_RANK !== undefined) {
      return {
        by: "Open MPI's mpirun",
        size: size("OMPI_COMM_WORLD_SIZE"),
        rank: rank("OMPI_COMM_WORLD_RANK"),
      };
    }
    // A batch script has SLURM_NTASKS and is one process all the same: only steps count.
    const step = env.SLURM_PROCID === undefined ? null : size("SLURM_STEP_NUM_TASKS");
    if (env.PMI_RANK !== undefined) {
      return { by: "a launcher by PMI", size: size("PMI_SIZE") ?? step, rank: rank("PMI_RANK") };
    }
    if (env.PMIX_RANK !== undefined) {
      return { by: "a launcher by PMIx", size: step, rank: rank("PMIX_RANK") };
    }
    return null;
  })();
  return found?.size === 1 ? null : found;
}
