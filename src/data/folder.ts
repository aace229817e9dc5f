import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { letIn, type Stop } from "../compute/deadline.js";
import { FormatError } from "../errors.js";
import { KNOWN_DATASETS, type KnownDataset } from "./checks.js";
import { otherFeature, withClassesOf } from "./class-names.js";
import type { Dataset, Split } from "./dataset.js";
import { readIdx } from "./idx.js";
import { holdsImages, imageRoot, readImageFolder } from "./images/image-folder.js";
import { findFile } from "./locate.js";
import { readNpzDataset } from "./npz-dataset.js";
import { idxLabels, readPublished } from "./published.js";
import { type ReadingInTime, refuseReading } from "./reading.js";
import { readTable } from "./table.js";

/** How a folder keeps a data set. */
export type FolderLayout = "npz" | "csv" | "idx" | "cifar" | "images";

const SPLITS: readonly Split[] = ["train", "test"];

/** Which layouts' files lie in a folder, whole or not. */
export function folderLayouts(folder: string): FolderLayout[] {
  const layouts: FolderLayout[] = [];
  for (const layout of ["npz", "csv"] as const) {
    if (SPLITS.some((split) => existsSync(join(folder, `${split}.${layout}`)))) layouts.push(layout);
  }
  for (const layout of ["idx", "cifar"] as const) {
    const { files } = KNOWN_DATASETS.find((known) => known.layout === layout)!;
    if ([...files.train, ...files.test].some((file) => findFile(folder, file) !== null)) layouts.push(layout);
  }
  if (layouts.length === 0 && holdsImages(folder)) layouts.push("images");
  return layouts;
}

/** Whether any file of the split lies in the folder. */
export function holdsSplit(folder: string, split: Split): boolean {
  const names = KNOWN_DATASETS.flatMap(({ files }) => files[split]);
  return (
    ["npz", "csv"].some((ending) => existsSync(join(folder, `${split}.${ending}`))) ||
    names.some((file) => findFile(folder, file) !== null) ||
    (holdsImages(folder) && imageRoot(folder, split) !== null)
  );
}

/** The published data set that a folder's name tells, if its layout agrees. */
export function namedAfter(folder: string, layout: FolderLayout): KnownDataset | undefined {
  const path = resolve(folder).replaceAll("\\", "/");
  return KNOWN_DATASETS.find(
    (known) => known.layout === layout && known.folders.some((name) => path.endsWith(`/${name}`)),
  );
}

/**
 * Reads a split from a folder that holds train.npz and test.npz, or train.csv and test.csv, or IDX files named as MNIST's, or
 * CIFAR-10's batches, or images in folders of their classes. A folder named as a published data set's must hold that data set; IDX files in any other folder may
 * have images of any size and any labels. Throws FormatError.
 */
export async function readFolder(
  folder: string,
  split: Split,
  options: ReadingInTime = {},
): Promise<Dataset> {
  const layouts = folderLayouts(folder);
  if (layouts.length !== 1) {
    throw new FormatError(
      `${folder}: expected train.npz and test.npz, train.csv and test.csv, MNIST's IDX files, CIFAR-10's .bin files, or folders of PNG or JPEG images by class, found ${layouts.length === 0 ? "none of them" : layouts.join(" and ")}`,
    );
  }
  const layout = layouts[0]!;
  refuseReading(folder, options, { layout: layout === "npz", label: layout === "csv" });
  const published = namedAfter(folder, layout);
  if (published) return readPublished(published, folder, split, options.stop);
  switch (layout) {
    case "npz":
      return readSplitFile(folder, split, { ...options, ending: "npz", read: readNpzDataset });
    case "csv":
      return readSplitFile(folder, split, { ...options, ending: "csv", read: readTable });
    case "images":
      return readImageFolder(folder, split, options.stop);
    case "idx":
      return readIdxFolder(folder, split, options.stop);
    case "cifar":
      return readPublished(
        KNOWN_DATASETS.find((known) => known.layout === "cifar")!,
        folder,
        split,
        options.stop,
      );
    default:
      return layout satisfies never;
  }
}

/** How the file of a split is called and read. */
interface SplitFile extends ReadingInTime {
  readonly ending: "npz" | "csv";
  readonly read: typeof readNpzDataset;
}

async function readSplitFile(
  folder: string,
  split: Split,
  { ending, read, ...options }: SplitFile,
): Promise<Dataset> {
  const own = await read(join(folder, `${split}.${ending}`), split, options);
  await letIn(options.stop);
  const dataset = { ...own, name: basename(resolve(folder)) };
  // A split may lack some classes: both decide which there are.
  const other = join(folder, `${split === "train" ? "test" : "train"}.${ending}`);
  if (!existsSync(other)) return dataset;
  const beside = await read(other, split, options);
  const different = otherFeature(dataset.featureNames, beside.featureNames);
  if (different === null) return withClassesOf(dataset, beside);
  throw new FormatError(
    `${dataset.source}: expected the columns of ${other} in their order, ${different}; features are taken by their places`,
  );
}

async function readIdxFolder(folder: string, split: Split, stop?: Stop): Promise<Dataset> {
  const { files } = KNOWN_DATASETS.find((known) => known.layout === "idx")!;
  const [imagesPath, labelsPath] = files[split].map((file) => {
    const path = findFile(folder, file);
    if (path === null) throw new FormatError(`${folder}: expected ${file.name} or its .gz, found none`);
    return path;
  }) as [string, string];
  const images = await readIdx(imagesPath, 3);
  await letIn(stop);
  const labels = await readIdx(labelsPath, 1);
  const [count, height, width] = images.shape as [number, number, number];
  if (labels.values.length !== count || count === 0) {
    throw new FormatError(
      `${labelsPath}: expected as many labels as ${imagesPath} has images, at least one, found ${labels.values.length} labels and ${count} images`,
    );
  }
  return {
    name: basename(resolve(folder)),
    split,
    shape: [1, height, width],
    classes: await countClasses(folder),
    count,
    pixels: images.values,
    labels: idxLabels(labels.values, 256, labelsPath),
    source: folder,
  };
}

/** One more than the largest label of either split. */
async function countClasses(folder: string): Promise<number> {
  const { files } = KNOWN_DATASETS.find((known) => known.layout === "idx")!;
  let classes = 1;
  for (const split of SPLITS) {
    const path = findFile(folder, files[split][1]!);
    if (path === null) continue;
    const { values } = await readIdx(path, 1);
    classes = values.reduce((most, label) => Math.max(most, label + 1), classes);
  }
  return classes;
}
