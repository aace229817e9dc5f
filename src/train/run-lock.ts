import { randomBytes } from "node:crypto";
import { existsSync, linkSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { UsageError } from "../errors.js";
import { clearAbandonedParts, isUnderWay, partBeside, processBeganAt } from "../formats/abandoned-parts.js";
import { parseJson } from "../formats/json-text.js";
import { readTextOrExplain } from "../formats/read-file.js";
import { cannotWrite } from "../formats/write-file.js";

/** In a run folder while a training writes into it. */
export const LOCK_FILE = ".lock";

const holderSchema = z.object({
  host: z.string(),
  pid: z.int(),
  /** When the process began, as its system counts; another process may come to have the same number. */
  began: z.string().nullable(),
  token: z.string(),
});

type Holder = z.infer<typeof holderSchema>;

/** Tokens of the locks that this process holds. */
const held = new Set<string>();

/**
 * Does work that alone may write into an existing run folder. What a dead process left there, its lock and half-written files, is
 * cleared away. Throws a `UsageError` while another training is under way in it, and what the work throws.
 */
export async function withRunLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_FILE);
  const own = {
    host: hostname(),
    pid: process.pid,
    began: processBeganAt(process.pid),
    token: randomBytes(8).toString("hex"),
  };
  take(folder, path, own);
  held.add(own.token);
  try {
    clearAbandoned(folder);
    return await work();
  } finally {
    held.delete(own.token);
    if (readHolder(path)?.token === own.token) rmSync(path, { force: true });
  }
}

/**
 * Removes from a run folder, and from those of its stages, what processes which are no more left there: half-written files and locks. What
 * cannot be removed stays.
 */
export function clearAbandoned(folder: string): void {
  try {
    clearAbandonedParts(folder);
    const path = join(folder, LOCK_FILE);
    const holder = readHolder(path);
    if (existsSync(path) && (holder === null || !isAlive(holder))) moveAway(path, holder);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && /^stage-\d+$/.test(entry.name)) clearAbandoned(join(folder, entry.name));
    }
  } catch {
    // A folder that takes no changes: what is in it harms nobody.
  }
}

/** Who trains in a run folder. */
export interface LockHolder {
  /** Of another machine's process nothing is known: it counts as alive. */
  readonly alive: boolean;
  /** Whether its process is one of this machine. */
  readonly here: boolean;
}

/** Who holds the lock of a run folder; null where nobody does. Nothing is changed. */
export function lockHolder(folder: string): LockHolder | null {
  const holder = readHolder(join(folder, LOCK_FILE));
  return holder && { alive: isAlive(holder), here: holder.host === hostname() };
}

function take(folder: string, path: string, own: Holder): void {
  // Each round ends with a lock, with a refusal, or with a dead process's lock gone.
  for (;;) {
    if (placed(path, own)) return;
    const holder = readHolder(path);
    if (holder !== null && isAlive(holder)) throw underWay(folder, path, holder);
    moveAway(path, holder);
  }
}

/** Whether the lock file could be made, whole from its first moment; false where there is one. */
function placed(path: string, own: Holder): boolean {
  const beside = partBeside(path);
  try {
    writeFileSync(beside, `${JSON.stringify(own)}\n`, { flag: "wx" });
    linkSync(beside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cannotWrite(path, error);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** Moved first, as another process may have taken the lock over meanwhile: that one's goes back. */
function moveAway(path: string, dead: Holder | null): void {
  const aside = partBeside(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw cannotWrite(path, error);
  }
  const moved = readHolder(aside);
  if (moved !== null && moved.token !== dead?.token) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

function underWay(folder: string, path: string, { host, pid }: Holder): UsageError {
  const there = host === hostname() ? "" : ` on ${host}`;
  return new UsageError(
    `${folder}: a training is under way in this folder (process ${pid}${there}); wait for its end, choose another --out, ` +
      `or remove ${path} if it is no more`,
  );
}

/** Null where there is none, or none that can be read: a lock is written in one piece. */
function readHolder(path: string): Holder | null {
  try {
    return holderSchema.parse(parseJson(readTextOrExplain(path), path, "not JSON"));
  } catch {
    return null;
  }
}

/** Of another machine's processes nothing is known: they count as alive. */
function isAlive({ host, pid, began, token }: Holder): boolean {
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.has(token);
  return isUnderWay(pid, began);
}
