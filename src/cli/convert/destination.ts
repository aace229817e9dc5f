import { existsSync } from "node:fs";
import { basename, sep } from "node:path";
import { UsageError } from "../../errors.js";
import { quote } from "../arguments.js";
import { realPath } from "../distinct-files.js";
import { checkWritable } from "../output.js";

/** Where a conversion goes, and in which form. */
export interface Destination {
  readonly form: "onnx" | "safetensors" | "folder";
  /** Without a slash at its end. */
  readonly path: string;
}

/** An ending of letters; `runs/mnist-0.1` has none, as it ends in a number. */
const ENDING = /\.([a-z][a-z0-9]*)$/i;

/** OUT as a file or a folder by its ending; a `UsageError` for an ending of another kind. */
export function readDestination(out: string): Destination {
  const path = out.replace(/(?<=.)[/\\]+$/, "");
  if (path.trim() === "") throw new UsageError("OUT: expected a file or a folder, found nothing");
  if (path !== out) return { form: "folder", path };
  const ending = ENDING.exec(basename(path))?.[1].toLowerCase();
  if (ending === undefined) return { form: "folder", path };
  if (ending === "onnx" || ending === "safetensors") return { form: ending, path };
  throw new UsageError(
    `OUT: expected a name that ends in .onnx or .safetensors, or a folder's (${path}${sep}), found ${quote(path)}`,
  );
}

/** Throws a `UsageError` if the destination is one of the files or folders that are read, or a folder that holds one. */
export function checkDistinct({ form, path }: Destination, sources: readonly string[]): void {
  const place = realPath(path);
  for (const source of sources.map(realPath)) {
    if (source === place) throw new UsageError(`OUT: expected another place than IN, found ${path} for both`);
    if (form === "folder" && source.startsWith(place + sep)) {
      throw new UsageError(`OUT: expected a folder that does not hold IN, found ${path}`);
    }
  }
}

/** Throws a `UsageError` if nothing can be written there, or if something is there that `force` does not give up. */
export function checkFree({ form, path }: Destination, force: boolean): void {
  if (form !== "folder") checkWritable("OUT", path);
  if (existsSync(path) && !force) {
    throw new UsageError(`OUT: ${path} is there already; replace it with --force, or choose another name`);
  }
}
