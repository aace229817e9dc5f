/** Of longer messages the beginning and the end are told: what and where, and the mend. */
const MOST = 1500;
const END = 400;

/**
 * A message as one line that any terminal can show. Messages quote what the user or a file gave: line breaks become spaces, other
 * control characters and those that turn the direction of writing or are not seen stand as \u{…}, and of what is too long the middle
 * is left out.
 */
export function oneLine(message: string): string {
  const line = message
    .replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ")
    .trim()
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
  if (line.length <= MOST) return line;
  const head = MOST - END;
  return `${line.slice(0, head)} […${line.length - MOST} characters…] ${line.slice(-END)}`;
}
