import { posix } from "node:path";
import type { SourceFile } from "./source-files.js";

const FENCED = /^```[\s\S]*?^```/gm;
const QUOTED = /`((?:src|test|docs|scripts|\.ci)\/[\w./-]*)`(?! \(new\))/g;
const LINKED = /\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)/g;

/**
 * Paths that a document names and that are not there: in backquotes from the root (`src/threat/ball.ts`), in links from
 * the document. Fenced blocks are left out, and so is a path followed by "(new)", which the reader is to make.
 */
export function missingPaths({ path, text }: SourceFile, exists: (path: string) => boolean): string[] {
  const prose = text.replace(FENCED, "");
  const quoted = Array.from(prose.matchAll(QUOTED), (match) => match[1]);
  const linked = Array.from(prose.matchAll(LINKED), (match) => posix.join(posix.dirname(path), match[1]));
  return [...new Set([...quoted, ...linked])]
    .filter((named) => !exists(named))
    .map((named) => `${path}: ${named}`);
}
