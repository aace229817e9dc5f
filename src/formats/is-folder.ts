import { statSync } from "node:fs";

/** Whether there is a folder at `path`; false also for a path below a regular file. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
