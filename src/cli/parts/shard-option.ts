import type { Command } from "commander";
import { UsageError } from "../../errors.js";
import type { Shard } from "../../runs/parts/shard.js";
import { quote } from "../arguments.js";
import type { Io } from "../io.js";
import { type LaunchedShard, launchedShards } from "./launched-shards.js";

/** A shard as it was asked for: itself, or the one that the launcher of this process says, of so many where they are given. */
export type AskedShard = Shard | { readonly index: "auto"; readonly of: number | null };

export interface ShardFlags {
  readonly shard?: AskedShard;
}

/** `--shard`; `items` are what it counts. */
export function addShardOption(command: Command, items = "examples"): Command {
  return command.option(
    "--shard <i/n>",
    `do one of n equal shares of the ${items}, such as 2/8, and keep it in --json FILE; the same command goes on after a stop; auto: ` +
      "the share that Slurm, Kubernetes (auto/n) or MPI gives this process, with {shard} in the name of FILE",
    parseShard,
  );
}

function parseShard(text: string): AskedShard {
  const match = /^\s*(?:(auto)(?:\s*\/\s*(\d+))?|(\d+)\s*\/\s*(\d+))\s*$/.exec(text);
  const [, auto, autoOf, index, of] = match ?? [];
  if (auto && (autoOf === undefined || isCount(Number(autoOf)))) {
    return { index: "auto", of: autoOf === undefined ? null : Number(autoOf) };
  }
  const shard = { index: Number(index), of: Number(of) };
  if (match && !auto && isCount(shard.of) && shard.index >= 1 && shard.index <= shard.of) return shard;
  throw new UsageError(
    `--shard: expected one of n such as 1/8 to 8/8, auto, or auto/8, found ${quote(text)}`,
  );
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 1;

/** The shard that was asked for; of `auto` what the launcher says. A `UsageError` where it says nothing, or two things. */
export function shardOf(asked: AskedShard, { env }: Pick<Io, "env">): Shard {
  const { index, of } = asked;
  if (index !== "auto") return { index, of };
  const found = launchedShards(env);
  if (found.length !== 1) {
    const which = found.map(({ launcher }) => launcher).join(" and ");
    throw new UsageError(
      found.length === 0
        ? "--shard auto: expected a launcher that numbers this process (SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, " +
            "OMPI_COMM_WORLD_RANK, PMI_RANK), found none; say which, as in 2/8"
        : `--shard auto: expected one launcher that numbers this process, found ${which}; say which share, as in 2/8`,
    );
  }
  return checked(found[0], of);
}

function checked({ launcher, index, of: own }: LaunchedShard, asked: number | null): Shard {
  const of = asked ?? own;
  if (of === null) {
    throw new UsageError(
      `--shard auto: expected the number of shares as in auto/8, which ${launcher} does not tell, found nothing`,
    );
  }
  if ((own !== null && own !== of) || !Number.isSafeInteger(index) || index < 1 || index > of) {
    throw new UsageError(
      `--shard auto: expected a share from 1 to ${of} of ${of}, found ${index} of ${own ?? of} by ${launcher}`,
    );
  }
  return { index, of };
}
