import { existsSync, readdirSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { letIn, type Stop } from "../../compute/deadline.js";
import { FormatError } from "../../errors.js";
import { readTextOrExplain } from "../../formats/read-file.js";
import { checkClassNames, shortList, sortedNames } from "../class-names.js";
import type { Dataset, Split } from "../dataset.js";
import { isFolder } from "../locate.js";
import { readBytes } from "../read-bytes.js";
import { decodeImage, type ImageHeader, readImageHeader } from "./decode-image.js";

const READ = [".png", ".jpg", ".jpeg"];
/** Images that are not read: passed over, they would be missing without a word. */
const NOT_READ = [
  ...[
    ".gif",
    ".bmp",
    ".webp",
    ".tif",
    ".tiff",
    ".avif",
    ".heic",
    ".heif",
    ".jxl",
    ".jp2",
    ".ppm",
    ".pgm",
    ".pnm",
  ],
  ...[".jfif", ".jpe", ".apng", ".svg", ".ico", ".tga", ".psd", ".raw", ".dng", ".npy", ".npz"],
];
const CLASSES_FILE = "classes.txt";
const SPLITS: readonly Split[] = ["train", "test"];

/** Names in a folder that nobody hid, sorted. */
function visibleNames(folder: string): string[] {
  return sortedNames(readdirSync(folder).filter((name) => !name.startsWith(".")));
}

function subfolders(folder: string): string[] {
  return visibleNames(folder).filter((name) => isFolder(join(folder, name)));
}

/** The folder whose folders are the classes of a split: train or test where there are such, else the folder itself; null if none. */
export function imageRoot(folder: string, split: Split): string | null {
  const own = join(folder, split);
  if (isFolder(own)) return own;
  return SPLITS.some((name) => isFolder(join(folder, name))) ? null : folder;
}

/** Whether images lie in folders of classes there. */
export function holdsImages(folder: string): boolean {
  return SPLITS.some((split) => {
    const root = imageRoot(folder, split);
    return root !== null && subfolders(root).some((name) => visibleNames(join(root, name)).some(isImage));
  });
}

function isImage(name: string): boolean {
  return READ.includes(extname(name).toLowerCase());
}

/**
 * Reads a split from PNG or JPEG images in folders that are named as their classes: FOLDER/train/CLASS/ and FOLDER/test/CLASS/, or
 * FOLDER/CLASS/, which serves as both splits. All are of one size, and all grey or all in colours. Classes are in sorted
 * order, or in that of FOLDER/classes.txt, a name a line; the first image of each class comes first, then the second
 * of each, so that the first few examples are of all classes. Throws FormatError, and the reason of `stop`.
 */
export async function readImageFolder(folder: string, split: Split, stop?: Stop): Promise<Dataset> {
  const root = imageRoot(folder, split);
  if (root === null) {
    throw new FormatError(
      `${folder}: expected the folder ${split}, with a folder for each class, found ${shortList(subfolders(folder))}`,
    );
  }
  const classNames = await readClassNames(folder);
  const files = filesInTurn(root, classNames);
  if (files.length === 0)
    throw new FormatError(`${root}: expected PNG or JPEG images in folders of classes, found none`);
  const [first] = files as [ImageFile];
  const header = readImageHeader(await readBytes(first.path), first.path);
  const { width, height, channels } = header;
  const features = channels * height * width;
  if (files.length * features > MOST_BYTES) {
    throw new FormatError(
      `${root}: expected images of at most ${MOST_BYTES / 2 ** 30} GiB together, found ${files.length} of ${described(header)}; make them smaller`,
    );
  }
  const pixels = new Uint8Array(files.length * features);
  for (const [i, { path }] of files.entries()) {
    await letIn(stop);
    const bytes = await readBytes(path);
    const own = readImageHeader(bytes, path);
    if (own.width !== width || own.height !== height || own.channels !== channels) {
      throw new FormatError(
        `${path}: expected an image of ${described(header)}, as ${first.path} is, found ${described(own)}; make all of one size and kind`,
      );
    }
    pixels.set(decodeImage(bytes, own, path), i * features);
  }
  return {
    name: basename(resolve(folder)),
    split,
    shape: [channels, height, width],
    classes: classNames.length,
    classNames,
    count: files.length,
    pixels,
    labels: Int32Array.from(files, ({ label }) => label),
    source: root,
  };
}

const MOST_BYTES = 2 ** 32;

function described({ width, height, channels }: ImageHeader): string {
  return `${width} × ${height} pixels ${channels === 1 ? "in grey" : channels === 3 ? "in colours" : `of ${channels} channels`}`;
}

interface ImageFile {
  readonly path: string;
  readonly label: number;
}

/** The classes of both splits, as either may lack some. */
async function readClassNames(folder: string): Promise<readonly string[]> {
  const roots = SPLITS.flatMap((split) => imageRoot(folder, split) ?? []);
  const found = sortedNames(roots.flatMap(subfolders));
  const path = join(folder, CLASSES_FILE);
  if (!existsSync(path)) {
    const empty = found.find((name) => roots.every((root) => filesIn(join(root, name)).length === 0));
    if (empty === undefined) return found;
    // It would be a class all the same, and move the numbers of those behind it.
    throw new FormatError(
      `${folder}: expected images in the folder of each class, found none in ${empty}; remove it, or name the classes in ${CLASSES_FILE}`,
    );
  }
  const lines = readTextOrExplain(path)
    .split(/\r?\n/)
    .map((line) => line.trim());
  const names = lines.filter((line) => line !== "");
  checkClassNames(path, names);
  const absent = found.find((name) => !names.includes(name));
  if (absent === undefined) return names;
  throw new FormatError(`${path}: expected the name of every folder of images, found no ${absent}`);
}

/** The first image of each class, then the second of each, and so on. */
function filesInTurn(root: string, classNames: readonly string[]): ImageFile[] {
  const byClass = classNames.map((name, label) => filesIn(join(root, name)).map((path) => ({ path, label })));
  const most = byClass.reduce((length, files) => Math.max(length, files.length), 0);
  return Array.from({ length: most }, (_, i) => byClass.flatMap((files) => files[i] ?? [])).flat();
}

/** The images of a class; none where it has no folder. */
function filesIn(folder: string): string[] {
  if (!isFolder(folder)) return [];
  const names = visibleNames(folder);
  const other = names.find(
    (name) => NOT_READ.includes(extname(name).toLowerCase()) || isFolder(join(folder, name)),
  );
  if (other !== undefined) {
    throw new FormatError(
      `${join(folder, other)}: expected a PNG or JPEG image of one class, found ${isFolder(join(folder, other)) ? "a folder" : "another kind"}`,
    );
  }
  return names.filter(isImage).map((name) => join(folder, name));
}
