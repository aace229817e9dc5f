import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { otherFeature, shortList } from "../../data/class-names.js";
import type { Dataset } from "../../data/dataset.js";
import { UsageError } from "../../errors.js";
import { parseJson } from "../../formats/json-text.js";
import { readTextOrExplain } from "../../formats/read-file.js";
import { RUN_FILES, type Run } from "../../train/run-folder.js";

/** The names of the classes that a run's model was trained on, as `run.json` beside its file has them; null where nobody says. */
export function trainedClasses(modelPath: string): readonly string[] | null {
  return trainedNames(modelPath, "classNames");
}

function trainedNames(modelPath: string, of: "classNames" | "featureNames"): readonly string[] | null {
  const path = join(dirname(modelPath), RUN_FILES.run);
  if (!existsSync(path)) return null;
  try {
    const run = parseJson(readTextOrExplain(path), path, "not JSON") as Partial<Run>;
    const names: unknown = run.config?.data?.[of];
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : null;
  } catch {
    return null; // No reason to refuse the model, which lies in a file of its own.
  }
}

/**
 * Throws a `UsageError` where a model was trained on features of other names, or in another order, than a table has them: a network
 * knows them by their places alone.
 */
export function checkSameFeatures(modelPath: string, { name, split, featureNames }: Dataset): void {
  const different =
    featureNames && otherFeature(featureNames, trainedNames(modelPath, "featureNames") ?? undefined);
  if (!different) return;
  throw new UsageError(
    `--data ${name} (${split}): expected the columns that ${modelPath} was trained on, ${different}; put them into that order`,
  );
}

/**
 * Throws a `UsageError` where a model was trained on classes of other names, or in another order, than data have them: names are
 * numbered anew in each file, and labels would be compared with answers that mean something else.
 */
export function checkSameClasses(modelPath: string, { name, split, classNames }: Dataset): void {
  const trained = classNames && trainedClasses(modelPath);
  if (!trained || classNames.every((own, i) => own === trained[i])) return;
  throw new UsageError(
    `--data ${name} (${split}): expected the classes ${shortList(trained)}, as ${modelPath} was trained on them, found ` +
      `${shortList(classNames)}; classes.txt in a folder, or a list of texts classes in an .npz file, says the order, and train.csv and test.csv in a folder have the classes of both`,
  );
}
