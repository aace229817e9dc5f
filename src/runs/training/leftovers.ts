import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** As `writeFileAtomically` names what it has not yet put into place: `.run.json.1234-abcdef01.part`. */
const PART = /^\..+\.(\d+)-[0-9a-f]+\.part$/;

/** Removes what a killed process had half written in a folder; a living process's files stay. */
export function removeLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const match = PART.exec(name);
    if (match && !isAlive(Number(match[1]))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** The same in a cascade's folder and in those of its stages. */
export function removeCascadeLeftovers(folder: string): void {
  removeLeftovers(folder);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && /^stage-\d+$/.test(entry.name)) removeLeftovers(join(folder, entry.name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
