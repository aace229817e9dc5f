const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;

/** A parenthesis, a run of other characters, or the end of the text. */
export type TokenKind = "open" | "close" | "word" | "end";

/** Walks over the tokens of a text one at a time, past white space and comments (`;` to the end of the line). */
export class Tokens {
  kind: TokenKind = "end";
  /** The offset at which the current token begins. */
  start = 0;
  /** The offset just after the current token. */
  end = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Steps to the next token. */
  next(): void {
    const text = this.#text;
    let at = skipBlanks(text, this.end);
    this.start = at;
    if (at >= text.length) {
      this.kind = "end";
    } else if (text.charCodeAt(at) === OPEN) {
      this.kind = "open";
      at++;
    } else if (text.charCodeAt(at) === CLOSE) {
      this.kind = "close";
      at++;
    } else {
      this.kind = "word";
      while (at < text.length && !endsWord(text.charCodeAt(at))) at++;
    }
    this.end = at;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || code === LINE_FEED || code === CARRIAGE_RETURN || code === TAB;
}

function endsWord(code: number): boolean {
  return isBlank(code) || code === OPEN || code === CLOSE || code === SEMICOLON;
}

/** The first offset from `at` on that is neither white space nor in a comment. */
function skipBlanks(text: string, at: number): number {
  let inComment = false;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) inComment = false;
    else if (code === SEMICOLON) inComment = true;
    else if (!inComment && !isBlank(code)) break;
  }
  return at;
}
