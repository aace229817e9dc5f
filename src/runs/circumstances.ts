import { arch, cpus, platform, totalmem } from "node:os";
import { packageVersion } from "../formats/package-version.js";
import type { Run } from "../train/run-folder.js";

/** The versions and the machine that `run.json` records beside a run's figures. */
export function circumstances(): Pick<Run, "versions" | "machine"> {
  const processors = cpus();
  return {
    versions: { autodual: packageVersion(), node: process.versions.node },
    machine: {
      platform: platform(),
      arch: arch(),
      processor: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memoryGB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    },
  };
}
