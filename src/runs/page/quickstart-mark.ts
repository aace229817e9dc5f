import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../../formats/write-file.js";

/** Marks a folder as quickstart's, which the next one may replace. */
export const QUICKSTART_FILE = "quickstart.json";

export async function markQuickstart(folder: string, seconds: number): Promise<void> {
  const mark = { schema: "autodual/quickstart/1", seconds };
  await writeFileAtomically(join(folder, QUICKSTART_FILE), `${JSON.stringify(mark, null, 2)}\n`);
}

export function isQuickstart(folder: string): boolean {
  return existsSync(join(folder, QUICKSTART_FILE));
}
