import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors.js";
import { CASCADE_FILE, type LoadedCascade, loadCascade } from "./folder.js";

/** Both src/cascade and dist/cascade stand two folders below it. */
const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

/** The names of the models that come with the package, such as `mnist-small-0.1`. */
export function pretrainedNames(): string[] {
  if (!existsSync(MODELS)) return [];
  return readdirSync(MODELS)
    .filter((name) => existsSync(join(MODELS, name, CASCADE_FILE)))
    .sort();
}

/** The folder of a model that comes with the package, or of one of its stages, as in `mnist-small-0.1/stage-1`; null for any other name. */
export function pretrainedFolder(name: string): string | null {
  const [model, ...inside] = name.split("/");
  if (!pretrainedNames().includes(model) || inside.includes("..")) return null;
  const folder = join(MODELS, model, ...inside);
  return existsSync(folder) ? folder : null;
}

/** Loads a model that comes with the package; a `UsageError` that lists them for a name that is none. */
export async function loadPretrained(name: string): Promise<LoadedCascade> {
  const folder = pretrainedFolder(name);
  if (folder !== null) return loadCascade(folder);
  throw new UsageError(
    `model: expected one of ${pretrainedNames().join(", ") || "none that comes with the package"}, found ${JSON.stringify(name)}`,
  );
}
