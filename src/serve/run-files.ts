import type { Stats } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { CASCADE_FILE } from "../cascade/folder.js";
import { FormatError } from "../errors.js";
import { MODEL_FILES } from "../formats/model-folder.js";
import { MEASURED_FILES } from "../runs/measured-files.js";
import { QUICKSTART_FILE } from "../runs/page/quickstart-mark.js";
import { stageFolder } from "../train/cascade-run.js";
import { RUN_FILES } from "../train/run-folder.js";
import { LOCK_FILE } from "../train/run-lock.js";

/** All that a page is made of within a run folder; nothing else in it is looked at. */
const NAMES: readonly string[] = [
  ...new Set([RUN_FILES.run, RUN_FILES.checkpoint, LOCK_FILE, CASCADE_FILE, QUICKSTART_FILE]),
  ...Object.values(MODEL_FILES),
  ...Object.values(MEASURED_FILES),
];
const STAGE_NAMES: readonly string[] = [RUN_FILES.run, RUN_FILES.checkpoint, RUN_FILES.model];

/** The files of a run as they are at one moment. */
export interface RunFiles {
  /** Another one whenever a file came, went or was written. */
  readonly signature: string;
  /** When each was last written, in milliseconds since 1970, by its path within the folder. */
  readonly writtenAt: ReadonlyMap<string, number>;
}

/**
 * Looks at the files of a run folder and reads none. A `FormatError` for a file that is a link out of the folder, or that is
 * no file, such as a pipe: nothing is ever read through it.
 */
export async function lookAtFiles(folder: string): Promise<RunFiles> {
  const base = await realpath(folder).catch(() => {
    throw new FormatError(`${folder}: no such folder; expected a run folder`);
  });
  const writtenAt = new Map<string, number>();
  const seen: string[] = [];
  const look = async (name: string): Promise<void> => {
    const found = await within(base, folder, name);
    if (found === null) return;
    if (!found.isFile())
      throw new FormatError(`${join(folder, name)}: expected a file, found something else`);
    writtenAt.set(name, found.mtimeMs);
    seen.push(`${name}:${found.ino}:${found.size}:${found.mtimeMs}`);
  };
  for (const name of NAMES) await look(name);
  for (let number = 1; ; number++) {
    const stage = await within(base, folder, stageFolder(number));
    if (!stage?.isDirectory()) break;
    for (const name of STAGE_NAMES) await look(`${stageFolder(number)}/${name}`);
  }
  return { signature: seen.join("\n"), writtenAt };
}

/** Null where there is nothing of that name; links are followed within the folder alone. */
async function within(base: string, folder: string, name: string): Promise<Stats | null> {
  const path = join(base, name);
  try {
    const found = await lstat(path);
    if (!found.isSymbolicLink()) return found;
    const target = await realpath(path);
    if (target.startsWith(base + sep)) return await stat(target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw new FormatError(`${join(folder, name)}: cannot read: ${code ?? error}`);
  }
  throw new FormatError(
    `${join(folder, name)}: a link out of the run folder; expected a file in it, as no other is read`,
  );
}
