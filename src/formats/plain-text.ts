/** Controls, line ends, and what is not seen: it could move a terminal's cursor, or turn a line around. */
const UNSEEN = /[\s\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * What somebody else's file says, as one line of words may say it: whatever is no visible character is a space, and of a long text
 * `most` characters are left.
 */
export function plainText(text: string, most = 200): string {
  // More than `most` characters are left of it, unless most of it is unseen.
  const seen = Array.from(
    text
      .slice(0, 8 * most)
      .replace(UNSEEN, " ")
      .trim(),
  );
  return seen.length > most ? `${seen.slice(0, most - 1).join("")}…` : seen.join("");
}

/** The same in quotation marks, which it cannot leave. */
export function quotedText(text: string, most = 60): string {
  return `"${plainText(text, most).replace(/["“”„«»]/g, "'")}"`;
}
