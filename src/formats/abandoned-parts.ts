import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Removes the half-written files that processes which are no more left in a folder (`writeFileAtomically`): all of them, or those of
 * one name.
 */
export function clearAbandonedParts(folder: string, of?: string): void {
  for (const name of readdirSync(folder)) {
    const match = /^\.(.*)\.(\d+)-[0-9a-f]{8}\.part$/.exec(name);
    if (!match || (of !== undefined && match[1] !== of)) continue;
    if (processBeganAt(Number(match[2])) === null) rmSync(join(folder, name), { force: true });
  }
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
