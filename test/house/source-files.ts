import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A file of this repository: its path from the root with forward slashes, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const ROOT = new URL("../../", import.meta.url);

/** The TypeScript files below `folder`, such as `src`, in alphabetical order. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => /\.tsx?$/.test(path))
    .sort()
    .map((path) => ({ path, text: readText(path) }));
}

/** The text of a file of this repository. */
export function readText(path: string): string {
  return readFileSync(fileURLToPath(new URL(path, ROOT)), "utf8");
}
