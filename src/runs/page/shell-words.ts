import { basename, isAbsolute, relative } from "node:path";

/**
 * A command as one would type it: words with other characters are quoted. A page goes to others: of a path from the root of
 * this machine no more is told than where it lies from here, or its name alone where it lies elsewhere.
 */
export function shellLine(words: readonly string[]): string {
  return words
    .map(pathForOthers)
    .map((word) => (/^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

/** A path as a page tells it; what is no path from the root stays. */
export function pathForOthers(path: string): string {
  if (!isAbsolute(path)) return path;
  const fromHere = relative(process.cwd(), path);
  return fromHere === ""
    ? "."
    : fromHere.startsWith("..") || isAbsolute(fromHere)
      ? basename(path)
      : fromHere;
}
