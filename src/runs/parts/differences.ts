/** Where two JSON values differ first, as `a.b.0`, with what stands there; null where they are alike. */
export interface ValueDifference {
  readonly place: string;
  readonly first: unknown;
  readonly second: unknown;
}

/** The first place at which two JSON values differ, in the order of the first one's keys. */
export function firstDifference(first: unknown, second: unknown, place = ""): ValueDifference | null {
  if (isContainer(first) && isContainer(second) && Array.isArray(first) === Array.isArray(second)) {
    for (const key of new Set([...Object.keys(first), ...Object.keys(second)])) {
      const found = firstDifference(first[key], second[key], place === "" ? key : `${place}.${key}`);
      if (found) return found;
    }
    return null;
  }
  return Object.is(first, second) ? null : { place, first, second };
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A value in a line: what is long is cut. */
export function inShort(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
