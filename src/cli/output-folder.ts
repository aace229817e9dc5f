import { UsageError } from "../errors.js";
import { makeFolder } from "../formats/make-folder.js";

/** Makes a folder for results unless it is there. Throws a `UsageError` that names the flag where it cannot be made. */
export function openOutputFolder(flag: string, path: string): void {
  const fault = makeFolder(path);
  if (fault === null) return;
  throw new UsageError(`${flag}: expected a folder that can be made, found ${path} (${fault})`);
}
