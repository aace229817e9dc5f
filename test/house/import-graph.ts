import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { preProcessFile } from "typescript";
import type { SourceFile } from "./source-files.js";

/** Files and the files that each of them imports, by path from the root. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/**
 * Who imports whom: `import`, `import type`, `export ... from` and `import()` of relative paths. Packages are left
 * out. A path `./x.js` means the file `./x.ts`, or `./x.tsx` where there is one.
 */
export function importGraph(files: readonly SourceFile[]): ImportGraph {
  const components = new Set(files.flatMap(({ path }) => (path.endsWith(".tsx") ? [path] : [])));
  return new Map(files.map((file) => [file.path, importsOf(file, components)]));
}

function importsOf({ path, text }: SourceFile, components: ReadonlySet<string>): string[] {
  const source = (target: string): string => {
    const component = target.replace(/\.js$/, ".tsx");
    return components.has(component) ? component : target.replace(/\.js$/, ".ts");
  };
  const targets = preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => source(posix.join(posix.dirname(path), name)));
  return [...new Set(targets)];
}

/** Node's built-ins that a file imports, `import()` and `import type` among them. */
export function nodeImports({ text }: Pick<SourceFile, "text">): string[] {
  return preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => isBuiltin(name));
}

/** Imports of files that are not there, as `from -> to`. */
export function danglingImports(graph: ImportGraph): string[] {
  return [...graph].flatMap(([from, targets]) =>
    targets.filter((to) => !graph.has(to)).map((to) => `${from} -> ${to}`),
  );
}

/** The files of a cycle in the order in which they import each other, the first named again at the end; or null. */
export function findCycle(graph: ImportGraph): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    const seen = path.indexOf(file);
    if (seen >= 0) return [...path.slice(seen), file];
    if (done.has(file)) return null;
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return null;
}
