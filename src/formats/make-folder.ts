import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { codeOf, reasonOf } from "./file-faults.js";
import { isFolder } from "./is-folder.js";

/**
 * Makes a folder, and those above it that are missing. Gives null, or in words why it cannot be made. Node's own way of making
 * several never ends where the system says that the parent of a folder is missing although it is there, as below /proc.
 */
export function makeFolder(path: string): string | null {
  const missing: string[] = [];
  let place = resolve(path);
  for (; !existsSync(place) && dirname(place) !== place; place = dirname(place)) missing.push(place);
  if (!isFolder(place)) return `${place} is not a folder`;
  for (const folder of missing.toReversed()) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process may have made it meanwhile.
      if (isFolder(folder)) continue;
      return codeOf(error) === "ENOENT" ? `${dirname(folder)} takes no new folders` : reasonOf(error);
    }
  }
  return null;
}
