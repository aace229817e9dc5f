import { createHash } from "node:crypto";
import type { Split } from "./dataset.js";

/** What is known of one published file. */
export interface KnownFile {
  /** Its name when unpacked. */
  readonly name: string;
  /** Its unpacked size. */
  readonly bytes: number;
  /** Number of examples in it. */
  readonly count: number;
  /** Of the unpacked bytes, in hexadecimal, as a .gz differs with who packed it; absent where we have none. */
  readonly sha256?: string;
}

/** A published data set: its files, where they are kept, what they hold. */
export interface KnownDataset {
  readonly name: "mnist" | "fashion-mnist" | "cifar10";
  /** "idx": a file of images and one of labels a split, perhaps gzipped; "cifar": batches of label and pixels. */
  readonly layout: "idx" | "cifar";
  /** Folders in which the files are kept, relative to a data folder; the first is where a download goes. */
  readonly folders: readonly string[];
  readonly shape: readonly number[];
  readonly classes: number;
  readonly classNames: readonly string[];
  readonly files: Readonly<Record<Split, readonly KnownFile[]>>;
}

const IDX_IMAGES = 16;
const IDX_LABELS = 8;

/** The two files of an IDX split, images first. */
function idxFiles(prefix: string, count: number, sha256: readonly string[] = []): KnownFile[] {
  return [
    {
      name: `${prefix}-images-idx3-ubyte`,
      bytes: IDX_IMAGES + count * 784,
      count,
      ...(sha256[0] && { sha256: sha256[0] }),
    },
    {
      name: `${prefix}-labels-idx1-ubyte`,
      bytes: IDX_LABELS + count,
      count,
      ...(sha256[1] && { sha256: sha256[1] }),
    },
  ];
}

function cifarBatch(name: string, sha256?: string): KnownFile {
  return { name, bytes: 10_000 * 3073, count: 10_000, ...(sha256 && { sha256 }) };
}

const MNIST: KnownDataset = {
  name: "mnist",
  layout: "idx",
  folders: ["mnist", "MNIST/raw", "MNIST"],
  shape: [1, 28, 28],
  classes: 10,
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  files: {
    train: idxFiles("train", 60_000, [
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ]),
    test: idxFiles("t10k", 10_000, [
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ]),
  },
};

const FASHION_MNIST: KnownDataset = {
  name: "fashion-mnist",
  layout: "idx",
  folders: ["fashion-mnist", "FashionMNIST/raw", "FashionMNIST"],
  shape: [1, 28, 28],
  classes: 10,
  classNames: [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
  ],
  files: { train: idxFiles("train", 60_000), test: idxFiles("t10k", 10_000) },
};

const CIFAR10: KnownDataset = {
  name: "cifar10",
  layout: "cifar",
  folders: ["cifar-10-batches-bin", "cifar10", "cifar-10"],
  shape: [3, 32, 32],
  classes: 10,
  classNames: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
  files: {
    train: [
      cifarBatch("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
      cifarBatch("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
      cifarBatch("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
      cifarBatch("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
      cifarBatch("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
    ],
    test: [cifarBatch("test_batch.bin")],
  },
};

/** The published data sets that autodual reads and downloads by name. */
export const KNOWN_DATASETS: readonly KnownDataset[] = [MNIST, CIFAR10, FASHION_MNIST];

/** Of `bytes`, in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** How unpacked bytes compare with what is known of the file. */
export type FileVerdict =
  | { readonly state: "complete"; readonly verified: boolean }
  | { readonly state: "partial"; readonly count: number }
  | { readonly state: "corrupt"; readonly expected: string; readonly found: string };

/**
 * Compares an unpacked file that holds `count` whole examples with `known`: fewer examples than published are
 * "partial" and accepted; a complete file must have the known checksum, where there is one, and must not be a
 * file of another data set under the same name.
 */
export function checkFile(known: KnownFile, bytes: Uint8Array, count: number): FileVerdict {
  if (count < known.count) return { state: "partial", count };
  if (bytes.length !== known.bytes) {
    return { state: "corrupt", expected: `${known.bytes} bytes`, found: `${bytes.length}` };
  }
  const found = sha256(bytes);
  if (known.sha256 !== undefined && found !== known.sha256) {
    return { state: "corrupt", expected: `SHA-256 ${known.sha256}`, found };
  }
  if (known.sha256 === undefined) {
    const owner = KNOWN_DATASETS.find(({ files }) =>
      [...files.train, ...files.test].some((file) => file.sha256 === found),
    );
    if (owner) {
      return {
        state: "corrupt",
        expected: "another file",
        found: `the file of ${owner.name} of the same name`,
      };
    }
  }
  return { state: "complete", verified: known.sha256 !== undefined };
}
