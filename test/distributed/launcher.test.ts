import { describe, expect, it } from "vitest";
import { ALONE } from "../../src/distributed/communicator.js";
import { launchedBy } from "../../src/distributed/launcher.js";
import { joinJob } from "../../src/distributed/mpi.js";
import { shareOf } from "../../src/distributed/share.js";
import { Team } from "../../src/distributed/team.js";
import { ranksInMemory } from "../support/ranks.js";

describe("a launcher", () => {
  it.each([
    [{}, null],
    [{ OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "4" }, 4],
    [{ OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" }, null],
    [{ PMI_RANK: "1", PMI_SIZE: "2" }, 2],
    [{ PMI_RANK: "0", SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "8" }, 8],
    [{ PMIX_RANK: "0", SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1" }, null],
    // Tasks without MPI are no ranks, and a batch script is one process.
    [{ SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "8" }, null],
    [{ SLURM_PROCID: "0", SLURM_NTASKS: "8" }, null],
  ])("of %j started so many processes: %j", (env, size) => {
    expect(launchedBy(env)?.size ?? null).toBe(size);
  });

  it("of PMIx may not tell how many", () => {
    expect(launchedBy({ PMIX_RANK: "0" })).toEqual({ by: "a launcher by PMIx", size: null, rank: 0 });
  });

  it("leaves a process without one alone", () => {
    expect(joinJob({})).toBe(ALONE);
  });

  it("is refused where there is no addon, as each process would do the whole work", () => {
    const env = { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2" };
    expect(() => joinJob(env, "/nowhere/autodual-mpi.node")).toThrow(
      "MPI: started as 2 processes by Open MPI's mpirun: expected the addon for MPI, found none; build it by: npm run build:mpi",
    );
    expect(() => joinJob(env, import.meta.filename)).toThrow("MPI: the addon does not load");
  });
});

describe("a team", () => {
  it("shares things in their order, as evenly as they go", () => {
    for (const [count, size] of [
      [50, 4],
      [3, 4],
      [0, 2],
      [7, 1],
    ]) {
      const shares = Array.from({ length: size }, (_, rank) => shareOf(count, { rank, size }));
      let next = 0;
      for (const { first, count } of shares) {
        expect(first).toBe(next);
        next += count;
      }
      expect(next).toBe(count);
      const counts = shares.map((share) => share.count);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });

  it("hands around what each has, and the first's", async () => {
    const found = await Promise.all(
      ranksInMemory(3).map(async (ranks) => {
        const team = new Team(ranks);
        const own = {
          rank: ranks.rank,
          hole: Number.NaN,
          list: Array.from({ length: ranks.rank }, () => "a"),
        };
        return [await team.everyones(own), await team.ofFirst(`of ${ranks.rank}`), await team.sums([1, 0.5])];
      }),
    );
    const all = [0, 1, 2].map((rank) => ({ rank, hole: Number.NaN, list: Array(rank).fill("a") }));
    for (const own of found) expect(own).toEqual([all, "of 0", [3, 1.5]]);
  });
});
