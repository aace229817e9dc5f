import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expectText, UsageError } from "../errors.js";
import { loadModelFolder, MODEL_FILES } from "../formats/model-folder.js";
import { CASCADE_FILE, cascadeOf, isCascadeFolder, type LoadedCascade, loadCascade } from "./folder.js";

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

/**
 * Loads a model that comes with the package, or a stage of one, such as `mnist-small-0.1/stage-1`, as a cascade of that
 * stage alone; a `UsageError` that lists the names for one that is neither.
 */
export async function loadPretrained(name: string): Promise<LoadedCascade> {
  expectText("loadPretrained: name", name);
  const folder = pretrainedFolder(name);
  if (folder !== null && isCascadeFolder(folder)) return loadCascade(folder);
  if (folder !== null && existsSync(join(folder, MODEL_FILES.weights))) {
    return cascadeOf(folder, [await loadModelFolder(folder)]);
  }
  const names = pretrainedNames();
  const expected =
    names.length === 0 ? "none" : `one of ${names.join(", ")}, or a stage, as in ${names[0]}/stage-1`;
  throw new UsageError(`model: of the package: expected ${expected}, found ${JSON.stringify(name)}`);
}
