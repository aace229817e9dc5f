import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors.js";
import { ALONE, type Communicator } from "./communicator.js";
import { launchedBy } from "./launcher.js";

/** The addon of mpi/addon.cc. */
interface MpiAddon extends Pick<Communicator, "sum" | "broadcast" | "abort" | "leave"> {
  join(): {
    readonly rank: number;
    readonly size: number;
    readonly localSize: number;
    readonly library: string;
  };
}

const ADDON = fileURLToPath(new URL("../../build/mpi/autodual-mpi.node", import.meta.url));

const MEND = "npm run build:mpi (needs an mpi.h; MPICXX names its compiler)";

/**
 * Joins the job that this process was started in; `ALONE` where it was started by itself. Throws a `UsageError` where a launcher
 * started several and there is no addon for its MPI: each would do the whole work.
 */
export function joinJob(env: Readonly<Record<string, string | undefined>>, path = ADDON): Communicator {
  const launched = launchedBy(env);
  if (launched === null) return ALONE;
  const { by, size } = launched;
  const several = size === null ? "several processes" : `${size} processes`;
  if (!existsSync(path)) {
    throw new UsageError(
      `MPI: started as ${several} by ${by}: expected the addon for MPI, found none; build it by: ${MEND}`,
    );
  }
  const addon = load(path);
  const joined = addon.join();
  if (size !== null && joined.size !== size) {
    const library = joined.library.split(/[\n,]/)[0].trim();
    throw new UsageError(
      `MPI: started as ${several} by ${by}: expected as many ranks, found ${joined.size}, as the addon was built with another MPI ` +
        `(${library}); build it with that of the launcher: ${MEND}`,
    );
  }
  const { rank, localSize } = joined;
  return {
    rank,
    size: joined.size,
    localSize,
    sum: (values) => addon.sum(values),
    broadcast: (bytes, root) => addon.broadcast(bytes, root),
    abort: (code) => addon.abort(code),
    leave: () => addon.leave(),
  };
}

/** Symbols of the library are for its own plug-ins too. */
function load(path: string): MpiAddon {
  const holder = { exports: {} };
  try {
    process.dlopen(holder, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL);
  } catch (error) {
    const [line] = (error as Error).message.split("\n");
    throw new UsageError(
      `MPI: the addon does not load (${line.trim()}); build it with the MPI of this machine: ${MEND}`,
    );
  }
  return holder.exports as MpiAddon;
}
