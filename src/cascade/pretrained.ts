import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expectText, UsageError } from "../errors.js";
import { loadModelFolder, MODEL_FILES } from "../formats/model-folder.js";
import {
  CASCADE_FILE,
  cascadeOf,
  isCascadeFolder,
  type LoadedCascade,
  loadCascade,
  readCascade,
} from "./folder.js";

/** Both src/cascade and dist/cascade stand two folders below it. */
const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

/** The names of the models that come with the package, such as `mnist-small-0.1`; of some it has the first stage alone. */
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
 * Loads a cascade by its folder. A `UsageError` for one of the package whose later stages were left out of it; else throws as
 * `loadCascade`.
 */
export async function loadCascadeFolder(folder: string): Promise<LoadedCascade> {
  const [name, ...inside] = relative(MODELS, folder).split(sep);
  if (name && inside.length === 0 && pretrainedNames().includes(name)) await checkAllStages(folder, name);
  return loadCascade(folder);
}

/** An installed package has the larger cascades' first stages; its repository has all. */
async function checkAllStages(folder: string, name: string): Promise<void> {
  const { stages } = await readCascade(folder);
  const there = stages.filter(({ model }) => existsSync(join(folder, model)));
  if (there.length === stages.length) return;
  throw new UsageError(
    `${name}: expected its ${stages.length} stages, found ${there.length}, as the installed package leaves the others out; ` +
      `take ${name}/stage-1, or models/${name} of a copy of autodual's repository as MODEL`,
  );
}

/**
 * Loads a model that comes with the package, or a stage of one, such as `mnist-small-0.1/stage-1`, as a cascade of that
 * stage alone; a `UsageError` that lists the names for one that is neither.
 */
export async function loadPretrained(name: string): Promise<LoadedCascade> {
  expectText("loadPretrained: name", name);
  const folder = pretrainedFolder(name);
  if (folder !== null && isCascadeFolder(folder)) return loadCascadeFolder(folder);
  if (folder !== null && existsSync(join(folder, MODEL_FILES.weights))) {
    return cascadeOf(folder, [await loadModelFolder(folder)]);
  }
  const names = pretrainedNames();
  const expected =
    names.length === 0 ? "none" : `one of ${names.join(", ")}, or a stage, as in ${names[0]}/stage-1`;
  throw new UsageError(`model: of the package: expected ${expected}, found ${JSON.stringify(name)}`);
}
