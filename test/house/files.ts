import type { SourceFile } from "./source-files.js";

/** Longer files need a reason. */
export const LONGEST = 300;

/** Lines of a text; a line break at its end begins no further line. */
export function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

/**
 * Files over `LONGEST` lines without an entry in `reasons`, and entries that no longer have such a file, one line
 * each.
 */
export function lengthFaults(
  files: readonly SourceFile[],
  reasons: Readonly<Record<string, string>>,
): string[] {
  const long = new Map(
    files.map(({ path, text }) => [path, lineCount(text)] as const).filter(([, lines]) => lines > LONGEST),
  );
  const unexplained = [...long]
    .filter(([path]) => !Object.hasOwn(reasons, path))
    .map(
      ([path, lines]) => `${path}: ${lines} lines; split it, or give a reason in test/house/files.test.ts`,
    );
  const stale = Object.keys(reasons)
    .filter((path) => !long.has(path))
    .map((path) => `${path}: has a reason to be long but is not; remove the entry`);
  return [...unexplained, ...stale];
}

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Parts of a path that are not kebab-case; `.test` before the extension is no part of the name. */
export function caseFaults(path: string): string[] {
  const parts = path.replace(/(\.test)?\.tsx?$/, "").split("/");
  return parts.filter((part) => !KEBAB.test(part)).map((part) => `${path}: "${part}" is not kebab-case`);
}

const BANNED = ["util", "utils", "helper", "helpers", "manager", "managers"];

const DECLARATION =
  /^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:function\*?|const|let|class|abstract class|interface|type|enum)\s+(\w+)/gm;

/** Names that say nothing of what is in them: in a path, or of a declaration in the text. */
export function wordFaults({ path, text }: SourceFile): string[] {
  const inPath = path.replace(/\.tsx?$/, "").split(/[/.-]/);
  const declared = Array.from(text.matchAll(DECLARATION), (match) => match[1]);
  const named = [
    ...inPath.map((word) => [word, word]),
    ...declared.flatMap((name) => wordsOf(name).map((w) => [name, w])),
  ];
  return named
    .filter(([, word]) => BANNED.includes(word.toLowerCase()))
    .map(([name, word]) => `${path}: ${name}: "${word}" says nothing of what is in it`);
}

/** `readHTTPBody` → read, HTTP, Body; `LONG_NAME` → LONG, NAME. */
function wordsOf(name: string): string[] {
  return name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/g) ?? [];
}
