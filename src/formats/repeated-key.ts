/**
 * The first key that stands twice in one object of a JSON text, of which `JSON.parse` keeps the last without a word. The text must be JSON.
 */
export function repeatedKey(json: string): string | undefined {
  /** Keys so far of each open object; null for an array. */
  const open: (Set<string> | null)[] = [];
  for (const { 0: token } of json.matchAll(TOKENS)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else {
      const keys = open.at(-1);
      if (!keys || !token.endsWith(":")) continue;
      const key: string = JSON.parse(token.slice(0, -1));
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Brackets, and strings with the colon that makes keys of them. */
const TOKENS = /[{}[\]]|"(?:[^"\\]|\\.)*"(?:\s*:)?/g;
