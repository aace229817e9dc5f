import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { cascadeOf, isCascadeFolder, type LoadedCascade } from "../../cascade/folder.js";
import { loadCascadeFolder, pretrainedFolder, pretrainedNames } from "../../cascade/pretrained.js";
import type { Backend } from "../../compute/backend.js";
import type { Stop } from "../../compute/deadline.js";
import type { Dataset } from "../../data/dataset.js";
import { FormatError, UsageError } from "../../errors.js";
import { isFolder } from "../../formats/is-folder.js";
import { isModelEnding, type LoadedModel, loadModelFile, modelEnding } from "../../formats/model-file.js";
import { loadModelFolder } from "../../formats/model-folder.js";
import { RUN_FILES } from "../../train/run-folder.js";
import { checkModelFitsData } from "./fits-data.js";
import { checkSameClasses, checkSameFeatures } from "./trained-classes.js";

export { checkModelFitsData };

/** Whether MODEL means a file, a folder or a model of the package; else it can only be an architecture's name. */
export function isModelPath(model: string): boolean {
  return (
    isModelFile(model) ||
    /[/\\]/.test(model) ||
    existsSync(join(model, RUN_FILES.model)) ||
    isCascadeFolder(model) ||
    pretrainedFolder(model) !== null
  );
}

/** Of any program: those of others are answered by how they come here. */
function isModelFile(model: string): boolean {
  return isModelEnding(modelEnding(model));
}

function noSuchModel(model: string): UsageError {
  const known = pretrainedNames();
  return new UsageError(
    `${model}: no such file or folder; expected a model file, .safetensors or .onnx, a run folder, or a model of the package` +
      (known.length === 0 ? "" : `: ${known.join(", ")}`),
    { found: model, known },
  );
}

/** What lies at that path, or the model of that name that comes with the package. */
export function placeOf(model: string): string {
  return existsSync(model) ? model : (pretrainedFolder(model) ?? model);
}

/** What still means the same from another folder: a path from the root, or the name of a model of the package. */
export function lastingName(model: string): string {
  return existsSync(model) || pretrainedFolder(model) === null ? resolve(model) : model;
}

/** Reads a model file, or a folder's model. What is made of an ONNX file is checked on the backend. */
export async function openModel(
  name: string,
  backend: Backend,
  stop?: Stop,
  output?: string,
): Promise<LoadedModel> {
  if (name.trim() === "") throw new UsageError("model: expected a model file or a run folder, found nothing");
  const model = placeOf(name);
  const loaded = await openPlace(model, backend, stop, output);
  // A model of the package goes by its name, wherever the package lies.
  return model === name ? loaded : { ...loaded, path: name };
}

async function openPlace(
  model: string,
  backend: Backend,
  stop: Stop | undefined,
  output: string | undefined,
): Promise<LoadedModel> {
  if (!existsSync(model) && !isModelFile(model)) throw noSuchModel(model);
  if (!isFolder(model)) return loadModelFile(model, backend, stop, output);
  if (output !== undefined)
    throw new UsageError(`--output: expected with an ONNX file, found the folder ${model}`);
  const path = join(model, RUN_FILES.model);
  if (!existsSync(path)) {
    const found = readdirSync(model).slice(0, 3).join(", ") || "nothing";
    throw new FormatError(`${model}: expected a run folder with ${RUN_FILES.model}, found ${found}`);
  }
  return loadModelFolder(model);
}

/**
 * Reads all that is named: model files, run folders, cascades. Several are the stages of a cascade, in the order given;
 * a cascade among them gives all of its stages. Throws the reason of `stop`, which ends the reading of an ONNX file. `output`
 * names one of several outputs of an ONNX file.
 */
export async function openStages(
  models: readonly string[],
  backend: Backend,
  stop?: Stop,
  output?: string,
): Promise<LoadedCascade> {
  const stages: LoadedModel[] = [];
  for (const model of models) {
    const place = placeOf(model);
    if (isCascadeFolder(place)) stages.push(...(await loadCascadeFolder(place)).stages);
    else stages.push(await openModel(model, backend, stop, output));
  }
  const single = models.length === 1 && !isCascadeFolder(placeOf(models[0]));
  return cascadeOf(single ? stages[0].path : models.join(", "), stages);
}

/** Throws as `checkModelFitsData` does, and unless classes and features that have names are those that a model was trained on. */
export function checkStagesFitData(stages: readonly LoadedModel[], dataset: Dataset): void {
  for (const { network, path } of stages) {
    checkModelFitsData(network, dataset, path);
    checkSameClasses(path, dataset);
    checkSameFeatures(path, dataset);
  }
}
