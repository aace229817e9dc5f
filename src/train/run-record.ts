import type * as z from "zod";
import { FormatError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";

/**
 * A `run.json` as its schema has it. A `FormatError` that names the file for one that is damaged, another version's, or
 * something else. `name` is the schema's own, such as `autodual/run/1`.
 */
export function parseRunRecord<T>(bytes: Uint8Array, path: string, schema: z.ZodType<T>, name: string): T {
  const text = new TextDecoder().decode(bytes);
  const json = parseJson(text, path, "not readable as JSON; the run folder is damaged");
  const found = (json as { readonly schema?: unknown } | null)?.schema;
  if (typeof found === "string" && found !== name) {
    const mend = isAnotherVersion(found, name)
      ? " of another version; go on with that version, or train anew"
      : "; is it another program's file?";
    throw new FormatError(
      `${path}: schema: expected ${JSON.stringify(name)}, found ${JSON.stringify(found)}${mend}`,
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(
    `${path}: ${issue.path.join(".") || "run"}: ${issue.message}; was it written by this version?`,
  );
}

function isAnotherVersion(found: string, name: string): boolean {
  return found.startsWith(name.slice(0, name.lastIndexOf("/") + 1));
}
