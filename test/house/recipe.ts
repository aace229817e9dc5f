/** A change that a document describes: a new file with its text, or pieces of a file to be found and replaced. */
export type RecipeStep =
  | { readonly kind: "new"; readonly path: string; readonly text: string }
  | {
      readonly kind: "change";
      readonly path: string;
      readonly pieces: readonly { readonly before: string; readonly after: string }[];
    };

const STEP = /^`([\w./-]+)`( \(new\))?:\n\n```(\w+)\n([\s\S]*?)^```/gm;

/**
 * The steps of a section of a document: fenced blocks behind a line that is a path alone, with "(new)" for a file of which the
 * block is the whole text. Other blocks are differences: lines that begin with a space or a minus are found in the file, in
 * pieces that `@@` separates, and give way to those that begin with a space or a plus.
 */
export function recipeSteps(section: string): readonly RecipeStep[] {
  return Array.from(section.matchAll(STEP), ([, path, made, language, text]): RecipeStep => {
    if (made) return { kind: "new", path, text };
    if (language !== "diff") throw new Error(`${path}: expected a diff, found ${language}`);
    const pieces = text.split(/^@@\n/m).map((piece) => {
      const lines = piece.replace(/\n$/, "").split("\n");
      const kept = (marks: string) =>
        lines.filter(([mark]) => marks.includes(mark)).map((line) => line.slice(1));
      return { before: kept(" -").join("\n"), after: kept(" +").join("\n") };
    });
    return { kind: "change", path, pieces };
  });
}

/** The text of a file after a step. An error where a piece is not found exactly once. */
export function changedText(text: string, step: Extract<RecipeStep, { kind: "change" }>): string {
  return step.pieces.reduce((now, { before, after }) => {
    const parts = now.split(before);
    if (parts.length !== 2) throw new Error(`${step.path}: found ${parts.length - 1} times:\n${before}`);
    return parts.join(after);
  }, text);
}

/** The text of a second-level section of a document, by its heading. */
export function sectionOf(document: string, heading: string): string {
  const section = document.split(/^## /m).find((part) => part.startsWith(heading));
  if (section === undefined) throw new Error(`no section "${heading}"`);
  return section;
}
