import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { checksum } from "../../data/checksum.js";
import type { Dataset, Split } from "../../data/dataset.js";
import { checkDataPath, DATASET_NAMES, findKnown, loadDataset } from "../../data/load.js";
import { locate } from "../../data/locate.js";
import { FormatError, UsageError } from "../../errors.js";
import { isFolder } from "../../formats/is-folder.js";
import { formatShape, sameOrder } from "../../network/shape.js";
import type { TrainConfig } from "../../train/config.js";
import { lastingDataName, testCount } from "./data-config.js";

/** The examples of a run, as `loadDataset` gives them. */
export interface RunData {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Where the data of a run lie now; null where they are said to be as they were. */
export interface DataPlace {
  readonly data: string | null;
  readonly dataDir: string | null;
}

/**
 * The data of a run at another place. A `UsageError` for a place that is not there, or for another data set: a name stays,
 * and a file or folder is never taken for a data set of a name, nor the other way round.
 */
export function movedData(data: TrainConfig["data"], place: DataPlace): TrainConfig["data"] {
  const { name } = data;
  if (place.data !== null) {
    const named = [name, place.data].some((either) => DATASET_NAMES.includes(either));
    if (named && place.data !== name) {
      const expected = DATASET_NAMES.includes(name)
        ? `${name}, on which this run was begun; --data-dir names a folder that has it`
        : `the file or folder where the examples of ${name} are now`;
      throw new UsageError(`--data ${place.data}: expected ${expected}, found another data set`);
    }
    if (!named) checkDataPath(place.data);
  }
  if (place.dataDir !== null) {
    if (!findKnown(name)) {
      throw new UsageError(
        `--data-dir ${place.dataDir}: expected a run on a published data set, found one on ${name}; --data says where a file or folder is now`,
      );
    }
    if (!isFolder(place.dataDir)) {
      throw new UsageError(`--data-dir ${place.dataDir}: expected a folder, found none of that name`);
    }
  }
  return {
    ...data,
    name: place.data === null ? name : lastingDataName(place.data),
    dataDir: place.dataDir === null ? data.dataDir : resolve(place.dataDir),
  };
}

/**
 * The data of a run, checked to be what they were when it began; those that are `given` need not be looked for. `where` is the
 * record that says so.
 */
export async function loadRunData(
  where: string,
  config: TrainConfig,
  given: RunData | null = null,
): Promise<RunData> {
  const { limit, sha256, testSha256 = null, listed } = config.data;
  const train = given?.train ?? (await loadSplit(where, config, "train", limit ?? undefined));
  if (!listed) checkSameSize(where, config, train);
  checkSame(where, config, train, sha256);
  const test = given?.test ?? (await loadSplit(where, config, "test", testCount(config)));
  checkSame(where, config, test, testSha256);
  return { train, test };
}

/** Throws a `FormatError` unless there are as many examples as when the run began, of the same shape. */
export function checkSameSize(where: string, { data }: TrainConfig, found: Dataset): void {
  if (data.count === found.count && data.classes === found.classes && sameOrder(data.shape, found.shape))
    return;
  const describe = (count: number, shape: readonly number[], classes: number): string =>
    `${count} examples of ${formatShape(shape)} in ${classes} classes`;
  throw new FormatError(
    `${where}: data set ${data.name}: expected ` +
      `${describe(data.count, data.shape, data.classes)}, as when the run began, found ` +
      describe(found.count, found.shape, found.classes),
  );
}

function checkSame(where: string, { data }: TrainConfig, found: Dataset, sha256: string | null): void {
  if (sha256 === null) return;
  const own = checksum(found);
  if (own === sha256) return;
  const which = found.split === "train" ? "training" : "test";
  throw new FormatError(
    `${where}: data set ${data.name}: expected the same examples as when the run began, found other ${which} examples in ` +
      `${found.source} (sha256 ${own}, expected ${sha256}); put the old ones back, or train anew`,
  );
}

async function loadSplit(
  where: string,
  { data }: TrainConfig,
  split: Split,
  limit: number | undefined,
): Promise<Dataset> {
  const { name, seed, layout, label } = data;
  const dataDir = data.dataDir ?? undefined;
  checkAtHand(where, name, split, dataDir);
  return loadDataset(name, { split, seed, dataDir, layout, label, limit });
}

/** What is gone is told by the run that needs it, and by the flag that says where it is now. */
function checkAtHand(where: string, name: string, split: Split, dataDir: string | undefined): void {
  const missing = (what: string, mend: string): never => {
    throw new FormatError(
      `${where}: data set ${name}: expected ${what}, as when the run began, found ${mend}`,
    );
  };
  const known = findKnown(name);
  if (known) {
    const flag = "name the folder that has them now by --data-dir DIR beside --resume";
    if (dataDir !== undefined && !isFolder(dataDir)) {
      missing(`its files in ${dataDir}`, `no such folder; ${flag}`);
    }
    if (!locate(known, split, { dataDir })) {
      missing(
        `its ${split} files`,
        `no folder that has them; ${flag}, or fetch them by: autodual data ${name} --download`,
      );
    }
  } else if (!DATASET_NAMES.includes(name) && !existsSync(name)) {
    missing("this file or folder", "nothing there; say where it is now by --data beside --resume");
  }
}
