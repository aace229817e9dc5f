/** A command as one would type it: words with other characters are quoted. */
export function shellLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:,=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}
