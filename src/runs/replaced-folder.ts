import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { UsageError } from "../errors.js";
import { clearAbandonedParts, partBeside } from "../formats/abandoned-parts.js";
import { reasonOf } from "../formats/file-faults.js";
import { makeFolder } from "../formats/make-folder.js";

/**
 * A folder that is filled beside its place and takes it at the end, so that what stood there before is there until
 * the new one is whole. Disposing it before `keep` leaves everything as it was.
 */
export class ReplacedFolder implements Disposable {
  readonly path: string;
  /** Where to write until `keep`. */
  readonly beside: string;

  /**
   * Throws a `UsageError` if the place cannot be written to, or if it holds something other than a folder with the
   * file `mark`, which only an earlier one of its kind has: nothing else is ever replaced.
   */
  constructor(flag: string, path: string, mark: string) {
    this.path = path;
    const parent = dirname(path);
    this.beside = partBeside(path);
    try {
      if (existsSync(path) && readdirSync(path).length > 0 && !existsSync(join(path, mark))) {
        throw new UsageError(
          `${flag}: expected a new folder or one of an earlier run, found others' files in ${path}`,
        );
      }
      const fault = makeFolder(parent);
      if (fault !== null) throw unmakeable(flag, path, fault);
      clearAbandonedParts(parent);
      mkdirSync(this.beside);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw unmakeable(flag, path, reasonOf(error));
    }
  }

  /** Puts the new folder into place. */
  keep(): void {
    const old = partBeside(this.path);
    if (existsSync(this.path)) renameSync(this.path, old);
    renameSync(this.beside, this.path);
    rmSync(old, { recursive: true, force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.beside, { recursive: true, force: true });
  }
}

function unmakeable(flag: string, path: string, fault: string): UsageError {
  return new UsageError(`${flag}: expected a folder that can be made, found ${path} (${fault})`);
}
