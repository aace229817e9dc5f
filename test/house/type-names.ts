import type { SourceFile } from "./source-files.js";

const DECLARATION = /^(export )?(?:declare )?(?:abstract )?(?:type|interface|class|enum) (\w+)/gm;

/**
 * Names of types that an exported one shares with a type of another file. A reader who meets such a name has to look at the
 * imports to know which thing is meant.
 */
export function sharedTypeNames(files: readonly SourceFile[]): string[] {
  const places = new Map<string, { readonly paths: string[]; exported: boolean }>();
  for (const { path, text } of files) {
    for (const [, exported, name] of text.matchAll(DECLARATION)) {
      const place = places.get(name) ?? { paths: [], exported: false };
      if (!place.paths.includes(path)) place.paths.push(path);
      place.exported ||= exported !== undefined;
      places.set(name, place);
    }
  }
  return [...places]
    .filter(([, { paths, exported }]) => exported && paths.length > 1)
    .map(([name, { paths }]) => `${name}: ${paths.join(", ")}`);
}
