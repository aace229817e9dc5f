import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** As `partBeside` names them, and earlier versions did, without when the process began. */
const PART = /^\.(.*)\.(\d+)-(?:(\d+)-)?[0-9a-f]{8}\.part$/;

/** Where a file or a folder is written before it takes its place: hidden, beside it, named by the process that writes. */
export function partBeside(path: string): string {
  const began = processBeganAt(process.pid);
  const writer = began === null ? `${process.pid}` : `${process.pid}-${began}`;
  return join(dirname(path), `.${basename(path)}.${writer}-${randomBytes(4).toString("hex")}.part`);
}

/** Removes what processes which are no more had half written in a folder: all of it, or what was to have one name. */
export function clearAbandonedParts(folder: string, of?: string): void {
  for (const name of readdirSync(folder)) {
    const [, whole, pid, began = null] = PART.exec(name) ?? [];
    if (whole === undefined || (of !== undefined && whole !== of)) continue;
    if (!isUnderWay(Number(pid), began)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/**
 * Whether a process of this machine is under way. Where it is told when it began, one that has come to the same number since is another:
 * in containers numbers are few.
 */
export function isUnderWay(pid: number, began: string | null): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = processBeganAt(pid);
  return began === null || now === null || now === began;
}

/** When a process began, where /proc tells it: the 22nd field, after the name in brackets, in which anything may stand. */
export function processBeganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}
