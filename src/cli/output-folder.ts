import { mkdirSync } from "node:fs";
import { UsageError } from "../errors.js";

/** Makes a folder for results unless it is there. Throws a `UsageError` that names the flag where it cannot be made. */
export function openOutputFolder(flag: string, path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${flag}: expected a folder that can be made, found ${path} (${code ?? "unknown fault"})`,
    );
  }
}
