import { FormatError } from "../errors.js";

/** Lists and objects within each other. What this package writes nests some ten deep; what walks it recurses. */
const DEEPEST = 128;

/**
 * The data of a JSON text. A `FormatError` that names `where`: with the sentence `otherwise` for what is no JSON, and for lists and
 * objects that nest deeper than any file of this package.
 */
export function parseJson(text: string, where: string, otherwise: string): unknown {
  if (isTooDeep(text)) {
    throw new FormatError(`${where}: expected JSON that nests at most ${DEEPEST} deep, found deeper`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${where}: ${otherwise}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = [0x5b, 0x7b];
const CLOSE = [0x5d, 0x7d];

/** Of a text that may be no JSON. Does not recurse. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN[0] || code === OPEN[1]) {
      depth++;
      if (depth > DEEPEST) return true;
    } else if (code === CLOSE[0] || code === CLOSE[1]) depth--;
  }
  return false;
}
